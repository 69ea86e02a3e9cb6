// Load beside the service, by a schedule (`background` of docs/scenario-format.md): in the site's quota, or as a noisy
// neighbour outside it.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/scheduler.h"

namespace cats::load {

inline constexpr double kMaxBackgroundCores = 256;  // of one load

struct ScheduledLoad {
  enum class Shape { step, ramp, square };
  Shape shape = Shape::step;
  Duration start{};                // since the schedule's beginning
  Duration end = Duration::max();  // excluded
  double cores = 0;                // of a step, at a ramp's end, of a square wave's first half
  double from = 0;                 // at a ramp's start
  Duration period{};               // of a square wave
  bool neighbour = false;

  double at(Duration since) const;  // cores; 0 before `start` and from `end` on
};

// {"shape": "ramp", "start_ns", "end_ns" (null: none), "cores", "from", "period_ns", "neighbour"}, in a list. Error:
// all that is wrong in one line.
Expected<std::vector<ScheduledLoad>> parse_schedule(const nlohmann::json& json);

class BackgroundSchedule {
 public:
  // Called with the sums of what is inside the quota and of what is outside, whenever one of them changed.
  using Changed = std::function<void(double site_cores, double neighbour_cores)>;

  BackgroundSchedule(Scheduler& scheduler, Changed changed)
      : scheduler_(scheduler), timer_(scheduler.make_timer()), changed_(std::move(changed)) {}

  // Looks every 100 ms what the schedule says; until stop().
  void start(std::vector<ScheduledLoad> loads, Instant begin);
  void stop();  // both are 0 then

 private:
  void tick();
  void set(double site, double neighbour);

  Scheduler& scheduler_;
  std::unique_ptr<Timer> timer_;
  Changed changed_;
  std::vector<ScheduledLoad> loads_;
  Instant begin_;
  double site_ = 0;
  double neighbour_ = 0;
};

}  // namespace cats::load
