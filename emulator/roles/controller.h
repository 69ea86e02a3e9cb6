// The SDN controller: follows the edge server manager (I4), runs the C-PS and tells the routers (I1), and watches what
// their IGP says of the network. Operators ask it over its REST interface (controller_rest.h).
//
// Nothing that it needs is kept anywhere but here: one that is started anew gets a snapshot from the manager, decides,
// orders, and learns the topology again. Its decisions have ids that no earlier one of this machine had.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "cpsel/controller_selection.h"
#include "emulator/roles/agent_config.h"
#include "emulator/roles/chosen_algorithm.h"
#include "emulator/roles/inventory.h"
#include "emulator/roles/rest_config.h"
#include "emulator/roles/southbound_config.h"

namespace cats::roles {

// As JSON:
//   {"node": "sdn", "events": FILE, "control": SOCKET, "seed": 1, "candidates"?: false, "rest": {…}, "manager": {…},
//    "routers": [{"node": "r1", …}],                  with the members of southbound_config.h
//    "agents": [{"node": "r1", "rest": {…}}],
//    "inventory": {…},                                inventory.h
//    "services": [{"cs_id", "age_limit_ns": null, "steer_by", "algorithm", "library": null, "parameters": {},
//                  "instances": [{"csci", "node", "capacity"}]}]}
struct ControllerConfig : AgentConfig {
  std::uint64_t seed = 0;
  // What it decides is refined by the routers: it logs `candidate` events then, theirs are the decisions.
  bool candidates = false;
  RestServerConfig rest;
  RestPeerConfig manager;

  struct Router {
    std::string node;
    RouterSouthbound southbound;
  };
  std::vector<Router> routers;  // that take orders

  struct RouterAgent {
    std::string node;
    RestPeerConfig rest;
  };
  std::vector<RouterAgent> agents;  // that are asked for topology, routes, sessions and counts of flows

  Inventory inventory;

  using Service = cpsel::ControllerSelection::Service;
  std::vector<Service> services;
};

// Error: everything wrong in one line.
Expected<ControllerConfig> parse_controller(const nlohmann::json& json);

// Runs until `stop` or SIGTERM/SIGINT; returns the exit status. Throws UsageError or SystemError when it cannot start.
int run_controller(const ControllerConfig& config);

}  // namespace cats::roles
