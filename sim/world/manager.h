// The edge server manager in virtual time: takes reports of edge servers (I3), tells its follower every T what came
// (I4). Commands and events are those of the emulator's (docs/control.md, docs/event-log.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_log.h"
#include "base/scheduler.h"
#include "collectors/latest_reports.h"
#include "collectors/metric_updates.h"
#include "collectors/synthetic_burst.h"
#include "sim/world/model.h"

namespace cats::sim {

class Manager {
 public:
  struct Config {
    std::string node;
    Duration interval{};  // of updates, at epoch + phase + k·interval
    Duration phase{};
    Instant epoch;
    std::vector<IpAddress> services;  // CS-IDs: a service's index in updates
    std::vector<collectors::LatestReports::Instance> instances;
  };
  using Publish = std::function<void(std::vector<collectors::MetricUpdate>)>;

  // Throws UsageError for an instance of a service that is not named.
  Manager(Scheduler& scheduler, EventLog& log, Config config, Publish publish);

  void start();
  void stop();  // as a SIGKILL: what is known is lost
  bool running() const { return reports_.has_value(); }

  // A report reached it. Error: it is not newer than what is known, or nobody is there; nothing is changed then.
  Expected<void> report(const IpAddress& csci, const collectors::MetricReport& report);
  // What whoever subscribes is told first: all that is known.
  std::vector<collectors::MetricUpdate> snapshot() const;

  void command(const nlohmann::json& request, const CommandReply& reply);  // status, interval, burst

 private:
  collectors::MetricUpdate update_of(const collectors::LatestReports::Known& known) const;
  void arm();
  void set_interval(const nlohmann::json& request, const CommandReply& reply);
  void start_burst(const nlohmann::json& request, const CommandReply& reply);
  void go_on();
  void end_burst(const Expected<void>& outcome);

  Scheduler& scheduler_;
  EventLog& log_;
  Config config_;
  Publish publish_;
  std::unique_ptr<Timer> timer_;
  std::optional<collectors::LatestReports> reports_;
  std::optional<collectors::SyntheticBurst> burst_;
  CommandReply burst_reply_;
  std::unique_ptr<Timer> burst_timer_;
  std::uint32_t next_synthetic_ = collectors::SyntheticBurst::kFirstSequence;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace cats::sim
