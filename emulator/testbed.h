// The testbed interface on the emulated network: commands go over the agents' control sockets, time is the machine's.
#pragma once

#include <string>
#include <vector>

#include "emulator/agents.h"
#include "emulator/world.h"
#include "scenarios/testbed.h"

namespace cats {

class EmulatedTestbed final : public scenarios::Testbed {
 public:
  EmulatedTestbed(World& world, Agents& agents, const scenarios::Scenario& scenario);

  Instant now() const override { return MonotonicClock().now(); }
  void sleep_until(Instant when) override;
  const std::vector<scenarios::Site>& sites() const override { return sites_; }
  const std::vector<std::string>& ingresses() const override { return ingresses_; }
  const std::vector<std::string>& hosts() const override { return hosts_; }
  nlohmann::json command(const std::string& node, const nlohmann::json& request) override;
  MachineTime machine_time() const override;

 private:
  void check_alive();

  World& world_;
  Agents& agents_;
  std::vector<scenarios::Site> sites_;
  std::vector<std::string> ingresses_;
  std::vector<std::string> hosts_;
};

}  // namespace cats
