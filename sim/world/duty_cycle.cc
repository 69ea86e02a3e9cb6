#include "sim/world/duty_cycle.h"

#include <algorithm>
#include <cmath>

namespace cats::sim {
namespace {

// Of CPU time: instants are rounded to the nanosecond, so that less would have no end to wait for.
constexpr double kNothing_ns = 1;

}  // namespace

void DutyCycle::set(Instant now, double cores, double counted_ns) {
  *this = {};
  threads_ = static_cast<std::uint32_t>(std::ceil(cores));
  if (threads_ == 0) return;
  share_ = cores / threads_;
  counted_ns_ = counted_ns;
  woken_ = now;
  wakes_ = now + kPeriod + kSlack;
}

void DutyCycle::follow(Instant now, double counted_ns) {
  if (threads_ == 0) return;
  if (works_) {
    if (due_ns_ > kNothing_ns) return;
    works_ = false;
    wakes_ = now < woken_ + kPeriod ? woken_ + kPeriod + kSlack : now;
  }
  if (now < wakes_) return;
  const double memory = kMemoryPeriods * static_cast<double>(kPeriod.count()) * share_;
  const double passed = static_cast<double>((now - woken_).count());
  due_ns_ += share_ * passed - (counted_ns - counted_ns_) / threads_;
  due_ns_ = std::clamp(due_ns_, -memory, memory);
  woken_ = now;
  counted_ns_ = counted_ns;
  works_ = due_ns_ > kNothing_ns;
  wakes_ = now + kPeriod + kSlack;
}

}  // namespace cats::sim
