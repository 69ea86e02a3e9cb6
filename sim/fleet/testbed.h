// The testbed interface around a fleet (docs/simulator.md, "At scale"): a test sleeps, and virtual time goes on. There
// are no nodes but one, `fleet`, whose commands make a fleet, begin to measure it and tell its sums (docs/control.md);
// what it did is in events/fleet.jsonl (docs/event-log.md). One thread, nothing of the machine but that file.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_log.h"
#include "scenarios/preflight.h"
#include "scenarios/scenario.h"
#include "scenarios/testbed.h"
#include "sim/fleet/fleet.h"

namespace cats::sim::fleet {

class FleetTestbed final : public scenarios::Testbed {
 public:
  struct Options {
    std::filesystem::path run_directory;                                              // events/ is there
    std::function<void(const std::string& stage)> stage = [](const std::string&) {};  // for people
    // After each change of the scenario. May throw MeasurementError.
    std::function<void(const std::vector<scenarios::PreflightCheck>&, bool new_network)> checked =
        [](const std::vector<scenarios::PreflightCheck>&, bool) {};
    Instant begins{std::chrono::seconds(1000)};  // virtual time at first
  };

  explicit FleetTestbed(Options options);
  ~FleetTestbed() override;  // what a run that was broken off has logged is kept
  FleetTestbed(const FleetTestbed&) = delete;
  FleetTestbed& operator=(const FleetTestbed&) = delete;

  // The scenario, which has a fleet, of those that are made from now on.
  void configure(const scenarios::Scenario& scenario) override;
  // All events are in the file then.
  void stop() { log_.flush(); }

  // Of logs that go with this testbed's.
  const Clock& clock() const { return clock_; }

  Instant now() const override { return clock_.now(); }
  // Throws Interrupted on Ctrl-C.
  void sleep_until(Instant when) override;
  nlohmann::json command(const std::string& node, const nlohmann::json& request) override;

  // Empty, whatever the scenario says: ten thousand names would say nothing.
  const scenarios::Deployment& deployment() const override { return none_; }
  // What is lost in a fleet its scenario says. They throw MeasurementError.
  void lose(const std::string& node, scenarios::Part part) override;
  void restore(const std::string& node, scenarios::Part part) override;
  void set_link(const std::string& a, const std::string& b, bool up) override;
  Duration cpu_time(const std::string& node) const override;
  void restore_all() override {}
  // None: there is no machine that could have been too busy.
  MachineTime machine_time() const override { return {}; }

 private:
  // A fleet's time is from 0: that of the testbed when it was made.
  class FleetClock final : public Clock {
   public:
    explicit FleetClock(Instant begins) : from(begins) {}
    Instant now() const override { return fleet ? from + fleet->now().time_since_epoch() : from; }

    std::unique_ptr<Fleet> fleet;
    Instant from;
  };

  Fleet& fleet();  // throws MeasurementError when there is none
  void make(const nlohmann::json& request);
  void end();
  void log_window(const Window& window);
  nlohmann::json tell_sums();

  Options options_;
  FleetClock clock_{options_.begins};
  EventLog log_;
  std::optional<scenarios::Scenario> scenario_;
  std::string trial_;  // of the fleet that is there
  scenarios::Deployment none_;
};

}  // namespace cats::sim::fleet
