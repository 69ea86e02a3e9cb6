// What an agent does a constant time after something happened, one after the other in that order: a delay, not work, so
// any number of them pass it at once. Without a time it is done at once. What waits is gone with its owner.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "base/scheduler.h"

namespace cats::sim {

class Lag {
 public:
  Lag(Scheduler& scheduler, Duration time) : scheduler_(scheduler), time_(time), timer_(scheduler.make_timer()) {}

  void then(std::function<void()> what) {
    if (time_ == Duration(0)) return what();
    waiting_.push_back({scheduler_.now() + time_, std::move(what)});
    if (waiting_.size() == 1) arm();
  }

 private:
  struct Waiting {
    Instant due;
    std::function<void()> what;
  };

  void arm() {
    timer_->at(waiting_.front().due, [this] {
      const std::function<void()> what = std::move(waiting_.front().what);
      waiting_.pop_front();
      if (!waiting_.empty()) arm();
      what();
    });
  }

  Scheduler& scheduler_;
  Duration time_;
  std::deque<Waiting> waiting_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace cats::sim
