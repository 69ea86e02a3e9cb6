// The ingress agent, `catsd ingress`: listens to its router over add-path iBGP, runs the C-PS and programs the flow
// table of the network namespace that it runs in. docs/control.md says what it can be told.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "bgp/edge_metadata.h"
#include "cpsel/ingress_selection.h"
#include "emulator/kernel/flow_table.h"
#include "emulator/kernel/sysctl.h"
#include "emulator/roles/agent_config.h"
#include "emulator/roles/chosen_algorithm.h"
#include "emulator/roles/igp_database.h"
#include "emulator/roles/rest_config.h"

namespace cats::roles {

struct IngressConfig : AgentConfig {
  std::uint64_t seed = 0;

  struct Bgp {
    IpAddress local_address;  // bound with IPV6_FREEBIND: a local route on lo
    IpAddress peer_address;   // the router's FRR
    std::uint16_t peer_port = 179;
    std::uint32_t as = 0;
    IpAddress router_id;  // written as an IPv4 address
    std::uint16_t hold_time_s = 9;
    bool standard = false;  // announce the Edge Metadata Capability: attribute 42 comes from a router that knows it
  };
  Bgp bgp;
  bgp::EdgeMetadataCodes codes;

  // Who chooses: this agent's C-PS; a controller that orders weights over the REST interface (ingress_rest.cc); or
  // both: the controller orders candidate weights, and this agent refines them (cpsel/refine.h).
  using Cps = cpsel::IngressCps;
  Cps cps = Cps::ingress;
  std::optional<RestServerConfig> rest;
  Duration controller_timeout = std::chrono::seconds(3);  // split: without an order for so long it is lost
  std::optional<IgpConfig> igp;  // the router's, for those who ask for the topology; absent: there is none to ask

  std::size_t slots = kernel::kSlots;                       // per service
  bool conntrack = true;                                    // false: the deliberate fault of a flow table that forgets
  std::optional<kernel::ConntrackTimeouts> session_timers;  // as the namespace has them when absent

  struct Instance {
    IpAddress csci;
    std::optional<IpAddress> sid;  // absent: learnt from the route's SRv6 Service TLV, and the tunnel installed here
    std::uint32_t mark = 0;
    std::uint32_t table = 0;
    double capacity = 1;
  };
  struct Service {
    IpAddress cs_id;
    Duration interval{};                // T, as the scenario declares it
    std::optional<Duration> age_limit;  // absent with `refresh: on-change`
    std::string steer_by;               // a metric's name
    ChosenAlgorithm algorithm;
    // Peers that do not leave next hops unchanged: instances are told apart by next hop and path identifier, their
    // SIDs learnt; `instances` is empty then.
    bool key_by_path = false;
    std::vector<Instance> instances;
  };
  std::vector<Service> services;  // at index i: marks i·256 + 1 …

  static Expected<IngressConfig> from_json(const nlohmann::json& json);  // strict: names unknown and missing keys
  nlohmann::ordered_json to_json() const;
};

// Until told to stop, or SIGTERM. Returns the exit status. Set-up failures throw.
int run_ingress(const IngressConfig& config);

}  // namespace cats::roles
