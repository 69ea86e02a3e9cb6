// What the agents of a run are told: one `catsd` process per edge server, ingress and host, the tap, and in the modes
// with a controller that, the edge server manager and the test emulator's port at the controller; what the topology and
// the scenario say about each is its configuration.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "scenarios/scenario.h"

namespace cats {

// Below the node's own control group: an edge server's worker threads, with the quota.
inline constexpr const char* kServiceGroup = "service";

// Name → configuration of every agent that a scenario needs; the name is the node's, "tap" or kRestLoad. Pure.
struct AgentPlan {
  std::string role;       // of `catsd ROLE`
  std::string node = {};  // in whose namespace it runs; empty: the one that its name is
  nlohmann::ordered_json config;
  double quota_cores = 0;  // of an edge server's threads
  Duration quota_period{};
  std::vector<std::string> exporter = {};  // program and arguments, beside an edge server: metrics.prometheus.exporter

  bool operator==(const AgentPlan&) const = default;
};
struct AgentPaths {
  std::filesystem::path state;          // /run/catsbench/RUN: control sockets
  std::filesystem::path run_directory;  // events/ and samples/
};
std::map<std::string, AgentPlan> plan_agents(const scenarios::Scenario& scenario, const std::string& run,
                                             const AgentPaths& paths, Instant epoch);

}  // namespace cats
