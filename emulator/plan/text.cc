#include "emulator/plan/plan.h"

namespace cats::plan {
namespace {

const char* ip(bool v4) { return v4 ? "ip" : "ip -6"; }
const char* ip(const IpAddress& address) { return ip(address.is_v4()); }

struct Words {
  std::string operator()(const CreateNamespace& o) const { return fmt::format("ip netns add {}", o.ns); }
  std::string operator()(const SetSysctls& o) const {
    std::string text = fmt::format("ip netns exec {} sysctl -q -w", o.ns);
    for (const auto& [key, value] : o.settings) text += fmt::format(" {}={}", key, value);
    return text;
  }
  std::string operator()(const CreateLink& o) const {
    return fmt::format("ip link add name {} index {} mtu {} netns {} type veth peer name {} index {} mtu {} netns {}",
                       o.a.dev, o.a.index, o.mtu, o.a.ns, o.b.dev, o.b.index, o.mtu, o.b.ns);
  }
  std::string operator()(const AddAddress& o) const {
    return fmt::format("ip -n {} address add {} dev {}{}", o.ns, o.address, o.dev,
                       o.address.address.is_v6() ? " nodad" : "");
  }
  std::string operator()(const LinkUp& o) const { return fmt::format("ip -n {} link set dev {} up", o.ns, o.dev); }
  std::string operator()(const WaitRunning& o) const {
    return fmt::format("wait until running in {}: {}", o.ns, fmt::join(o.devs, " "));
  }
  std::string operator()(const AddRoute& o) const {
    return fmt::format("{} -n {} route add {}{}{} dev {}{}", ip(o.destination.address), o.ns, o.local ? "local " : "",
                       o.destination, o.via ? fmt::format(" via {}", *o.via) : "", o.dev,
                       o.local ? " table local" : "");
  }
  std::string operator()(const AddEncapRoute& o) const {
    return fmt::format("{} -n {} route add {} encap seg6 mode encap segs {} dev {} table {}", ip(o.destination.address),
                       o.ns, o.destination, o.sid, o.dev, o.table);
  }
  std::string operator()(const AddLocalSid& o) const {
    const bool v4 = o.next_hop.is_v4();
    return fmt::format("ip -6 -n {} route add {} encap seg6local action {} {} {} dev {}", o.ns, o.sid,
                       v4 ? "End.DX4" : "End.DX6", v4 ? "nh4" : "nh6", o.next_hop, o.dev);
  }
  std::string operator()(const AddRule& o) const {
    return fmt::format("{} -n {} rule add fwmark {} lookup {} priority {}", ip(!o.v6), o.ns, o.fwmark, o.table,
                       o.priority);
  }
  std::string operator()(const AddTunnelInterfaces& o) const {
    std::string text = fmt::format("tunnel interfaces in {}:", o.ns);
    for (const auto& tunnel : o.tunnels)
      text += fmt::format(" {} (mark {}, table {}),", tunnel.near, tunnel.mark, tunnel.table);
    text.pop_back();
    return text;
  }
  std::string operator()(const GuardPorts& o) const {
    return fmt::format("guard TCP ports {} in {}: only {}", fmt::join(o.ports, ", "), o.ns,
                       fmt::join(o.managers, ", "));
  }
  std::string operator()(const StartDaemon& o) const {
    return fmt::format("start {} on {}{}{}", o.daemon, o.node, o.arguments.empty() ? "" : " with ",
                       fmt::join(o.arguments, " "));
  }
  std::string operator()(const WaitDaemon& o) const {
    return fmt::format("wait until {} on {} answers", o.daemon, o.node);
  }
  std::string operator()(const WaitNeighbors& o) const {
    std::string text = fmt::format("wait until {} has", o.node);
    const auto ospf = [&](const char* name, const std::vector<topologies::OspfNeighbor>& neighbors) {
      for (const auto& neighbor : neighbors)
        text += fmt::format(" {} {} ({}),", name, neighbor.node, neighbor.interface);
    };
    ospf("OSPFv3", o.ospf6);
    ospf("OSPFv2", o.ospf);
    for (const auto& neighbor : o.bgp) text += fmt::format(" BGP {} ({}),", neighbor.node, neighbor.address);
    text.pop_back();
    return text;
  }
};

}  // namespace

std::string text(const Operation& operation) { return std::visit(Words{}, operation); }

std::string text(const Plan& plan) {
  std::string result;
  std::size_t number = 0;
  for (const Stage& stage : plan.stages) {
    result += fmt::format("{}# {}. {}\n", number == 0 ? "" : "\n", number + 1, stage.title);
    ++number;
    for (const Operation& operation : stage.operations) result += text(operation) + '\n';
  }
  return result;
}

}  // namespace cats::plan
