// The test emulator's own port at the controller (RFC 8456, section 3): sessions that are held, malformed messages and
// floods over the controller's REST interface, on command. Runs in the namespace of the edge server manager's node,
// so that its packets cross the emulated network.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "emulator/roles/agent_config.h"
#include "emulator/roles/rest_config.h"

namespace cats::roles {

// As JSON:
//   {"node": "rest-load", "events": FILE, "control": SOCKET, "controller": {…rest_config.h…},
//    "services": ["2001:2:0:c5::1"]}
struct RestLoadConfig : AgentConfig {
  RestPeerConfig controller;
  std::vector<IpAddress> services;  // CS-IDs, at least one: malformed policies name one that the controller knows
};

// Error: everything wrong in one line.
Expected<RestLoadConfig> parse_rest_load(const nlohmann::json& json);

// Runs until `stop` or SIGTERM/SIGINT; returns the exit status. Throws UsageError or SystemError when it cannot start.
int run_rest_load(const RestLoadConfig& config);

}  // namespace cats::roles
