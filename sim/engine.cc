#include "sim/engine.h"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace cats::sim {
namespace {

// Entities of fewer events stay in the caches without help.
constexpr std::size_t kMany = 5000;
constexpr std::size_t kFar = 8;  // events ahead
constexpr std::size_t kNear = 4;

}  // namespace

Engine::Engine() { add(calls_); }

std::uint32_t Engine::add(EventHandler& handler) {
  handlers_.push_back(&handler);
  return static_cast<std::uint32_t>(handlers_.size() - 1);
}

void Engine::call_at(Instant when, std::function<void()> what) { at(when, 0, calls_.keep(std::move(what))); }

void Engine::run_until(Instant end) {
  stopped_ = false;
  Event event;
  while (!stopped_ && queue_.pop_until(to_ns(end), event)) {
    if (event.handler >= handlers_.size()) [[unlikely]]
      throw std::logic_error(
          fmt::format("event at {} ns for handler {}, which does not exist", event.at_ns, event.handler));
    ++handled_;
    if (queue_.size() > kMany) {
      if (const Event* far = queue_.ahead(kFar)) expect(*far, false);
      if (const Event* near = queue_.ahead(kNear)) expect(*near, true);
    }
    handlers_[event.handler]->on_event(event.argument);
  }
}

void Engine::expect(const Event& event, bool again) const {
  if (event.handler < handlers_.size()) handlers_[event.handler]->expect(event.argument, again);
}

std::uint32_t Engine::Calls::keep(std::function<void()> what) {
  if (free_.empty()) {
    kept_.push_back(std::move(what));
    return static_cast<std::uint32_t>(kept_.size() - 1);
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  kept_[slot] = std::move(what);
  return slot;
}

void Engine::Calls::on_event(std::uint32_t argument) {
  const std::function<void()> what = std::exchange(kept_[argument], nullptr);
  free_.push_back(argument);
  what();
}

}  // namespace cats::sim
