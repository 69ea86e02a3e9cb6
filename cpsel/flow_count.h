// How many new flows the flow table gave an instance, and when: samples of a counter that never falls.
#pragma once

#include <algorithm>
#include <deque>
#include <utility>

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
    for (; !samples_.empty() && samples_.front().first <= when; samples_.pop_front())
      forgotten_ = samples_.front().second;
  }
  // Those counted since the last call.
  double take_new() { return total_ - std::exchange(taken_, total_); }

 private:
  std::deque<std::pair<Instant, double>> samples_;
  double total_ = 0;
  double forgotten_ = 0;
  double taken_ = 0;
};

}  // namespace cats::cpsel
