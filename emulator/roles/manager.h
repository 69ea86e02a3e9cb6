// The edge server manager's process: collectors/manager.h behind a REST server, with an event log.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "collectors/manager.h"
#include "emulator/roles/agent_config.h"
#include "emulator/roles/rest_config.h"

namespace cats::roles {

// As JSON:
//   {"node": "esm", "events": FILE, "control": SOCKET, "rest": {…rest_config.h…},
//    "interval_ns": T, "phase_ns"?: 0, "epoch_ns": 0,
//    "instances": [{"node": "es1", "csci": "2001:2:0:1001::2", "cs_id": "2001:2:0:c5::1"}]}
struct ManagerConfig : AgentConfig {
  RestServerConfig rest;
  Duration interval{};  // of `update` events, at epoch + phase + k·interval
  Duration phase{};
  Instant epoch;
  std::vector<collectors::Manager::Instance> instances;
};

// Error: everything wrong in one line.
Expected<ManagerConfig> parse_manager(const nlohmann::json& json);

// Runs until `stop` or SIGTERM/SIGINT; returns the exit status. Throws UsageError or SystemError when it cannot start.
int run_manager(const ManagerConfig& config);

}  // namespace cats::roles
