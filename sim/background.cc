#include "sim/background.h"

#include <algorithm>

namespace cats::sim {
namespace {

constexpr Duration kNoEnd = Duration::max();

Duration end_of(const scenarios::BackgroundLoad& load) { return load.end.value_or(kNoEnd); }

double cores_at(const scenarios::BackgroundLoad& load, Duration since) {
  if (since < load.start || since >= end_of(load)) return 0;
  if (load.shape == "ramp")
    return load.from +
           (load.cores - load.from) * to_seconds(since - load.start) / to_seconds(end_of(load) - load.start);
  if (load.shape == "square") return (since - load.start) % load.period < load.period / 2 ? load.cores : 0;
  return load.cores;
}

// The first time after `since` when the load may be another; kNoEnd when there is none.
Duration next_point(const scenarios::BackgroundLoad& load, Duration since) {
  if (since < load.start) return load.start;
  if (since >= end_of(load)) return kNoEnd;
  if (load.shape == "ramp") return std::min(end_of(load), since + BackgroundSchedule::kLook);
  if (load.shape != "square") return end_of(load);
  const Duration in_period = (since - load.start) % load.period;
  const Duration left = in_period < load.period / 2 ? load.period / 2 - in_period : load.period - in_period;
  return std::min(end_of(load), since + left);
}

Duration look_before(Duration since) { return since / BackgroundSchedule::kLook * BackgroundSchedule::kLook; }

}  // namespace

double cores_beside_neighbour(double quota_cores, double neighbour) {
  return neighbour > 0 ? std::min(quota_cores, std::max(1 - neighbour, 0.5)) : quota_cores;
}

BackgroundSchedule::BackgroundSchedule(double quota_cores, std::vector<scenarios::BackgroundLoad> loads)
    : quota_cores_(quota_cores), loads_(std::move(loads)) {}

Capacity BackgroundSchedule::at(Duration since) const {
  const Duration look = look_before(since);
  double inside = 0;
  double neighbour = 0;
  for (const auto& load : loads_) (load.neighbour ? neighbour : inside) += cores_at(load, look);
  return {.cores = cores_beside_neighbour(quota_cores_, neighbour), .background = inside};
}

std::optional<Duration> BackgroundSchedule::next_change(Duration since) const {
  const Duration look = look_before(since);
  Duration next = kNoEnd;
  for (const auto& load : loads_) next = std::min(next, next_point(load, look));
  if (next == kNoEnd) return std::nullopt;
  return (next + kLook - Duration(1)) / kLook * kLook;
}

}  // namespace cats::sim
