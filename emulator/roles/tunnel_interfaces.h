// Tunnels that are there before anybody steers, as interfaces: where FRR chooses the instance of a new flow, by a route
// to the CS-ID through an interface (southbound_frr.h), and FRR knows no SRv6 route.
//
// Per instance a veth pair, both ends in the ingress' namespace. A flow's first packet leaves through the near end and
// comes in again at the far end; the connection gets the instance's mark there, and the packet goes by the instance's
// table, whose route encapsulates. Every later packet has that mark when it arrives (flow_table.h) and does not see the
// interfaces. Flows and their counts in the flow table have mark 0: it did not choose.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "emulator/kernel/namespace.h"

namespace cats::roles {

struct TunnelInterface {
  std::string near;  // FRR's next hop; at most 15 octets, as every name of an interface
  std::string far;
  bool v6 = true;  // of the service
  std::uint32_t mark = 0;
  std::uint32_t table = 0;
};

// After the rule of the mark (kernel::kMarkRulePriority): a flow that has an instance stays with it.
inline constexpr std::uint32_t kTunnelRulePriority = 1100;

// Interfaces, rules and marks. Returns once the interfaces are running. The tables and the rules of the marks are
// somebody else's. Throws SystemError, MeasurementError when a link does not run within 5 s, and UsageError when nft
// refuses, with its message.
void make_tunnel_interfaces(const kernel::Namespace& ns, const std::vector<TunnelInterface>& tunnels);

// TCP `ports` of the router (its VTYs, its gRPC server, which asks for no password) are answered to `managers` and to
// the router itself alone; others get no answer. Throws as above.
void guard_router_ports(const kernel::Namespace& ns, const std::vector<std::uint16_t>& ports,
                        const std::vector<IpAddress>& managers);

// What nft is given for both.
std::string tunnel_ruleset(const std::vector<TunnelInterface>& tunnels);
std::string guard_ruleset(const std::vector<std::uint16_t>& ports, const std::vector<IpAddress>& managers);

}  // namespace cats::roles
