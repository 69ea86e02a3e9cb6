// The load beside a site's service over time (`background` of docs/scenario-format.md), as a capacity. As at a real
// edge server the schedule is looked at every 100 ms from the moment when a trial begins to measure.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "scenarios/scenario.h"
#include "sim/station.h"

namespace cats::sim {

// What a noisy neighbour, which wants `neighbour` cores of the one CPU that the service is kept on meanwhile, leaves of
// a quota: the rest of that CPU, half of it at least (two groups of equal weight).
double cores_beside_neighbour(double quota_cores, double neighbour);

class BackgroundSchedule {
 public:
  static constexpr Duration kLook = std::chrono::milliseconds(100);

  // `quota_cores` is the site's.
  BackgroundSchedule(double quota_cores, std::vector<scenarios::BackgroundLoad> loads);

  // As found by the last look, `since` the beginning. The quota holds for the service and the load inside it.
  Capacity at(Duration since) const;
  // The first look after `since` at which the capacity may be another; nothing when it stays.
  std::optional<Duration> next_change(Duration since) const;

 private:
  double quota_cores_;
  std::vector<scenarios::BackgroundLoad> loads_;
};

}  // namespace cats::sim
