// Weights cᵢ/(ε + uᵢ): more to whom has less load, to nobody nothing. A load below 0 counts as 0.
#include <algorithm>

#include "cpsel/registry.h"

namespace cats::cpsel::algorithms_of {
namespace {

class InverseLoad final : public Algorithm {
 public:
  explicit InverseLoad(double epsilon) : epsilon_(epsilon) {}

 private:
  Choice choose(const Snapshot& snapshot) override {
    Choice choice;
    double sum = 0;
    for (const Candidate& one : snapshot.candidates) {
      choice.weights.push_back(one.capacity / (epsilon_ + std::max(one.load, 0.0)));
      sum += choice.weights.back();
    }
    for (double& weight : choice.weights) weight /= sum;
    return choice;
  }

  double epsilon_;
};

}  // namespace

AlgorithmInfo inverse_load() {
  return {
      .name = "inverse-load",
      .help = "weights c/(epsilon + u)",
      .parameters = {{"epsilon", "none", 0.05, 0.001, 1, "load that is added, so that an idle instance is not all"}},
      .make = [](const Parameters& p) { return std::make_unique<InverseLoad>(p.at("epsilon")); }};
}

}  // namespace cats::cpsel::algorithms_of
