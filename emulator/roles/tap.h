// The tap: one BMP receiver for all routers of a run. It lives in the runner's namespace with a listening socket in
// each router's, so that timing an update at a router's input costs no packet on the emulated network.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "bgp/edge_metadata.h"
#include "emulator/roles/agent_config.h"

namespace cats::roles {

struct TapRouter {
  std::string router;           // node name
  std::filesystem::path netns;  // of its namespace: /run/netns/…
  std::uint16_t port = 0;       // on [::1] inside it
};

// As JSON: {"node": "tap", "events": FILE, "control": SOCKET, "routers": [{"router": "r1", "netns": PATH, "port":
// 5000}], "codes"?: {…}}
struct TapConfig : AgentConfig {
  std::vector<TapRouter> routers;
  bgp::EdgeMetadataCodes codes;
};

Expected<TapConfig> parse_tap(const nlohmann::json& json);

// Runs until `stop` or SIGTERM/SIGINT; returns the exit status. Throws when it cannot start.
int run_tap(const TapConfig& config);

}  // namespace cats::roles
