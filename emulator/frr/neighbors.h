// Whether a router's protocols are really up: every expected neighbor and the state that FRR reports for it.
#pragma once

#include <string>
#include <vector>

#include "emulator/frr/router.h"
#include "topologies/routing.h"

namespace cats::frr {

struct NeighborState {
  std::string router;
  std::string protocol;  // "OSPFv3", "OSPFv2", "BGP"
  std::string neighbor;  // node name
  std::string state;     // as FRR says it; "absent" when it knows no such neighbor
  bool up = false;

  std::string str() const;  // "r1: OSPFv3 neighbor r2 is ExStart"
};

std::vector<NeighborState> ospf6_states(const Router& router, const std::vector<topologies::OspfNeighbor>& expected);
std::vector<NeighborState> ospf_states(const Router& router, const std::vector<topologies::OspfNeighbor>& expected);
std::vector<NeighborState> bgp_states(const Router& router, const std::vector<topologies::BgpNeighbor>& expected);

}  // namespace cats::frr
