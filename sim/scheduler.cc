#include "sim/scheduler.h"

#include <algorithm>
#include <utility>

namespace cats::sim {

class VirtualScheduler::VirtualTimer final : public Timer {
 public:
  VirtualTimer(VirtualScheduler& scheduler, std::uint32_t slot)
      : scheduler_(scheduler), slots_(scheduler.slots_), slot_(slot) {}
  VirtualTimer(const VirtualTimer&) = delete;
  VirtualTimer& operator=(const VirtualTimer&) = delete;
  ~VirtualTimer() override {
    VirtualTimer::cancel();
    slots_->free.push_back(slot_);
  }

  void at(Instant when, std::function<void()> what) override {
    Slot& slot = slots_->all[slot_];
    slot.what = std::move(what);
    slot.alarm.set(scheduler_.engine_, scheduler_.number_, slot_, std::max(when, scheduler_.now()));
  }

  void cancel() override {
    Slot& slot = slots_->all[slot_];
    slot.alarm.cancel();
    const auto gone = std::exchange(slot.what, nullptr);  // it may own this timer
  }

 private:
  VirtualScheduler& scheduler_;
  std::shared_ptr<Slots> slots_;
  std::uint32_t slot_;
};

VirtualScheduler::VirtualScheduler(Engine& engine)
    : engine_(engine), number_(engine.add(*this)), slots_(std::make_shared<Slots>()) {}

// What is still waited for may own timers, and they the slots.
VirtualScheduler::~VirtualScheduler() {
  for (Slot& slot : slots_->all) const auto gone = std::exchange(slot.what, nullptr);
}

std::unique_ptr<Timer> VirtualScheduler::make_timer() {
  std::uint32_t slot = static_cast<std::uint32_t>(slots_->all.size());
  if (slots_->free.empty()) {
    slots_->all.emplace_back();
  } else {
    slot = slots_->free.back();
    slots_->free.pop_back();
  }
  return std::make_unique<VirtualTimer>(*this, slot);
}

void VirtualScheduler::on_event(std::uint32_t argument) {
  Slot& slot = slots_->all[argument];
  if (!slot.alarm.rang(engine_, number_, argument)) return;
  // It may set itself again, or destroy its timer.
  const std::function<void()> what = std::exchange(slot.what, nullptr);
  if (what) what();
}

}  // namespace cats::sim
