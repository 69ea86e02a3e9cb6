// A host of users: the load generator under command.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/ip.h"
#include "emulator/roles/agent_config.h"

namespace cats::roles {

// As JSON: {"node": "h1", "events": FILE, "control": SOCKET, "samples": DIRECTORY, "address": "2001:2::5"?}
struct HostConfig : AgentConfig {
  std::filesystem::path samples;     // exists
  std::optional<IpAddress> address;  // source of the sessions; the kernel chooses when absent
};

Expected<HostConfig> parse_host(const nlohmann::json& json);

// Runs until `stop` or SIGTERM/SIGINT; returns the exit status. Throws when it cannot start.
int run_host(const HostConfig& config);

}  // namespace cats::roles
