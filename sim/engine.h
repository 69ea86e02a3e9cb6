// Virtual time: hands events to their handlers, in order of time and, at one time, in the order in which they were
// asked for. One thread; an engine shares nothing with another.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "sim/event_queue.h"

namespace cats::sim {

// Who gets events: one object may stand for many entities of a kind and take their number as the argument.
class EventHandler {
 public:
  virtual ~EventHandler() = default;
  // It is Engine::now().
  virtual void on_event(std::uint32_t argument) = 0;
  // An event with this argument comes soon, most likely: the time to ask for memory that it will need, where there is
  // much. Mostly called twice, the second time when what the first asked for is there.
  virtual void expect(std::uint32_t /*argument*/, bool /*again*/) const {}
};

class Engine final : public Clock {
 public:
  static constexpr Instant kForever{Duration::max()};

  Engine();

  Instant now() const override { return from_ns(queue_.now_ns()); }  // from 0

  // Returns the number by which events name it. It must stay as long as it has events pending.
  std::uint32_t add(EventHandler& handler);

  // Throws std::logic_error when `when` is before now(). An event cannot be taken back: see sim/alarm.h.
  void at(Instant when, std::uint32_t handler, std::uint32_t argument) {
    queue_.push({to_ns(when), handler, argument});
  }
  // For what happens rarely: a fault, the end of a phase.
  void call_at(Instant when, std::function<void()> what);

  // Handles every event until `end`, those at `end` included, or until stop(); then it is `end`, unless stopped. With
  // kForever until none is left.
  void run_until(Instant end);
  void stop() { stopped_ = true; }

  std::uint64_t handled() const { return handled_; }  // events, since the beginning
  std::size_t pending() const { return queue_.size(); }

 private:
  class Calls final : public EventHandler {
   public:
    std::uint32_t keep(std::function<void()> what);
    void on_event(std::uint32_t argument) override;

   private:
    std::vector<std::function<void()>> kept_;
    std::vector<std::uint32_t> free_;
  };

  void expect(const Event& event, bool again) const;

  EventQueue queue_;
  std::vector<EventHandler*> handlers_;
  std::uint64_t handled_ = 0;
  bool stopped_ = false;
  Calls calls_;  // handler 0
};

}  // namespace cats::sim
