// The testbed interface in virtual time (docs/simulator.md): a test sleeps, and the world's events up to then are
// handled; a command is a call. One thread, no root, nothing of the machine but files below the run directory.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "scenarios/preflight.h"
#include "scenarios/scenario.h"
#include "scenarios/testbed.h"
#include "sim/world/logs.h"
#include "sim/world/world.h"

namespace cats::sim {

class SimulatedTestbed final : public scenarios::Testbed {
 public:
  struct Options {
    std::filesystem::path run_directory;                                              // events/ and samples/ are there
    std::function<void(const std::string& stage)> stage = [](const std::string&) {};  // for people
    // After each preflight, of a new topology or of a world that began anew. May throw MeasurementError.
    std::function<void(const std::vector<scenarios::PreflightCheck>&, bool new_network)> checked =
        [](const std::vector<scenarios::PreflightCheck>&, bool) {};
    Instant begins = kWorldBegins;     // virtual time at first
    std::filesystem::path catsd = {};  // the program in which a library of the user's runs
  };

  explicit SimulatedTestbed(Options options);
  ~SimulatedTestbed() override;  // what a run that was broken off has logged is kept
  SimulatedTestbed(const SimulatedTestbed&) = delete;
  SimulatedTestbed& operator=(const SimulatedTestbed&) = delete;

  // Another algorithm or another quota is changed in the world that is there; for anything else that the world depends
  // on, all of it begins anew, at the time that it is.
  void configure(const scenarios::Scenario& scenario) override;
  // All logs and rows are in the files then.
  void stop() { flush(); }

  // Of logs that go with this testbed's.
  const Clock& clock() const { return clock_; }

  Instant now() const override { return clock_.now(); }
  // Throws Interrupted on Ctrl-C, AlgorithmFailed when a library of the user's has failed, as command() does.
  void sleep_until(Instant when) override;
  const scenarios::Deployment& deployment() const override { return deployment_; }
  nlohmann::json command(const std::string& node, const nlohmann::json& request) override;
  void lose(const std::string& node, scenarios::Part part) override;
  void restore(const std::string& node, scenarios::Part part) override;
  void set_link(const std::string& a, const std::string& b, bool up) override;
  void restore_all() override;
  Duration cpu_time(const std::string& node) const override;
  // None: there is no machine that could have been too busy.
  MachineTime machine_time() const override { return {}; }

 private:
  class WorldClock final : public Clock {
   public:
    WorldClock(const std::unique_ptr<World>& world, Instant begins) : world_(world), begins_(begins) {}
    Instant now() const override { return world_ ? world_->now() : begins_; }

   private:
    const std::unique_ptr<World>& world_;
    Instant begins_;  // of the first world
  };

  World& world() const;  // throws MeasurementError before configure()
  World::Makers makers() const;
  void check() const;  // throws Interrupted, AlgorithmFailed
  void begin_anew(const scenarios::Scenario& scenario);
  void take_algorithm(const scenarios::Scenario& scenario);
  std::vector<scenarios::PreflightCheck> preflight(const scenarios::Scenario& scenario);
  void flush();

  Options options_;
  std::unique_ptr<World> world_;
  WorldClock clock_{world_, options_.begins};
  Logs logs_;
  std::filesystem::path topology_file_;  // of world_
  std::string settings_;                 // that world_ was made with
  nlohmann::ordered_json algorithm_;     // that it runs
  bool disturbed_ = false;               // something was lost or down
  scenarios::Deployment deployment_;
};

}  // namespace cats::sim
