#include "emulator/roles/tunnel_interfaces.h"

#include <chrono>

#include "base/clock.h"
#include "base/error.h"
#include "emulator/kernel/netlink.h"
#include "emulator/kernel/process.h"

namespace cats::roles {
namespace {

// No limit of its own: what a packet may measure, the links of the core say.
constexpr int kTunnelMtu = 9000;
constexpr Duration kTunnelRuns = std::chrono::seconds(5);

// Of both ends. Without ARP the kernel sends a frame to its own address, which is then the far end's too.
kernel::MacAddress tunnel_mac(std::uint32_t mark) {
  return {0x02, 0xca, 0x75, 0x00, static_cast<std::uint8_t>(mark >> 8), static_cast<std::uint8_t>(mark)};
}

void load_ruleset(const kernel::Namespace& ns, const std::string& ruleset) {
  const kernel::Output nft = kernel::run_program({"nft", "-f", "-"}, ruleset, &ns);
  if (!nft.status.success())
    throw UsageError(fmt::format("nft in ns {}: {}: {}", ns.name(), nft.status.str(), nft.err));
}

std::string begin_table(const char* name) {
  return fmt::format("add table inet {0}\ndelete table inet {0}\ntable inet {0} {{\n", name);
}

}  // namespace

std::string tunnel_ruleset(const std::vector<TunnelInterface>& tunnels) {
  // Before the flow table's chain, which gives the packet the connection's mark.
  std::string text = begin_table("cats_tunnels") +
                     "  chain prerouting {\n    type filter hook prerouting priority mangle - 1; policy accept;\n";
  for (const TunnelInterface& tunnel : tunnels)
    text += fmt::format("    iifname \"{}\" ct mark 0 ct mark set {}\n", tunnel.far, tunnel.mark);
  return text + "  }\n}\n";
}

std::string guard_ruleset(const std::vector<std::uint16_t>& ports, const std::vector<IpAddress>& managers) {
  const std::string these = fmt::format("tcp dport {{ {} }}", fmt::join(ports, ", "));
  std::string text = begin_table("cats_guard") +
                     "  chain input {\n    type filter hook input priority filter; policy accept;\n"
                     "    iifname \"lo\" accept\n";
  for (const IpAddress& manager : managers)
    text += fmt::format("    {} saddr {} {} accept\n", manager.is_v6() ? "ip6" : "ip", manager, these);
  return text + "    " + these + " drop\n  }\n}\n";
}

void make_tunnel_interfaces(const kernel::Namespace& ns, const std::vector<TunnelInterface>& tunnels) {
  kernel::Netlink netlink(ns);
  std::vector<std::string> ends;
  netlink.batch([&] {
    for (const TunnelInterface& tunnel : tunnels) {
      const kernel::MacAddress mac = tunnel_mac(tunnel.mark);
      netlink.add_veth({ns, tunnel.near, 0, mac}, {ns, tunnel.far, 0, mac}, kTunnelMtu);
      for (const std::string& end : {tunnel.near, tunnel.far}) {
        netlink.set_arp(end, false);
        netlink.set_up(end);
        ends.push_back(end);
      }
      netlink.add_rule({.v6 = tunnel.v6, .priority = kTunnelRulePriority, .iif = tunnel.far, .table = tunnel.table});
    }
  });
  load_ruleset(ns, tunnel_ruleset(tunnels));
  netlink.wait_running(ends, MonotonicClock().now() + kTunnelRuns);
}

void guard_router_ports(const kernel::Namespace& ns, const std::vector<std::uint16_t>& ports,
                        const std::vector<IpAddress>& managers) {
  load_ruleset(ns, guard_ruleset(ports, managers));
}

}  // namespace cats::roles
