// Time as the project uses it: CLOCK_MONOTONIC, nanoseconds. Passed in, so that the simulator can run the same code.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cats {

using Duration = std::chrono::nanoseconds;
// steady_clock is CLOCK_MONOTONIC on Linux: comparable between processes of one machine.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;

inline std::int64_t to_ns(Instant t) { return t.time_since_epoch().count(); }
inline Instant from_ns(std::int64_t ns) { return Instant(Duration(ns)); }
inline double to_ms(Duration d) { return static_cast<double>(d.count()) / 1e6; }
inline double to_seconds(Duration d) { return static_cast<double>(d.count()) / 1e9; }
inline Duration from_seconds(double s) { return Duration(static_cast<std::int64_t>(s * 1e9)); }

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

class MonotonicClock final : public Clock {
 public:
  Instant now() const override { return std::chrono::steady_clock::now(); }
};

// "2026-11-21T22:58:56Z", from the wall clock: for names and reports, never for intervals.
std::string utc_now();

}  // namespace cats
