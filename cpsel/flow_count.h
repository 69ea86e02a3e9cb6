// How many new flows the flow table gave an instance, and when: samples of a counter that never falls.
#pragma once

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace cats::cpsel {

class FlowCount {
 public:
  void sample(double total, Instant now) {
    if (total > total_) samples_.emplace_back(now, total);
    total_ = std::max(total, total_);
  }

  double total() const { return total_; }
  // Those counted after `when`. A sample's flows count as of the sample's time.
  double since(Instant when) const {
    double before = forgotten_;
    for (const auto& [time, total] : samples_) {
      if (time > when) break;
      before = total;
    }
    return total_ - before;
  }
  // Nobody will ask about times before `when` again.
  void forget_before(Instant when) {
    const auto later = std::find_if(samples_.begin(), samples_.end(), [when](const auto& s) { return s.first > when; });
    if (later == samples_.begin()) return;
    forgotten_ = std::prev(later)->second;
    samples_.erase(samples_.begin(), later);
  }
  // Those counted since the last call.
  double take_new() { return total_ - std::exchange(taken_, total_); }

 private:
  std::vector<std::pair<Instant, double>> samples_;  // few: of the last two reports
  double total_ = 0;
  double forgotten_ = 0;
  double taken_ = 0;
};

}  // namespace cats::cpsel
