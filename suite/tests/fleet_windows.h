// The windows of a fleet's trial (`fleet_window` in docs/event-log.md): what `fleet` says of crowds and outages.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "suite/report/run_data.h"

namespace cats::suite {

using Ratio = std::optional<double>;  // nothing where its divisor is 0

inline Ratio ratio(double a, double b) { return b > 0 ? std::optional(a / b) : std::nullopt; }

inline double as_double(std::int64_t count) { return static_cast<double>(count); }

// A window, or a stretch of them.
struct FleetFlows {
  std::int64_t flows = 0;
  std::int64_t served = 0;
  std::int64_t unserved = 0;  // refused, lost or not steered
  std::int64_t latency_ns = 0;

  Ratio latency_ms() const { return ratio(as_double(latency_ns) / 1e6, as_double(served)); }
  Ratio unserved_share() const { return ratio(as_double(unserved), as_double(flows)); }
};

struct FleetWindow : FleetFlows {
  std::int64_t end_ns = 0;
};

inline FleetWindow fleet_window(const Event& event) {
  FleetWindow window;
  window.end_ns = event.t_ns;
  window.flows = event.ns("flows");
  window.served = event.ns("served");
  window.unserved = event.ns("refused") + event.ns("lost") + event.ns("unsteered");
  window.latency_ns = event.ns("latency_sum_ns");
  return window;
}

// A part of the measured time, of its windows those that end in it, its ends included.
struct FleetStretch {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;

  std::vector<FleetWindow> of(const std::vector<const Event*>& events) const {
    std::vector<FleetWindow> windows;
    for (const Event* event : events)
      if (from_ns <= event->t_ns && event->t_ns <= to_ns) windows.push_back(fleet_window(*event));
    return windows;
  }
};

// The worst that windows without a disturbance show.
struct UsualFleet {
  double latency_ms = 0;
  double unserved_share = 0;

  explicit UsualFleet(const std::vector<FleetWindow>& windows) {
    for (const FleetWindow& window : windows) {
      latency_ms = std::max(latency_ms, window.latency_ms().value_or(0));
      unserved_share = std::max(unserved_share, window.unserved_share().value_or(0));
    }
  }
  bool holds(const FleetWindow& window, double tolerance, double unserved) const {
    return window.latency_ms().value_or(0) <= (1 + tolerance) * latency_ms &&
           window.unserved_share().value_or(0) <= unserved_share + unserved;
  }
};

}  // namespace cats::suite
