// Tells the network about one service contact instance by BGP: the CS-ID's host route with the CSCI-ID as next hop and
// attribute 42. Lives on the thread that runs the io_context.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "bgp/speaker.h"
#include "collectors/metric_mapping.h"
#include "collectors/publisher_fault.h"

namespace cats::collectors {

struct PublisherConfig {
  IpAddress cs_id;
  IpAddress csci;  // same family
  bgp::SpeakerConfig speaker;
  WallClock wall;
};

struct PublisherCallbacks {
  // The report, with values as on the wire, has been handed to the kernel; `at` was taken right before, so that no
  // receiver has it earlier. `again`: it was sent before, on a session that ended.
  std::function<void(const MetricReport&, Instant at, bool again)> on_sent;
  std::function<void(bgp::SessionState, const std::string& why)> on_state;
};

class Publisher {
 public:
  // Throws UsageError for a configuration that cannot work.
  Publisher(boost::asio::io_context& io, PublisherConfig config, PublisherCallbacks callbacks);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  void start();
  // Announces the route with this report; without a session, as soon as there is one (the latest report alone). Error:
  // what to_edge_metadata or the session refuses.
  Expected<void> publish(const MetricReport& report);
  // Announces the route without attribute 42, until the first report: where metrics go another way, reachability stays.
  void announce_bare();
  // Withdraws the route until announce(), which sends the latest report; publish() only remembers meanwhile.
  Expected<void> withdraw();
  Expected<void> announce();
  bool announced() const;  // what the peer is to be told, not whether it has been
  bgp::SessionState state() const;

  // For the next `updates` publications.
  void inject(PublisherFault fault, unsigned updates = 1);

  // Withdraws, says Cease with the text and calls `done` when the peer has closed, or after a second.
  void close(const std::string& text, std::function<void()> done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cats::collectors
