#include "sim/world/bgp_path.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "sim/world/packet_sizes.h"
#include "topologies/routing.h"

namespace cats::sim {

BgpPath::BgpPath(Engine& engine, EventLog& tap, const topologies::Topology& topology, Network& network,
                 const Model& model, Config config, std::vector<Agent> agents)
    : tap_(tap),
      network_(network),
      batch_(model.bgp_batch),
      loss_(model.update_loss),
      config_(std::move(config)),
      services_(topology.services.size()),
      withdrawal_octets_(services_),
      later_(engine) {
  for (const topologies::Node* node : topology.routers()) {
    index_.emplace(node->name, routers_.size());
    Router router{.name = node->name};
    router.loopback = node->loopback.value_or(IpAddress());
    router.loopback4 = node->loopback4.value_or(IpAddress());
    router.table.resize(topology.instances.size());
    router.is_changed.resize(topology.instances.size());
    router.agent_told.resize(topology.instances.size());
    router.best.resize(services_);
    routers_.push_back(std::move(router));
  }
  for (const topologies::Instance& instance : topology.instances) {
    const topologies::Node& node = topology.node(instance.node);
    const topologies::BgpSession session = topologies::edge_session(topology, node);
    const IpAddress cs_id = topology.services[instance.service].cs_id;
    const std::size_t egress = router_index(instance.egress);
    routers_[egress].own.push_back(sites_.size());
    sites_.push_back({.node = node.name,
                      .prefix = IpPrefix::host(cs_id).str(),
                      .csci = instance.csci,
                      .v4 = cs_id.is_v4(),
                      .service = instance.service,
                      .egress = egress,
                      .wire = BgpWire({cs_id, instance.csci, session.local_as, session.remote_as, config_.codes})});
    withdrawal_octets_[instance.service] = sites_.back().wire.withdrawal().size();
  }
  for (Router& router : routers_) {
    if (router.own.empty()) continue;
    std::vector<std::size_t> heard;  // a neighbour with sessions of both families counts once
    for (const auto& neighbor : topologies::bgp_neighbors(topology, topology.node(router.name))) {
      if (neighbor.kind != topologies::BgpNeighbor::Kind::kInternal) continue;
      const std::size_t other = router_index(neighbor.node);
      if (std::ranges::find(heard, other) != heard.end()) continue;
      heard.push_back(other);
      Peer peer{.router = other,
                .loss = RandomStream(config_.seed, fmt::format("bgp loss/{}/{}", router.name, neighbor.node))};
      peer.told.resize(services_);
      peer.heard.resize(services_);
      router.peers.push_back(std::move(peer));
    }
  }
  for (Agent& agent : agents) {
    if (topology.node(agent.node).role != topologies::Role::kIngress)
      throw UsageError(fmt::format("{} is no ingress: it has no agent that hears routes", agent.node));
    Router& router = routers_[router_index(agent.node)];
    router.agent = std::move(agent);
  }
}

std::size_t BgpPath::router_index(const std::string& name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) throw MeasurementError(fmt::format("{} runs no FRR", name));
  return found->second;
}

BgpPath::RoutePtr BgpPath::route_of(std::size_t site, const collectors::MetricReport& report) const {
  const BgpWire& wire = sites_.at(site).wire;
  const bgp::Bytes update = wire.update(report);
  return std::make_shared<const Route>(Route{site, wire.read(update), update.size()});
}

bool BgpPath::has_way(const Session& session, const std::string& from, const std::string& to) const {
  return session.up && network_.delay(from, to).has_value();
}

// Of a message that leaves now; `read` is called when its receiver is done with it.
void BgpPath::carry(Session& session, const std::string& from, const std::string& to, std::size_t octets,
                    std::function<void()> read) {
  network_.carry(later_, from, to, {.octets = tcp_octets(octets, true), .after = kReceipt, .stream = &session.last},
                 std::move(read));
}

void BgpPath::tell_egress(std::size_t site, RoutePtr route) {
  Site& s = sites_.at(site);
  const std::string& egress = routers_[s.egress].name;
  if (!has_way(s.session, s.node, egress)) return;
  const std::size_t octets = route ? route->octets : withdrawal_octets_[s.service];
  carry(s.session, s.node, egress, octets, [this, site, number = s.session.number, route = std::move(route)] {
    const Site& from = sites_[site];
    if (from.session.number != number) return;
    if (route) log_hop(routers_[from.egress], *route, from.csci);
    change(from.egress, site, route);
  });
}

