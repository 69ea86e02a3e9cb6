// The edge server of a site: one process with a service, its C-SMA and its publishers, by BGP or REST. Worker and
// background-load threads run inside the quota's cgroup; accepting, sampling and BGP run outside, so that a loaded site
// still reports.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "bgp/edge_metadata.h"
#include "collectors/prometheus_mapping.h"
#include "emulator/roles/agent_config.h"
#include "emulator/roles/rest_config.h"

namespace cats::roles {

struct EdgeServerBgp {
  std::uint32_t local_as = 0;
  std::uint32_t peer_as = 0;
  IpAddress router_id;      // IPv4
  IpAddress local_address;  // of the link to the egress router
  IpAddress peer_address;
  std::uint16_t peer_port = 179;
  Duration hold_time = std::chrono::seconds(9);
  bool transit = true;  // flags 0xC0; false: standard mode, for peers that announce the capability
  bgp::EdgeMetadataCodes codes;
  // The declared metrics that go this way; absent: all. None: the route is announced without attribute 42.
  std::optional<std::set<std::string>> metrics;
};

// The edge server manager, for the metrics that go this way; absent: all.
struct EdgeServerManager {
  RestPeerConfig peer;
  std::optional<std::set<std::string>> metrics;
};

// As JSON. "bgp" and "manager" may be absent: whom the metrics are told. "bgp" members with a default above may be
// absent.
//   {"node": "es1", "events": FILE, "control": SOCKET, "samples": DIRECTORY,
//    "cs_id": "2001:2::100", "csci": "2001:2:0:1::1", "port": 80,
//    "workers": 2, "queue_limit": 1024, "cgroup": "catsbench/RUN/es1/service",
//    "interval_ns": T, "window_ns": W, "phase_ns": 0, "epoch_ns": 0, "refresh": "every-interval" | "on-change",
//    "site_preference": 1, "metrics": {…the scenario's declarations, see below…},
//    "prometheus"?: {…collectors/prometheus_mapping.h: metrics that an exporter in this namespace measures…},
//    "bgp": {"local_as", "peer_as", "router_id", "local_address", "peer_address", "peer_port"?, "hold_time_ns"?,
//            "transit"?, "codes"?, "metrics"?: ["norm_fi"]},
//    "manager": {…rest_config.h…, "metrics"?: ["norm_fi"]}}
struct EdgeServerConfig : AgentConfig {
  std::filesystem::path samples;  // directory of the CSV files of docs/event-log.md

  IpAddress cs_id;
  IpAddress csci;  // both on an interface of this namespace
  std::uint16_t port = 0;

  unsigned workers = 0;
  unsigned queue_limit = 0;  // waiting requests; more are answered 503
  // The group with the quota, a thread group below the one this process is in; made by the runner.
  std::string cgroup;

  // Ticks at epoch + phase + k·interval; each samples the window before it and, with every-interval, publishes.
  Duration interval{};
  Duration window{};
  Duration phase{};
  Instant epoch;
  bool every_interval = true;

  std::uint32_t site_preference = 0;  // 0: not announced
  nlohmann::json metrics;             // cpsel's declarations, as cpsel parses them
  std::optional<collectors::PrometheusSource> prometheus;
  std::optional<EdgeServerBgp> bgp;
  std::optional<EdgeServerManager> manager;
};

// Error: everything wrong in one line.
Expected<EdgeServerConfig> parse_edge_server(const nlohmann::json& json);

// Runs until `stop` or SIGTERM/SIGINT; returns the exit status. Throws UsageError or SystemError when it cannot start.
int run_edge_server(const EdgeServerConfig& config);

}  // namespace cats::roles
