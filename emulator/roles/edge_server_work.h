// The service's workers: threads that burn the CPU time a request asks for, behind a bounded first-come queue.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "collectors/sampler.h"

namespace cats::roles {

// CPU time of the calling thread (CLOCK_THREAD_CPUTIME_ID).
Duration thread_cpu_time();
// Spends that much CPU time on the calling thread.
void burn(Duration cpu);

// Starts `count` threads and has `place` called with the id of each, on the caller's thread, before any does more than
// run its beginning.
std::vector<std::jthread> start_threads(unsigned count, const std::function<void(pid_t)>& place,
                                        std::function<void(const std::stop_token&, unsigned index)> body);
// CPU time that threads have used so far.
Duration cpu_time_of(const std::vector<std::jthread>& threads);

// The first CPU that this process may use.
int first_cpu();
// Throws SystemError.
void pin(pid_t thread, int cpu);

struct WorkDone {
  Duration queued{};   // from arrival to a worker
  Duration service{};  // from there to completion, wall time
};

class WorkPool {
 public:
  WorkPool(unsigned workers, unsigned queue_limit, const std::function<void(pid_t)>& place);
  ~WorkPool();  // drops what waits
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // `done` is called on a worker's thread. False when the queue is full.
  bool submit(Instant received, Duration cpu, std::function<void(const WorkDone&)> done);
  // All but the traffic counters. Extremes start anew.
  collectors::ServiceReading read(Instant now);
  Duration cpu_time() const { return cpu_time_of(threads_); }
  // All workers on one CPU; nothing: on any that this process may use.
  void pin(std::optional<int> cpu);

 private:
  struct Job {
    Instant received;
    Duration cpu;
    std::function<void(const WorkDone&)> done;
  };
  void work(const std::stop_token& stop, unsigned index);
  void count(Instant now, int change);  // with the lock held
  void complete(unsigned index, Instant received, Instant now);

  std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<Job> queue_;
  std::vector<pid_t> ids_;                       // of the workers
  std::vector<std::optional<Instant>> running_;  // when what each worker works on arrived
  unsigned length_ = 0;                          // waiting or in service
  Instant counted_;                              // up to when queue_length_seconds is right
  collectors::ServiceReading totals_;
  std::vector<std::jthread> threads_;
};

}  // namespace cats::roles
