#include "sim/world/network.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace cats::sim {

Network::Network(const topologies::Topology& topology, const Model& model)
    : link_delay_(model.link_delay),
      nodes_(topology.nodes.size()),
      link_up_(topology.links.size(), true),
      links_from_(topology.nodes.size()) {
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    index_.emplace(topology.nodes[i].name, i);
    nodes_[i].forwards = topologies::is_router(topology.nodes[i].role);
  }
  for (std::size_t i = 0; i < topology.links.size(); ++i) {
    const std::size_t a = index_of(topology.links[i].a.node);
    const std::size_t b = index_of(topology.links[i].b.node);
    nodes_[a].neighbors.push_back({b, i, 2 * i});
    nodes_[b].neighbors.push_back({a, i, 2 * i + 1});
  }
  if (model.link_rate) queues_.emplace(2 * topology.links.size(), *model.link_rate);
}

std::size_t Network::index_of(std::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) throw std::out_of_range(fmt::format("the topology has no node {}", name));
  return found->second;
}

// Who stands at the edge has one link, and all that it sends passes the router there. So ways are looked for between
// routers alone, and as they are the same in both directions, from those that have been looked from already.
std::optional<Duration> Network::delay(std::string_view from, std::string_view to) const {
  std::size_t a = index_of(from);
  std::size_t b = index_of(to);
  if (a == b) return Duration(0);
  std::uint32_t links = 0;
  for (std::size_t* end : {&a, &b}) {
    const Node& node = nodes_[*end];
    if (!has_one_way_out(node)) continue;
    if (!link_up_[node.neighbors[0].link]) return std::nullopt;
    *end = node.neighbors[0].node;
    ++links;
  }
  if (a == b) return links * link_delay_;  // by routes of the kernel's own
  if (!nodes_[a].routing || !nodes_[b].routing) return std::nullopt;
  if (links_from_[a].empty() && !links_from_[b].empty()) std::swap(a, b);
  const std::uint32_t between = links_from(a)[b];
  if (between == kNoWay) return std::nullopt;
  return (links + between) * link_delay_;
}

// Breadth first: every node is met by as few links as lead to it.
const std::vector<std::uint32_t>& Network::links_from(std::size_t source) const {
  std::vector<std::uint32_t>& links = links_from_[source];
  if (!links.empty()) return links;
  links.assign(nodes_.size(), kNoWay);
  links[source] = 0;
  std::vector<std::size_t> met{source};
  for (std::size_t i = 0; i < met.size(); ++i) {
    const std::size_t here = met[i];
    if (!nodes_[here].routing || (here != source && !nodes_[here].forwards)) continue;
    for (const Neighbor& next : nodes_[here].neighbors) {
      if (!link_up_[next.link] || !nodes_[next.node].routing || links[next.node] != kNoWay) continue;
      links[next.node] = links[here] + 1;
      met.push_back(next.node);
    }
  }
  return links;
}

// Between routers found from the end: of equal ways that by the neighbour whose link the topology names first.
std::vector<std::size_t> Network::way(std::size_t from, std::size_t to) const {
  std::vector<std::size_t> backwards;
  std::optional<std::size_t> first;
  if (const Node& node = nodes_[to]; has_one_way_out(node)) {
    backwards.push_back(node.neighbors[0].direction ^ 1U);
    to = node.neighbors[0].node;
  }
  if (const Node& node = nodes_[from]; has_one_way_out(node)) {
    first = node.neighbors[0].direction;
    from = node.neighbors[0].node;
  }
  if (from != to) {
    const std::vector<std::uint32_t>& links = links_from(from);
    while (from != to) {
      const auto before = std::ranges::find_if(nodes_[to].neighbors, [&](const Neighbor& one) {
        const Node& node = nodes_[one.node];
        return link_up_[one.link] && node.routing && (node.forwards || one.node == from) &&
               links[one.node] + 1 == links[to];
      });
      backwards.push_back(before->direction ^ 1U);
      to = before->node;
    }
  }
  if (first) backwards.push_back(*first);
  return {backwards.rbegin(), backwards.rend()};
}

bool Network::carry(Later& later, std::string_view from, std::string_view to, const Packet& packet,
                    std::function<void()> there) {
  const auto free_way = delay(from, to);
  if (!free_way) return false;
  if (!queues_ || from == to)
    deliver(later, packet, later.now() + *free_way, std::move(there));
  else
    pass(later, std::make_shared<Journey>(Journey{packet, way(index_of(from), index_of(to)), 0, std::move(there)}));
  return true;
}

// At the next link now.
void Network::pass(Later& later, const std::shared_ptr<Journey>& journey) {
  const Packet& packet = journey->packet;
  const std::size_t direction = journey->way[journey->passed++];
  const bool last = journey->passed == journey->way.size();
  const Instant left = queues_->send(direction, packet.octets + (last ? 0 : packet.tunnel), later.now());
  if (last) return deliver(later, packet, left + link_delay_, std::move(journey->there));
  later.at(left + link_delay_, [this, &later, journey] { pass(later, journey); });
}

void Network::deliver(Later& later, const Packet& packet, Instant arrival, std::function<void()> there) {
  Instant when = arrival + packet.after;
  if (packet.stream != nullptr) {
    when = std::max(when, *packet.stream);
    *packet.stream = when;
  }
  later.at(when, std::move(there));
}

void Network::set_link(std::string_view a, std::string_view b, bool up) {
  const std::size_t other = index_of(b);
  bool found = false;
  for (const Neighbor& neighbor : nodes_[index_of(a)].neighbors)
    if (neighbor.node == other) {
      found = true;
      link_up_[neighbor.link] = up;
    }
  if (!found) throw MeasurementError(fmt::format("there is no link between {} and {}", a, b));
  links_from_.assign(nodes_.size(), {});
}

void Network::set_routing(std::string_view node, bool up) {
  Node& router = nodes_[index_of(node)];
  if (!router.forwards) throw MeasurementError(fmt::format("{} runs no FRR", node));
  router.routing = up;
  links_from_.assign(nodes_.size(), {});
}

}  // namespace cats::sim
