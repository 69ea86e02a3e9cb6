// The text of FRR configurations (written for 8.4). Each daemon has a file of its own and reads it with -f.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ip.h"
#include "topologies/topology.h"

namespace cats::frr {

struct ConfigOptions {
  // bgpd (with `-M bmp`) mirrors every BGP message that it receives to ADDRESS:PORT of its own namespace.
  std::optional<std::uint16_t> bmp_port;
  IpAddress bmp_address = IpAddress::of("::1");
  // Of the daemon's VTY over TCP, for login and for `enable`; begins with a letter or a digit. Empty: nobody gets in.
  std::string vty_password = {};
  int ospf_hello_s = 1;
  int ospf_dead_s = 4;
  int ospf_retransmit_s = 1;
  int bgp_keepalive_s = 3;
  int bgp_hold_s = 9;
  int bgp_connect_s = 1;
};

// The commands of one daemon: "zebra", "staticd", "ospf6d", "ospfd" or "bgpd". Throws std::invalid_argument for
// another.
std::string daemon_config(const topologies::Topology& topology, const topologies::Node& router,
                          const std::string& daemon, const ConfigOptions& options = {});
// All of the node's daemons, as /etc/frr/frr.conf holds it: for vtysh and for people.
std::string router_config(const topologies::Topology& topology, const topologies::Node& router,
                          const ConfigOptions& options = {});

}  // namespace cats::frr
