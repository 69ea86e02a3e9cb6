// Parts of a network that are lost on purpose while it runs, and come back.
#include <algorithm>
#include <variant>

#include "base/error.h"
#include "emulator/world.h"

namespace cats {
namespace {

constexpr const char* kZebra = "zebra";

// Everything that is not FRR's or the kernel's own: over this device, and no other.
std::vector<kernel::Route> own_routes(kernel::Netlink& netlink, const std::string& dev) {
  std::vector<kernel::Route> own;
  for (const bool v6 : {true, false}) {
    const std::vector<kernel::Route> all = netlink.routes(v6);
    for (const kernel::Route& route : all)
      if (route.protocol == kernel::kRouteProtocol && route.next_hops.size() == 1 && route.next_hops[0].dev == dev)
        own.push_back(route);
  }
  return own;
}

}  // namespace

frr::Router& World::routing(const std::string& node) {
  const auto router = routers_.find(node);
  if (router == routers_.end()) throw MeasurementError(fmt::format("{} runs no FRR", node));
  return router->second;
}

void World::lose_routing(const std::string& node) { routing(node).stop(); }

void World::restore_routing(const std::string& node) {
  frr::Router& router = routing(node);
  const Instant deadline = MonotonicClock().now() + options_.deadline;
  router.start(kZebra);
  router.wait_ready(kZebra, deadline);
  std::vector<std::string> others;
  for (const auto& [daemon, access] : daemons_.at(node))
    if (daemon != kZebra) others.push_back(daemon);
  for (const std::string& daemon : others) router.start(daemon);
  for (const std::string& daemon : others) router.wait_ready(daemon, deadline);
}

void World::set_link(const std::string& a, const std::string& b, bool up) {
  std::vector<topologies::LinkEnd> ends;
  for (const topologies::Link& link : topology_.links)
    if ((link.a.node == a && link.b.node == b) || (link.a.node == b && link.b.node == a))
      ends.insert(ends.end(), {link.a, link.b});
  if (ends.empty()) throw MeasurementError(fmt::format("there is no link between {} and {}", a, b));
  if (!up) {
    for (const topologies::LinkEnd& end : ends) take_down(end);
    return;
  }
  // Neither end is RUNNING before both are up.
  for (const topologies::LinkEnd& end : ends) netlink(end.node).set_up(end.interface);
  for (const topologies::LinkEnd& end : ends) bring_up(end);
}

void World::bring_links_up() {
  for (const topologies::Link& link : topology_.links)
    if (down_.contains({link.a.node, link.a.interface}) || down_.contains({link.b.node, link.b.interface}))
      set_link(link.a.node, link.b.node, true);
}

void World::take_down(const topologies::LinkEnd& end) {
  if (down_.contains({end.node, end.interface})) return;
  kernel::Netlink& kernel = netlink(end.node);
  std::vector<kernel::Route> routes = own_routes(kernel, end.interface);
  const auto& interfaces = topology_.node(end.node).interfaces;
  const auto other = std::ranges::find_if(interfaces, [&](const topologies::Interface& interface) {
    return interface.name != end.interface && !down_.contains({end.node, interface.name}) &&
           topologies::is_router(topology_.node(interface.peer).role);
  });
  if (other != interfaces.end())
    for (kernel::Route route : routes) {
      if (!std::holds_alternative<kernel::HEncaps>(route.encap)) continue;
      route.next_hops[0].dev = other->name;
      kernel.replace_route(route);
    }
  down_[{end.node, end.interface}] = std::move(routes);
  kernel.set_up(end.interface, false);
}

void World::bring_up(const topologies::LinkEnd& end) {
  const auto down = down_.find({end.node, end.interface});
  if (down == down_.end()) return;
  kernel::Netlink& kernel = netlink(end.node);
  const std::vector<kernel::InterfaceAddress> present = kernel.addresses();
  const topologies::Interface& interface = topology_.node(end.node).interface(end.interface);
  const auto add = [&](const IpPrefix& address) {
    const bool there = std::ranges::any_of(present, [&](const kernel::InterfaceAddress& one) {
      return one.dev == end.interface && one.address.address == address.address;
    });
    if (!there) kernel.add_address(end.interface, address);
  };
  add(interface.address);
  if (interface.address4) add(*interface.address4);
  kernel.wait_running({end.interface}, MonotonicClock().now() + options_.deadline);
  for (const kernel::Route& route : down->second) kernel.replace_route(route);
  down_.erase(down);
}

}  // namespace cats
