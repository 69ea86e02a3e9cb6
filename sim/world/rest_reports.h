// What a site tells an edge server manager and when (collectors/rest_publisher.h), on callbacks: each report once, and
// again when it was not taken, unless a newer one has taken its place.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/scheduler.h"
#include "collectors/metric_mapping.h"
#include "collectors/publisher_fault.h"

namespace cats::sim {

class RestReports {
 public:
  static constexpr Duration kPause = std::chrono::milliseconds(500);  // before it is sent again

  struct Callbacks {
    std::function<void(const collectors::MetricReport&, bool again)> sent;
    std::function<void(const collectors::MetricReport&)> send;  // right after `sent`, unless a fault loses it
    std::function<void(const std::string& why)> failed;
  };

  RestReports(Scheduler& scheduler, Callbacks callbacks)
      : scheduler_(scheduler), callbacks_(std::move(callbacks)), retry_(scheduler.make_timer()) {}

  void publish(const collectors::MetricReport& report);
  // The manager could not be reached with what `send` was given.
  void undelivered(const collectors::MetricReport& report, const std::string& why);
  // For the next `updates` publications.
  void inject(collectors::PublisherFault fault, unsigned updates) { faulty_.inject(fault, updates); }

 private:
  void hand(bool again);

  Scheduler& scheduler_;
  Callbacks callbacks_;
  std::unique_ptr<Timer> retry_;
  std::optional<collectors::MetricReport> latest_;
  collectors::FaultyUpdates faulty_;
};

}  // namespace cats::sim
