#include <algorithm>
#include <array>

#include "topologies/resolver.h"

namespace cats::topologies {

std::optional<IpPrefix> Resolver::given_prefix(const Given& given, const std::string& owner, bool v4) {
  const auto prefix = IpPrefix::parse(given.value);
  if (!prefix) {
    diagnostics_.add(given.place, fmt::format("{}: {}", owner, prefix.error().message));
  } else if (prefix->address.is_v4() != v4) {
    diagnostics_.add(given.place, fmt::format("{}: {} is not an IPv{} address", owner, given.value, v4 ? 4 : 6));
  } else if (!is_benchmarking(*prefix)) {
    diagnostics_.add(given.place, fmt::format("{}: {} is outside of the benchmarking range {}", owner, given.value,
                                              v4 ? "198.18.0.0/15" : "2001:2::/48"));
  } else {
    return *prefix;
  }
  return std::nullopt;
}

void Resolver::allocate_nodes() {
  std::size_t routers = 0, ingresses = 0, egresses = 0, edge_servers = 0;
  const bool v4 = topology_.has_ipv4();
  for (std::size_t i = 0; i < topology_.nodes.size(); ++i) {
    Node& node = topology_.nodes[i];
    if (node.role == Role::kEdgeServer) {
      node.as_number = kFirstEdgeAs + static_cast<std::uint32_t>(++edge_servers);
      continue;
    }
    if (!is_router(node.role)) continue;
    ++routers;
    node.loopback = loopback_address(routers);
    node.router_id = loopback4_address(routers).str();
    if (v4) node.loopback4 = loopback4_address(routers);
    if (const Given* given = label(i, "cats-address"))
      if (const auto prefix = given_prefix(*given, node.name + ": cats-address", false)) {
        if (prefix->length != 128)
          diagnostics_.add(given->place, fmt::format("{}: cats-address is one address, without a length", node.name));
        node.loopback = prefix->address;
      }
    book_.add(*node.loopback, node.name, place_of(i, "cats-address"));
    if (node.role == Role::kIngress) {
      ++ingresses;
      if (topology_.has_ipv6_service()) node.agent = agent_address(ingresses);
      if (v4) node.agent4 = agent4_address(ingresses);
      book_.add(agent_address(ingresses), "the agent of " + node.name, file_.nodes[i].place);
    }
    if (node.role == Role::kEgress) {
      node.locator = locator_prefix(++egresses);
      if (const Given* given = label(i, "cats-locator"))
        if (const auto prefix = given_prefix(*given, node.name + ": cats-locator", false)) {
          if (prefix->length > 96 || *prefix != prefix->network())
            diagnostics_.add(given->place,
                             fmt::format("{}: cats-locator {} is not a prefix of 96 bits or less, without host "
                                         "bits, such as {}",
                                         node.name, given->value, *node.locator));
          node.locator = prefix->network();
        }
    }
  }
}

void Resolver::allocate_link(std::size_t number) {
  const Link& link = topology_.links[number];
  const ClabLink& given = *given_links_[number];
  std::array<IpPrefix, 2> v6, v4;
  for (std::size_t end = 0; end < 2; ++end) {
    const ClabEnd& here = given.ends[end];
    const std::string owner = here.node + ":" + here.interface;
    Interface& interface =
        *std::ranges::find(topology_.nodes[*index_of(here.node)].interfaces, here.interface, &Interface::name);
    interface.address = link_address(number + 1, end);
    if (given.ipv6[end])
      if (const auto prefix = given_prefix(*given.ipv6[end], owner, false)) interface.address = *prefix;
    book_.add(interface.address.address, owner, given.ipv6[end] ? given.ipv6[end]->place : given.place);
    v6[end] = interface.address;
    IpPrefix address4 = link4_address(number + 1, end);
    if (given.ipv4[end])
      if (const auto prefix = given_prefix(*given.ipv4[end], owner, true)) address4 = *prefix;
    v4[end] = address4;
    if (!topology_.has_ipv4()) continue;
    interface.address4 = address4;
    book_.add(address4.address, owner, given.ipv4[end] ? given.ipv4[end]->place : given.place);
  }
  for (const auto& pair : {v6, v4})
    if (pair[0].network() != pair[1].network())
      diagnostics_.add(given.place, fmt::format("{} and {}: the ends {} and {} are not in one network", link.a.node,
                                                link.b.node, pair[0], pair[1]));
}

void Resolver::check_locators() {
  for (std::size_t i = 0; i < topology_.nodes.size(); ++i) {
    const Node& node = topology_.nodes[i];
    if (!node.locator) continue;
    const Place place = place_of(i, "cats-locator");
    book_.check_locator(*node.locator, node.name, place);
    for (const Node& other : topology_.nodes)
      if (&other != &node && other.locator && node.locator->contains(other.locator->address))
        diagnostics_.add(place,
                         fmt::format("{}: the locator {} contains that of {}", node.name, *node.locator, other.name));
  }
}

void Resolver::allocate_sids() {
  for (Instance& instance : topology_.instances)
    instance.sid = topology_.node(instance.egress).locator->address.plus(instance.mark);
}

}  // namespace cats::topologies
