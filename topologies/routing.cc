#include "topologies/routing.h"

#include <algorithm>

namespace cats::topologies {
namespace {

// Egress routers peer with each other only where one has no instance of a service that the other has.
bool lacks_a_service_of(const Topology& topology, const Node& node, const Node& other) {
  const auto serves = [&](const Service& service, const Node& egress) {
    return std::ranges::any_of(service.instances,
                               [&](std::size_t i) { return topology.instances[i].egress == egress.name; });
  };
  return std::ranges::any_of(topology.services,
                             [&](const Service& service) { return serves(service, other) && !serves(service, node); });
}

bool peers(const Topology& topology, const Node& a, const Node& b) {
  if (a.name == b.name || topology.services.empty()) return false;
  if (a.role == Role::kEgress && b.role == Role::kEgress)
    return lacks_a_service_of(topology, a, b) || lacks_a_service_of(topology, b, a);
  return a.role == Role::kEgress || b.role == Role::kEgress;
}

}  // namespace

std::vector<std::string> frr_daemons(const Topology& topology, const Node& node) {
  if (!is_router(node.role)) return {};
  std::vector<std::string> daemons{"zebra"};
  if (node.locator) daemons.emplace_back("staticd");
  daemons.emplace_back("ospf6d");
  if (topology.has_ipv4()) daemons.emplace_back("ospfd");
  if (!bgp_neighbors(topology, node).empty()) daemons.emplace_back("bgpd");
  return daemons;
}

std::vector<OspfNeighbor> ospf_neighbors(const Topology& topology, const Node& node) {
  std::vector<OspfNeighbor> neighbors;
  if (!is_router(node.role)) return neighbors;
  for (const Interface& interface : node.interfaces) {
    const Node& peer = topology.node(interface.peer);
    if (is_router(peer.role)) neighbors.push_back({interface.name, peer.name, peer.router_id});
  }
  return neighbors;
}

std::vector<BgpNeighbor> bgp_neighbors(const Topology& topology, const Node& node) {
  std::vector<BgpNeighbor> neighbors;
  if (!is_router(node.role)) return neighbors;
  const auto add = [&](BgpNeighbor::Kind kind, const std::string& name, const std::optional<IpAddress>& address,
                       const std::optional<IpAddress>& local, std::uint32_t as_number) {
    if (address && local) neighbors.push_back({kind, name, *address, *local, as_number});
  };
  for (const Node* peer : topology.routers()) {
    if (!peers(topology, node, *peer)) continue;
    if (topology.has_ipv6_service())
      add(BgpNeighbor::Kind::kInternal, peer->name, peer->loopback, node.loopback, kDomainAs);
    add(BgpNeighbor::Kind::kInternal, peer->name, peer->loopback4, node.loopback4, kDomainAs);
  }
  for (const Interface& interface : node.interfaces) {
    const Node& peer = topology.node(interface.peer);
    if (!peer.instance) continue;
    const BgpSession session = edge_session(topology, peer);
    add(BgpNeighbor::Kind::kEdgeServer, peer.name, session.local, session.remote, session.local_as);
  }
  if (node.agent) add(BgpNeighbor::Kind::kAgent, node.name, node.agent, node.loopback, kDomainAs);
  if (node.agent4) add(BgpNeighbor::Kind::kAgent, node.name, node.agent4, node.loopback4, kDomainAs);
  return neighbors;
}

BgpSession edge_session(const Topology& topology, const Node& edge_server) {
  const Instance& instance = topology.instances.at(edge_server.instance.value());
  const Interface& far_end = topology.node(instance.egress).interface(instance.egress_interface);
  const IpAddress remote = instance.csci.is_v4() ? far_end.address4.value().address : far_end.address.address;
  return {instance.csci, remote, edge_server.as_number, kDomainAs};
}

std::vector<BgpSession> agent_sessions(const Topology& topology, const Node& ingress) {
  std::vector<BgpSession> sessions;
  if (topology.has_ipv6_service())
    sessions.push_back({ingress.agent.value(), ingress.loopback.value(), kDomainAs, kDomainAs});
  if (topology.has_ipv4())
    sessions.push_back({ingress.agent4.value(), ingress.loopback4.value(), kDomainAs, kDomainAs});
  return sessions;
}

}  // namespace cats::topologies
