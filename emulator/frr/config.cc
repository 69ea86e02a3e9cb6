#include "emulator/frr/config.h"

#include <stdexcept>

#include "topologies/routing.h"

namespace cats::frr {
namespace {

using topologies::BgpNeighbor;
using topologies::Interface;
using topologies::Node;
using topologies::Topology;

std::string preamble(const Node& router, const ConfigOptions& options) {
  const std::string& password = options.vty_password;
  return fmt::format("frr defaults traditional\nhostname {}\n{}!\n", router.name,
                     password.empty() ? "" : fmt::format("password {0}\nenable password {0}\n", password));
}

std::string staticd(const Node& router) {
  // The SIDs are routes of the kernel; this covers them in the IGP, and drops what is sent to a SID that is not there.
  return router.locator ? fmt::format("ipv6 route {} blackhole\n!\n", *router.locator) : "";
}

// Both protocols differ only in their words. Edge links are in the IGP so that next hops, the instances' own addresses,
// resolve, and so that replies find the hosts.
std::string ospf(const Topology& topology, const Node& router, const ConfigOptions& options, bool v3) {
  const std::string words = v3 ? "ipv6 ospf6" : "ip ospf";
  const auto passive = [&](const std::string& interface) {
    return fmt::format("interface {0}\n {1} area 0\n {1} passive\nexit\n!\n", interface, words);
  };
  std::string text;
  for (const Interface& interface : router.interfaces) {
    if (!is_router(topology.node(interface.peer).role)) {
      text += passive(interface.name);
      continue;
    }
    text += fmt::format(
        "interface {0}\n {1} area 0\n {1} network point-to-point\n {1} hello-interval {2}\n {1} dead-interval {3}\n"
        " {1} retransmit-interval {4}\nexit\n!\n",
        interface.name, words, options.ospf_hello_s, options.ospf_dead_s, options.ospf_retransmit_s);
  }
  text += passive("lo");
  text += v3 ? fmt::format("router ospf6\n ospf6 router-id {}\n", router.router_id)
             : fmt::format("router ospf\n ospf router-id {}\n", router.router_id);
  if (v3 && router.locator) text += " redistribute static\n";
  return text + "exit\n!\n";
}

std::string session(const BgpNeighbor& neighbor, const ConfigOptions& options) {
  std::string text =
      fmt::format(" neighbor {0} remote-as {1}\n neighbor {0} description {2}{3}\n", neighbor.address,
                  neighbor.as_number, neighbor.kind == BgpNeighbor::Kind::kAgent ? "agent of " : "", neighbor.node);
  if (neighbor.kind == BgpNeighbor::Kind::kInternal) {
    text += fmt::format(" neighbor {} update-source {}\n", neighbor.address, neighbor.local);
    text += fmt::format(" neighbor {} timers connect {}\n", neighbor.address, options.bgp_connect_s);
  } else {
    text += fmt::format(" neighbor {} passive\n", neighbor.address);
  }
  return text;
}

std::string address_family(const std::vector<BgpNeighbor>& neighbors, bool v4) {
  std::string text;
  for (const BgpNeighbor& neighbor : neighbors) {
    if (neighbor.address.is_v4() != v4) continue;
    text += fmt::format("  neighbor {} activate\n", neighbor.address);
    if (neighbor.kind != BgpNeighbor::Kind::kAgent) continue;
    text +=
        fmt::format("  neighbor {0} route-reflector-client\n  neighbor {0} addpath-tx-all-paths\n", neighbor.address);
  }
  if (text.empty()) return "";
  return fmt::format(
      " address-family {} unicast\n  maximum-paths 64\n  maximum-paths ibgp 64\n{} exit-address-family\n",
      v4 ? "ipv4" : "ipv6", text);
}

// Everything at router level comes before the first address family: such a command inside would leave it.
std::string bgpd(const Topology& topology, const Node& router, const ConfigOptions& options) {
  const std::vector<BgpNeighbor> neighbors = topologies::bgp_neighbors(topology, router);
  std::string text = fmt::format(
      "router bgp {}\n bgp router-id {}\n no bgp ebgp-requires-policy\n no bgp default ipv4-unicast\n"
      " bgp bestpath as-path multipath-relax\n timers bgp {} {}\n",
      topologies::kDomainAs, router.router_id, options.bgp_keepalive_s, options.bgp_hold_s);
  for (const BgpNeighbor& neighbor : neighbors) text += session(neighbor, options);
  if (options.bmp_port)
    text += fmt::format(
        " !\n bmp mirror buffer-limit 16777216\n bmp targets tap\n  bmp mirror\n"
        "  bmp connect {} port {} min-retry 100 max-retry 1000\n exit\n",
        options.bmp_address, *options.bmp_port);
  text += " !\n" + address_family(neighbors, true) + address_family(neighbors, false);
  return text + "exit\n!\n";
}

std::string commands(const Topology& topology, const Node& router, const std::string& daemon,
                     const ConfigOptions& options) {
  if (daemon == "zebra") return "";
  if (daemon == "staticd") return staticd(router);
  if (daemon == "ospf6d") return ospf(topology, router, options, true);
  if (daemon == "ospfd") return ospf(topology, router, options, false);
  if (daemon == "bgpd") return bgpd(topology, router, options);
  throw std::invalid_argument(fmt::format("no configuration for the daemon {}", daemon));
}

}  // namespace

std::string daemon_config(const Topology& topology, const Node& router, const std::string& daemon,
                          const ConfigOptions& options) {
  return preamble(router, options) + commands(topology, router, daemon, options);
}

std::string router_config(const Topology& topology, const Node& router, const ConfigOptions& options) {
  std::string text = preamble(router, options);
  for (const std::string& daemon : topologies::frr_daemons(topology, router))
    text += commands(topology, router, daemon, options);
  return text;
}

}  // namespace cats::frr
