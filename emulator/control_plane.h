// The control plane of the centralized and hybrid modes: who speaks to whom over REST, with which certificates and
// tokens, and what the edge server manager and the controller are told about the network (docs/rest.md).
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "emulator/plan/plan.h"
#include "emulator/roles/chosen_algorithm.h"
#include "emulator/roles/rest_config.h"
#include "scenarios/scenario.h"

namespace cats {

// The test emulator's port at the controller (roles/rest_load.h): name of its agent, and of the client that it is
// there.
inline constexpr const char* kRestLoad = "rest-load";

// Where the secrets of a run lie: STATE/rest, which only root enters.
class Credentials {
 public:
  explicit Credentials(const std::filesystem::path& state) : directory_(state / "rest") {}

  // An authority, whose key is kept nowhere; a certificate per server; a token per client of each server, so that
  // what one server knows opens no other.
  void write(const topologies::Topology& topology) const;

  roles::RestServerConfig server(const topologies::Node& node) const;
  roles::RestPeerConfig peer(const topologies::Node& server, const std::string& client) const;
  // The file of the password that the VTYs of the run's ingresses ask for; made with the others.
  std::filesystem::path vty_password() const { return directory_ / "vty.password"; }
  std::string read_vty_password() const;

 private:
  std::filesystem::path directory_;
};

// What the network needs for the scenario's southbound driver; nothing where no controller steers by FRR. Throws
// UsageError where frr-grpc lacks FRR's module, saying what makes it.
std::optional<plan::FrrSouthbound> frr_southbound(const scenarios::Scenario& scenario);

// What the configurations of the two have beside node, events and control.
nlohmann::ordered_json manager_config(const scenarios::Scenario& scenario, const Credentials& credentials,
                                      Instant epoch, Duration phase);
nlohmann::ordered_json rest_load_config(const scenarios::Scenario& scenario, const Credentials& credentials);
nlohmann::ordered_json controller_config(const scenarios::Scenario& scenario, const Credentials& credentials);

}  // namespace cats
