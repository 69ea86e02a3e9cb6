// One point in time that may be moved or taken back, for an entity whose next event depends on what happens meanwhile.
// Events cannot leave the queue, so an alarm that was moved back lets its event come and asks for another then:
// entities whose next event mostly moves later cost the queue nothing extra. Where an alarm stands among events of its
// time is when its event was asked for, not when it was set.
//
//   void on_event(std::uint32_t i) override {
//     if (!alarms[i].rang(engine, number, i)) return;
//     …
//   }
#pragma once

#include "sim/engine.h"

namespace cats::sim {

class Alarm {
 public:
  // `handler` and `argument` must be the same in all calls.
  void set(Engine& engine, std::uint32_t handler, std::uint32_t argument, Instant when) {
    due_ = when;
    if (when < asked_) {
      asked_ = when;
      engine.at(when, handler, argument);
    }
  }
  void cancel() { due_ = Engine::kForever; }

  // Whether the event that came is the alarm's, which then is no longer set.
  bool rang(Engine& engine, std::uint32_t handler, std::uint32_t argument) {
    if (engine.now() != asked_) return false;  // left over from before it was set to an earlier time
    asked_ = Engine::kForever;
    if (due_ == engine.now()) {
      due_ = Engine::kForever;
      return true;
    }
    if (due_ != Engine::kForever) set(engine, handler, argument, due_);
    return false;
  }

  bool is_set() const { return due_ != Engine::kForever; }
  Instant due() const { return due_; }  // kForever when it is not set

 private:
  Instant due_ = Engine::kForever;
  Instant asked_ = Engine::kForever;  // of the earliest event that is on its way
};

}  // namespace cats::sim
