// The testbed interface on the emulated network: commands go over the agents' control sockets, time is the machine's.
// It builds the network that a scenario describes, and changes as little of it as the next scenario needs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "emulator/agents.h"
#include "emulator/preflight.h"
#include "emulator/world.h"
#include "scenarios/testbed.h"

namespace cats {

struct TestbedOptions {
  std::string run;   // id
  AgentPaths paths;  // absolute
  std::filesystem::path catsd;
  std::function<void(const std::string& stage)> stage = [](const std::string&) {};  // for people
  // Of a network that is new, before it is built: the plan is written down, or deliberately altered.
  std::function<void(plan::Plan&, const scenarios::Scenario&)> planned = [](plan::Plan&, const scenarios::Scenario&) {};
  // After each preflight, of a new network or of agents that were started anew. May throw MeasurementError.
  std::function<void(const std::vector<scenarios::PreflightCheck>&, bool new_network)> checked =
      [](const std::vector<scenarios::PreflightCheck>&, bool) {};
};

class EmulatedTestbed final : public scenarios::Testbed {
 public:
  explicit EmulatedTestbed(TestbedOptions options);

  void configure(const scenarios::Scenario& scenario) override;
  // Agents end in order; their logs are complete then.
  void stop();

  Instant now() const override { return MonotonicClock().now(); }
  void sleep_until(Instant when) override;
  const scenarios::Deployment& deployment() const override { return deployment_; }
  nlohmann::json command(const std::string& node, const nlohmann::json& request) override;
  void lose(const std::string& node, scenarios::Part part) override;
  void restore(const std::string& node, scenarios::Part part) override;
  void set_link(const std::string& a, const std::string& b, bool up) override;
  void restore_all() override;
  Duration cpu_time(const std::string& node) const override;
  MachineTime machine_time() const override;

 private:
  void check_alive();
  void check_algorithms();
  void build(const scenarios::Scenario& scenario);
  void tear_down();

  TestbedOptions options_;
  Instant epoch_;
  std::optional<topologies::Topology> topology_;  // of world_
  std::filesystem::path topology_file_;
  std::optional<plan::FrrSouthbound> frr_;  // that world_ was built for
  std::optional<World> world_;
  std::optional<Agents> agents_;
  std::set<std::pair<std::string, scenarios::Part>> lost_;
  // Something was lost or down: sessions, routes and metrics have to be there again before the next trial.
  bool disturbed_ = false;
  bool has_library_ = false;  // the algorithm is one of the user's, which may break down
  scenarios::Deployment deployment_;
};

}  // namespace cats
