// Threads that keep a share of CPU time busy, as an edge server's do (emulator/roles/edge_server_load.h): every 4 ms
// each works for what it is behind its share, counted in CPU time, at the beginning. All threads of a load do the same
// at the same time. Passive: who keeps it says what they got and when it is.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace cats::sim {

class DutyCycle {
 public:
  static constexpr Duration kPeriod = std::chrono::milliseconds(4);
  // A thread that slept wakes so much later: the kernel's timer slack. So a duty cycle of 4 ms and a quota's period of
  // 10 ms do not stay in step.
  static constexpr Duration kSlack = std::chrono::microseconds(50);
  // What a thread that stood still catches up, and what a busy service saves up, at most, in periods.
  static constexpr double kMemoryPeriods = 4;

  // `cores` ≥ 0; with 0 there are no threads. `counted` is CPU time used by others that counts towards the share, since
  // whenever: the service's with a calibrated load, else always 0.
  void set(Instant now, double cores, double counted_ns);
  // Every thread got so much CPU time; they work.
  void got(double each_ns) { due_ns_ -= each_ns; }
  // After got(): what ends and begins now.
  void follow(Instant now, double counted_ns);

  bool has_threads() const { return threads_ > 0; }
  std::uint32_t working() const { return works_ ? threads_ : 0; }  // threads
  double left_ns() const { return due_ns_; }                       // for each of them, when they work
  Instant wakes() const { return wakes_; }                         // when they sleep

 private:
  std::uint32_t threads_ = 0;
  bool works_ = false;
  double share_ = 0;       // of each thread, in cores
  double due_ns_ = 0;      // by which each is behind: of the time up to woken_ alone
  double counted_ns_ = 0;  // at woken_
  Instant woken_;
  Instant wakes_;
};

}  // namespace cats::sim
