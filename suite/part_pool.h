// Threads that take the parts of a simulated run, one each at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "suite/part.h"

namespace cats::suite {

// How many threads make full use of what this process may use of the machine: its CPUs, or its share of them where
// mpirun has started several processes on this machine.
unsigned default_threads();

class PartPool {
 public:
  struct Ended {
    std::size_t number = 0;    // of the part
    std::exception_ptr error;  // what `take` threw, if it did
  };

  // `take` is called on the threads. It ends with Interrupted when it is no longer wanted.
  PartPool(unsigned threads, std::function<void(const PlannedPart&)> take);
  ~PartPool();  // interrupts what is being taken, and waits for it
  PartPool(const PartPool&) = delete;
  PartPool& operator=(const PartPool&) = delete;

  std::size_t idle() const { return threads_.size() - busy_; }
  void begin(PlannedPart part);            // on a thread that is idle: there must be one
  void give_up_after(std::size_t number);  // interrupts the parts behind that one
  // What has ended, in the order in which it did; nothing when nothing did within that time. The thread is idle then.
  std::optional<Ended> ended(Duration within);

 private:
  struct Worker {
    std::thread thread;
    std::atomic<bool> stop = false;
    std::optional<PlannedPart> part;  // that it takes
  };

  void work(Worker& worker);

  std::function<void(const PlannedPart&)> take_;
  std::size_t busy_ = 0;  // of the threads, by what begin() and ended() were told

  std::mutex mutex_;
  std::condition_variable wanted_;
  std::condition_variable ended_;
  std::deque<PlannedPart> waiting_;
  std::deque<Ended> done_;
  bool closed_ = false;
  std::vector<std::unique_ptr<Worker>> threads_;
};

}  // namespace cats::suite
