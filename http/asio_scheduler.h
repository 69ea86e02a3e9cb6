// A Scheduler on the thread that runs an io_context: CLOCK_MONOTONIC.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "base/scheduler.h"

namespace cats::http {

class AsioScheduler final : public Scheduler {
 public:
  explicit AsioScheduler(boost::asio::any_io_executor executor);

  Instant now() const override;
  std::unique_ptr<Timer> make_timer() override;

 private:
  boost::asio::any_io_executor executor_;
};

}  // namespace cats::http
