#include "emulator/frr/neighbors.h"

namespace cats::frr {
namespace {

using nlohmann::json;

// The states of one protocol, read with `state_of` from what the daemon answers; without an answer, that is the state.
template <class Neighbor, class StateOf>
std::vector<NeighborState> states(const Router& router, const std::string& protocol, const std::string& daemon,
                                  const std::string& command, const std::vector<Neighbor>& expected,
                                  const std::string& wanted, StateOf state_of) {
  std::vector<NeighborState> found;
  if (expected.empty()) return found;
  const auto answer = router.show_json(daemon, command);
  for (const auto& neighbor : expected) {
    const std::string state = answer ? state_of(*answer, neighbor) : answer.error().message;
    found.push_back(
        {router.name(), protocol, neighbor.node, state.empty() ? "absent" : state, state.starts_with(wanted)});
  }
  return found;
}

}  // namespace

std::string NeighborState::str() const {
  return fmt::format("{}: {} neighbor {} is {}", router, protocol, neighbor, state);
}

std::vector<NeighborState> ospf6_states(const Router& router, const std::vector<topologies::OspfNeighbor>& expected) {
  return states(router, "OSPFv3", "ospf6d", "show ipv6 ospf6 neighbor json", expected, "Full",
                [](const json& answer, const topologies::OspfNeighbor& neighbor) -> std::string {
                  for (const auto& entry : answer.value("neighbors", json::array()))
                    if (entry.value("interfaceName", "") == neighbor.interface &&
                        entry.value("neighborId", "") == neighbor.router_id)
                      return entry.value("state", "");
                  return "";
                });
}

std::vector<NeighborState> ospf_states(const Router& router, const std::vector<topologies::OspfNeighbor>& expected) {
  return states(router, "OSPFv2", "ospfd", "show ip ospf neighbor json", expected, "Full",
                [](const json& answer, const topologies::OspfNeighbor& neighbor) -> std::string {
                  const json neighbors = answer.value("neighbors", json::object());
                  for (const auto& entry : neighbors.value(neighbor.router_id, json::array()))
                    if (entry.value("ifaceName", "").starts_with(neighbor.interface + ":"))
                      return entry.value("nbrState", entry.value("state", ""));
                  return "";
                });
}

std::vector<NeighborState> bgp_states(const Router& router, const std::vector<topologies::BgpNeighbor>& expected) {
  return states(router, "BGP", "bgpd", "show bgp neighbors json", expected, "Established",
                [](const json& answer, const topologies::BgpNeighbor& neighbor) -> std::string {
                  return answer.value(neighbor.address.str(), json::object()).value("bgpState", "");
                });
}

}  // namespace cats::frr
