// The control plane that a topology implies: which router runs which daemons, and who its neighbors are. FRR's
// configuration is written from this, and readiness is judged by it.
#pragma once

#include <string>
#include <vector>

#include "topologies/topology.h"

namespace cats::topologies {

// Of FRR, in starting order, only those that the node needs: "zebra" first. Empty for hosts and edge servers.
std::vector<std::string> frr_daemons(const Topology& topology, const Node& node);

struct OspfNeighbor {
  std::string interface;  // of this router
  std::string node;
  std::string router_id;
};
// One per link to another router, the same for OSPFv3 and, when the topology has IPv4, OSPFv2.
std::vector<OspfNeighbor> ospf_neighbors(const Topology& topology, const Node& node);

struct BgpNeighbor {
  enum class Kind {
    kInternal,    // another router, between loopbacks: up as soon as the IGP is
    kEdgeServer,  // over the link, the edge server connects
    kAgent        // the ingress agent's listener, which connects to the router's loopback
  };
  Kind kind = Kind::kInternal;
  std::string node;
  IpAddress address;  // its end of the session; the family of the session is that of the routes it carries
  IpAddress local;    // this router's end
  std::uint32_t as_number = 0;
};
// Ingress and transit routers peer with every egress. Egress routers peer with each other only where one forwards for a
// service that it has no instance of, so that in most topologies an update takes two hops.
std::vector<BgpNeighbor> bgp_neighbors(const Topology& topology, const Node& node);

// Where a speaker at this end connects: an edge server to its egress, or an ingress agent to its router.
struct BgpSession {
  IpAddress local;
  IpAddress remote;
  std::uint32_t local_as = 0;
  std::uint32_t remote_as = 0;
};
BgpSession edge_session(const Topology& topology, const Node& edge_server);
// One per family that services use, IPv6 first.
std::vector<BgpSession> agent_sessions(const Topology& topology, const Node& ingress);

}  // namespace cats::topologies
