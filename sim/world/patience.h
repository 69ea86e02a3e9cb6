// Answers that may not come: whoever asks waits for so long, and no longer than it lives itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "base/scheduler.h"

namespace cats::sim {

class Patience {
 public:
  explicit Patience(Scheduler& scheduler) : state_(std::make_shared<State>(scheduler)) {}
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  // `done` is told what the function that is returned is given, or `otherwise` when that is not called in time. Nothing
  // is told twice, nor once this object is gone.
  template <class Answer>
  std::function<void(const Answer&)> within(Duration patience, Answer otherwise,
                                            std::function<void(const Answer&)> done) {
    const std::uint64_t number = ++state_->last;
    std::function<void(const Answer&)> first = [weak = std::weak_ptr(state_), number,
                                                done = std::move(done)](const Answer& answer) {
      const auto state = weak.lock();
      if (state && state->waiting.erase(number) > 0) done(answer);
    };
    auto timer = state_->scheduler.make_timer();
    timer->at(state_->scheduler.now() + patience, [first, otherwise = std::move(otherwise)] { first(otherwise); });
    state_->waiting.emplace(number, std::move(timer));
    return first;
  }

 private:
  struct State {
    explicit State(Scheduler& on) : scheduler(on) {}
    Scheduler& scheduler;
    std::map<std::uint64_t, std::unique_ptr<Timer>> waiting = {};
    std::uint64_t last = 0;
  };

  std::shared_ptr<State> state_;
};

}  // namespace cats::sim
