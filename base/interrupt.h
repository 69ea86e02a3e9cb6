// Ctrl-C and SIGTERM as an exception at the places that wait, so that owners clean up on the way out.
#pragma once

#include <atomic>

namespace cats {

// From now on SIGINT and SIGTERM are remembered instead of ending the process. A second one ends it at once.
void catch_interrupts();

bool interrupted();

// Throws Interrupted. Everything that waits calls this while it does, on whatever thread.
void throw_if_interrupted();

// While it lives, `stop` interrupts what this thread does as a signal would. One at a time for each thread.
class StopsThread {
 public:
  explicit StopsThread(const std::atomic<bool>& stop);
  ~StopsThread();
  StopsThread(const StopsThread&) = delete;
  StopsThread& operator=(const StopsThread&) = delete;
};

}  // namespace cats
