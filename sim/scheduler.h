// A Scheduler in virtual time: what components that run in the emulator too ask for time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/scheduler.h"
#include "sim/alarm.h"
#include "sim/engine.h"

namespace cats::sim {

// Its timers may outlive it, and do nothing then. Timers of one point in time are called in the order in which their
// events were asked for (sim/alarm.h).
class VirtualScheduler final : public Scheduler, private EventHandler {
 public:
  explicit VirtualScheduler(Engine& engine);
  ~VirtualScheduler() override;
  VirtualScheduler(const VirtualScheduler&) = delete;
  VirtualScheduler& operator=(const VirtualScheduler&) = delete;

  Instant now() const override { return engine_.now(); }
  std::unique_ptr<Timer> make_timer() override;

 private:
  class VirtualTimer;

  // Events of a timer that is gone may be on their way still: its alarm goes on with the next one of this number.
  struct Slot {
    Alarm alarm;
    std::function<void()> what;
  };
  struct Slots {
    std::deque<Slot> all;
    std::vector<std::uint32_t> free;
  };

  void on_event(std::uint32_t argument) override;

  Engine& engine_;
  std::uint32_t number_;
  std::shared_ptr<Slots> slots_;
};

}  // namespace cats::sim
