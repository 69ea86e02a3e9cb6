// What pid and pid-a80 share: one weight per instance, moved by a controller when that instance reports.
//
//   eᵢ = ū − uᵢ, s = correction/ū, wᵢ ← clamp(wᵢ·m, 0.1, 10) with m = 1 + s if s ≥ 0, else 1/(1 − s)
//
// ū is the mean load of all candidates. Raw weights begin at 1 and are re-centred to mean 1 after each step; they are
// normalised on output only. A report of zero load moves nothing. An instance that is no candidate is forgotten.
#pragma once

#include <functional>
#include <vector>

#include "cpsel/registry.h"

namespace cats::cpsel {

// Of one instance, at a report. Loads are relative to capacity.
struct PidStep {
  double error = 0;
  double change = 0;  // of the error since the last step; 0 at the first
  double sum = 0;     // of the errors, this one included, within ± the limit
  double dt_s = 0;    // since the last step; 0 at the first
};

class PidWeights final : public Algorithm {
 public:
  using Correction = std::function<double(const PidStep&)>;
  explicit PidWeights(Correction correction, double sum_limit = 0)
      : correction_(std::move(correction)), sum_limit_(sum_limit) {}

  Choice choose(const Snapshot& snapshot) override;

 private:
  struct Controlled {
    InstanceId id;
    bool is_new = true;
    double weight = 1;
    std::uint64_t report = 0;
    std::optional<double> last_error = {};
    double sum = 0;
    Duration last_step{};
  };

  void follow(std::span<const Candidate> candidates);
  void step(Controlled& instance, double mean_load, double load) const;

  Correction correction_;
  double sum_limit_;
  Duration now_{};                      // sum of dt
  std::vector<Controlled> controlled_;  // of the candidates, in their order
};

// With these gains per update, a load that follows weights within one update swings instead of settling.
inline bool pid_thrashes(double kp, double kd) { return kd >= 1 - kp / 2; }

}  // namespace cats::cpsel
