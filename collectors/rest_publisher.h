// Tells an edge server manager about one service contact instance (I3). Lives on the thread that runs the io_context.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/ip.h"
#include "collectors/metric_mapping.h"
#include "collectors/publisher_fault.h"
#include "http/rest_client.h"

namespace cats::collectors {

class RestPublisher {
 public:
  struct Callbacks {
    // About to be handed to the kernel. `again`: it was tried before, and not answered.
    std::function<void(const MetricReport&, Instant at, bool again)> on_sent = {};
    // Why a report was not taken: refused, or no answer.
    std::function<void(const MetricReport&, const std::string& why)> on_failed = {};
  };

  RestPublisher(const boost::asio::any_io_executor& executor, http::Endpoint manager, const IpAddress& csci,
                WallClock wall, Callbacks callbacks);
  ~RestPublisher();
  RestPublisher(const RestPublisher&) = delete;
  RestPublisher& operator=(const RestPublisher&) = delete;

  // The report, once the one before is answered; of several that wait, only the latest. What found no answer is tried
  // again after half a second, until a newer one takes its place; what is refused is not.
  void publish(const MetricReport& report);

  // For the next `updates` publications.
  void inject(PublisherFault fault, unsigned updates = 1);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cats::collectors
