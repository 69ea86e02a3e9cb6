// Waiting for something that another process or thread does: polled, with a deadline.
#pragma once

#include <chrono>
#include <thread>
#include <utility>

namespace cats::support {

// True as soon as `predicate()` is; false when `deadline` passed first.
template <class Predicate>
bool wait_until(std::chrono::steady_clock::time_point deadline, Predicate&& predicate,
                std::chrono::milliseconds pause = std::chrono::milliseconds(10)) {
  for (;;) {
    if (predicate()) return true;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
  }
}

template <class Rep, class Period, class Predicate>
bool wait_for(std::chrono::duration<Rep, Period> limit, Predicate&& predicate,
              std::chrono::milliseconds pause = std::chrono::milliseconds(10)) {
  return wait_until(std::chrono::steady_clock::now() + limit, std::forward<Predicate>(predicate), pause);
}

}  // namespace cats::support
