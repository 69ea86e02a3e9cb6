// When something is to be done: components that ask here run in real time, on the thread of an io_context
// (http/asio_scheduler.h), and in the simulator's virtual time.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace cats {

// One point in time that may be moved or taken back. After the destructor nothing is called any more.
class Timer {
 public:
  virtual ~Timer() = default;
  // Calls `what` at `when`, or as soon as it can when that has passed; what was asked for before is not called.
  virtual void at(Instant when, std::function<void()> what) = 0;
  virtual void cancel() = 0;
};

class Scheduler : public Clock {
 public:
  virtual std::unique_ptr<Timer> make_timer() = 0;
};

}  // namespace cats
