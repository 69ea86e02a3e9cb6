// What bringing a topology up does, as data: an ordered list of operations that emulator/kernel applies, that
// `--dry-run` prints and that plan.txt of a run holds. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "topologies/routing.h"
#include "topologies/topology.h"

namespace cats::plan {

// "catsb-RUN-NODE", as kernel::namespace_name().
std::string namespace_name(const std::string& run, const std::string& node);

struct CreateNamespace {
  std::string node;
  std::string ns;
};

// Before the links are made: `default` keys reach every interface that is born later.
struct SetSysctls {
  std::string ns;
  std::vector<std::pair<std::string, std::string>> settings;  // keys with dots
};

// A veth pair, each end born in its namespace. The index is chosen so that no look-up is needed; it leaves room for the
// devices that some kernels put into every namespace.
struct CreateLink {
  struct End {
    std::string ns;
    std::string dev;
    int index = 0;
  };
  End a;
  End b;
  int mtu = 0;
};

struct AddAddress {
  std::string ns;
  std::string dev;
  IpPrefix address;
};

struct LinkUp {
  std::string ns;
  std::string dev;
};

// Returns once the kernel's link watch calls them RUNNING: packets sent earlier are lost.
struct WaitRunning {
  std::string ns;
  std::vector<std::string> devs;
};

struct AddRoute {
  std::string ns;
  IpPrefix destination;
  std::optional<IpAddress> via;
  std::string dev;
  bool local = false;  // type local, in the local table: an address for FREEBIND that is on no interface
};

// H.Encaps towards one instance, in the table that its mark selects.
struct AddEncapRoute {
  std::string ns;
  IpPrefix destination;  // the CS-ID
  IpAddress sid;
  std::string dev;  // any link to the core that is up: where the packet leaves is decided by the SID
  std::uint32_t table = 0;
};

struct AddLocalSid {
  std::string ns;
  IpAddress sid;
  IpAddress next_hop;  // IPv6: End.DX6; IPv4: End.DX4
  std::string dev;
};

struct AddRule {
  std::string ns;
  bool v6 = true;
  std::uint32_t priority = 0;
  std::uint32_t fwmark = 0;
  std::uint32_t table = 0;
};

// An interface that leads to one instance: a route through its near end decides where new flows go
// (docs/southbound.md).
struct AddTunnelInterfaces {
  struct Tunnel {
    std::string near;
    std::string far;
    bool v6 = true;
    std::uint32_t mark = 0;
    std::uint32_t table = 0;
  };
  std::string ns;
  std::vector<Tunnel> tunnels;
};

// Nobody but these, and the node itself, is answered at these TCP ports.
struct GuardPorts {
  std::string ns;
  std::vector<std::uint16_t> ports;
  std::vector<IpAddress> managers;
};

struct StartDaemon {
  std::string node;
  std::string ns;
  std::string daemon;  // of FRR
  // Where a controller reaches it: what it is told beside what every daemon is, and its TCP ports, which answer when it
  // is ready. Without them it has no port.
  std::vector<std::string> arguments = {};
  std::vector<std::uint16_t> ports = {};
};

// Until the daemon answers: zebra on its zserv.api, the others on their VTY socket.
struct WaitDaemon {
  std::string node;
  std::string ns;
  std::string daemon;
};

// Until the neighbors that need nobody else are there: OSPF full, iBGP established.
struct WaitNeighbors {
  std::string node;
  std::string ns;
  std::vector<topologies::OspfNeighbor> ospf6;
  std::vector<topologies::OspfNeighbor> ospf;  // OSPFv2; empty without IPv4
  std::vector<topologies::BgpNeighbor> bgp;    // internal ones only
};

using Operation =
    std::variant<CreateNamespace, SetSysctls, CreateLink, AddAddress, LinkUp, WaitRunning, AddRoute, AddEncapRoute,
                 AddLocalSid, AddRule, AddTunnelInterfaces, GuardPorts, StartDaemon, WaitDaemon, WaitNeighbors>;

struct Stage {
  std::string title;
  std::vector<Operation> operations;
};

// Stages come one after the other; operations of a stage in order, except that daemons of a stage start in parallel.
struct Plan {
  std::vector<Stage> stages;
};

// Where a controller reaches an ingress' FRR, at its loopback.
inline constexpr std::uint16_t kZebraVtyPort = 2601;
inline constexpr std::uint16_t kStaticdVtyPort = 2616;
inline constexpr std::uint16_t kStaticdGrpcPort = 50051;

// The near end of the instance's tunnel at every ingress: "tunnel1".
std::string tunnel_interface(std::uint32_t mark);

// Controllers steer the ingresses by FRR itself: by staticd's gRPC northbound when there is a module, else by its VTY.
struct FrrSouthbound {
  std::string grpc_module;  // a file

  bool operator==(const FrrSouthbound&) const = default;
};

struct Options {
  std::string run;
  // Namespaces, links and addresses alone, without waiting for the kernel's link watch (up to a second): a packet sent
  // at once may be lost.
  bool bare = false;
  std::optional<FrrSouthbound> frr = {};
};

Plan make_plan(const topologies::Topology& topology, const Options& options);

// One line per operation, in the words of iproute2 where it has some.
std::string text(const Operation& operation);
std::string text(const Plan& plan);

}  // namespace cats::plan