// FRR's work queue: what changes while a window is open leaves at its end. A route that says nothing new changes
// nothing.
void BgpPath::change(std::size_t router, std::size_t site, RoutePtr route) {
  Router& r = routers_[router];
  RoutePtr& known = r.table[site];
  if (known == route || (known && route && known->report == route->report)) return;
  known = std::move(route);
  if (!r.is_changed[site]) {
    r.is_changed[site] = true;
    r.changed.push_back(site);
  }
  if (std::exchange(r.window, true)) return;
  later_.at(later_.now() + batch_, [this, router, window = ++r.windows] {
    if (routers_[router].window && routers_[router].windows == window) end_window(router);
  });
}

void BgpPath::end_window(std::size_t router) {
  Router& r = routers_[router];
  r.window = false;
  const std::vector<std::size_t> changed = std::exchange(r.changed, {});
  for (const std::size_t site : changed) r.is_changed[site] = false;
  std::vector<std::size_t> services;  // with another best route
  for (const std::size_t site : changed) {
    const std::size_t service = sites_[site].service;
    if (sites_[site].egress != router || std::ranges::find(services, service) != services.end()) continue;
    if (choose_best(r, service, changed)) services.push_back(service);
  }
  for (const std::size_t service : services)
    for (std::size_t peer = 0; peer < r.peers.size(); ++peer) tell_peer(router, peer, service);
  for (const std::size_t site : changed) tell_agent(r, site);
}

// The best of equal routes from edge servers is the one that was best before, while it is there (RFC 5004), else that
// of the lowest address. True when it is another one, or says something else.
bool BgpPath::choose_best(Router& router, std::size_t service, const std::vector<std::size_t>& changed) const {
  const auto before = router.best[service];
  if (!before || !router.table[*before]) {
    const auto next = std::ranges::find_if(
        router.own, [&](std::size_t site) { return sites_[site].service == service && router.table[site] != nullptr; });
    router.best[service] = next == router.own.end() ? std::nullopt : std::optional(*next);
  }
  const auto best = router.best[service];
  return best != before || (best && std::ranges::find(changed, *best) != changed.end());
}

void BgpPath::tell_peer(std::size_t router, std::size_t peer, std::size_t service) {
  Router& r = routers_[router];
  Peer& p = r.peers[peer];
  const auto best = r.best[service];
  const RoutePtr route = best ? r.table[*best] : nullptr;
  if (!p.session.telling || (!route && !p.told[service])) return;
  const std::string& to = routers_[p.router].name;
  if (!has_way(p.session, r.name, to)) return;
  p.told[service] = route != nullptr;
  const std::size_t octets = route ? route->octets : withdrawal_octets_[service];
  const bool lost = loss_ > 0 && route && !route->bare() && p.loss.uniform() < loss_;
  carry(p.session, r.name, to, octets, [this, router, peer, service, number = p.session.number, route, lost] {
    if (!lost && routers_[router].peers[peer].session.number == number) peer_hears(router, peer, service, route);
  });
}

// Without add-path a route takes the place of the one that the same neighbour announced before.
void BgpPath::peer_hears(std::size_t router, std::size_t peer, std::size_t service, RoutePtr route) {
  const Router& from = routers_[router];
  Peer& p = routers_[router].peers[peer];
  if (route) log_hop(routers_[p.router], *route, sites_[route->site].v4 ? from.loopback4 : from.loopback);
  const auto before = std::exchange(p.heard[service], route ? std::optional(route->site) : std::nullopt);
  if (before && (!route || route->site != *before)) change(p.router, *before, nullptr);
  if (route) change(p.router, route->site, route);
}

void BgpPath::tell_agent(Router& router, std::size_t site) {
  if (!router.agent || !router.agent_session.up || !router.agent_session.telling) return;
  const RoutePtr route = router.table[site];
  const bool before = router.agent_told[site];
  router.agent_told[site] = route != nullptr;
  if (route)
    router.agent->heard(site, route->bare() ? nullptr : &route->report, static_cast<std::uint32_t>(site + 1));
  else if (before)
    router.agent->withdrawn(site);
}

// As the tap reads it from BMP (docs/event-log.md): only what carries a stamp can be followed.
void BgpPath::log_hop(const Router& router, const Route& route, const IpAddress& peer) {
  if (!route.report.stamp) return;
  const Site& site = sites_[route.site];
  tap_.write_members(later_.now(), "hop_seen", [&](JsonWriter& json) {
    json.field("router", router.name);
    json.field("tap", "bmp");
    json.field("source", site.csci);
    json.field("seq", route.report.stamp->sequence);
    json.field("peer", peer);
    json.field("prefix", site.prefix);
  });
}

}  // namespace cats::sim
