// The network that a run builds: a containerlab file with everything resolved. What the file does not give is allocated
// by position, so that the same file always gives the same addresses (docs/topologies.md):
//
//   loopback of router i        2001:2:0:ff::i/128                198.19.128.0 + i (also the router id)
//   link n                      2001:2:0:(1000+n)::1 and ::2 /64  198.18.0.0 + 4n + 1 and + 2 /30
//   locator of egress j         2001:2:0:(2000+j)::/64            a SID is the locator's address number `mark`
//   CS-ID of service s          2001:2:0:c5::s                    198.19.0.s
//   BGP listener of ingress g   2001:2:0:a9::g                    198.19.64.0 + g
//
// All counted from 1 in file order, subnets in hexadecimal. IPv4 appears only where a service uses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/diagnostics.h"
#include "base/error.h"
#include "base/ip.h"

namespace cats::topologies {

// The last two are the control plane of the centralized and hybrid modes (draft-yl-bmwg-cats-02, figure 1).
enum class Role { kHost, kIngress, kTransit, kEgress, kEdgeServer, kManager, kController };

inline constexpr std::uint32_t kDomainAs = 65000;
inline constexpr std::uint32_t kFirstEdgeAs = 65100;  // edge server i has 65100 + i
inline constexpr int kCoreMtu = 9000;                 // SRv6 encapsulation adds 64 octets to what an edge link carries
inline constexpr int kEdgeMtu = 1500;

std::string_view role_name(Role role);  // "edge-server": as the label `cats-role` has it
constexpr bool is_router(Role role) {
  return role == Role::kIngress || role == Role::kTransit || role == Role::kEgress;
}

struct Interface {
  std::string name;      // "eth1"
  std::size_t link = 0;  // in Topology::links
  std::string peer;      // the node at the other end
  std::string peer_interface;
  IpPrefix address;                  // IPv6
  std::optional<IpPrefix> address4;  // when Topology::has_ipv4()
};

struct Node {
  std::string name;
  Role role = Role::kTransit;
  std::string image;                  // of containerlab; not used by the built-in engine
  std::vector<Interface> interfaces;  // in link order

  // Routers.
  std::optional<IpAddress> loopback;
  std::optional<IpAddress> loopback4;  // when Topology::has_ipv4()
  std::string router_id;               // dotted quad
  // Egress routers.
  std::optional<IpPrefix> locator;
  // Ingress routers: where the agent's BGP listener lives, a `local` route on lo. Set per family that services use.
  std::optional<IpAddress> agent;
  std::optional<IpAddress> agent4;
  // Edge servers.
  std::uint32_t as_number = 0;
  std::optional<std::size_t> instance;  // in Topology::instances

  const Interface& interface(std::string_view interface_name) const;  // throws std::out_of_range
};

struct LinkEnd {
  std::string node;
  std::string interface;
};

struct Link {
  LinkEnd a;
  LinkEnd b;
  int mtu = kCoreMtu;
  bool core = false;  // both ends are routers
};

struct Service {
  std::string name;  // "service" when the file names none
  IpAddress cs_id;
  std::vector<std::size_t> instances;  // in Topology::instances, by number
};

struct Instance {
  std::size_t service = 0;   // in Topology::services
  std::string node;          // the edge server
  std::uint32_t number = 0;  // 1 … by ascending CSCI-ID within the service
  IpAddress csci;            // the edge server's address on its link to the egress, of the service's family
  std::string egress;
  std::string egress_interface;  // the egress' end of that link
  IpAddress sid;                 // End.DX6, or End.DX4 for an IPv4 service
  std::uint32_t mark = 0;        // service index × 256 + number
  std::uint32_t table = 0;       // 1000 + mark
};

struct Topology {
  std::string name;
  std::filesystem::path file;  // as it was named to load_topology
  std::vector<Node> nodes;     // in file order
  std::vector<Link> links;
  std::vector<Service> services;    // in order of first appearance
  std::vector<Instance> instances;  // by mark

  bool has_ipv4() const;  // some service is IPv4: links and routers have IPv4 addresses, and an OSPFv2 runs
  bool has_ipv6_service() const;
  const Node& node(std::string_view node_name) const;  // throws std::out_of_range
  std::vector<const Node*> with_role(Role role) const;
  std::vector<const Node*> routers() const;
};

// Everything that is wrong comes back at once, in file order.
tl::expected<Topology, Diagnostics> load_topology(const std::filesystem::path& file);
// The same for text; `file` is how messages call it.
tl::expected<Topology, Diagnostics> parse_topology(const std::string& text, const std::string& file);

// A file as given, else the shipped file of that name, with or without ".clab.yml". Fails naming what ships.
Expected<std::filesystem::path> find_topology(const std::string& name, const std::filesystem::path& shipped);

}  // namespace cats::topologies
