// A running estimate of what one flow adds to the load that an instance reports, times its capacity: the load that
// reports showed over the flows that were sent in the windows before them, both smoothed. Load that has no flow
// behind it (background work, sessions that outlive a window) makes the estimate too large, which spreads flows more
// evenly; it is never too small.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "cpsel/registry.h"

namespace cats::cpsel {

class FlowCost {
 public:
  // `smoothing`: the share of a new report, 0 … 1.
  explicit FlowCost(double smoothing) : smoothing_(smoothing) {}

  void observe(std::span<const Candidate> candidates) {
    double load = 0;
    double flows = 0;
    double reports = 0;
    std::size_t at = 0;  // both ascend by id
    for (const Candidate& one : candidates) {
      const auto here = [&] { return at < seen_.size() && seen_[at].first == one.id; };
      while (!here() && at < seen_.size() && seen_[at].first < one.id) ++at;
      if (!here()) {
        seen_.insert(seen_.begin() + static_cast<std::ptrdiff_t>(at++), {one.id, one.report});
        continue;
      }
      if (std::exchange(seen_[at++].second, one.report) == one.report) continue;
      load += std::max(one.load, 0.0) * one.capacity;
      flows += one.flows_before_report.value();
      ++reports;
    }
    if (reports == 0) return;
    load_ += smoothing_ * (load / reports - load_);
    flows_ += smoothing_ * (flows / reports - flows_);
  }

  // 0 until an instance that had got flows reported again.
  double value() const { return flows_ > 0 ? load_ / flows_ : 0; }

 private:
  double smoothing_;
  double load_ = 0;
  double flows_ = 0;
  std::vector<std::pair<InstanceId, std::uint64_t>> seen_;  // the last report of each, ascending
};

inline Parameter smoothing_parameter() {
  return {"smoothing", "none", 0.2, 0.001, 1, "share of a new report in the estimated cost of a flow"};
}

}  // namespace cats::cpsel
