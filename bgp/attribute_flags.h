// The Optional and Transitive bits that each attribute's own document states.
#pragma once

#include <cstdint>
#include <optional>

#include "bgp/attributes.h"

namespace cats::bgp {

// Nothing for attributes that are not known here. Attribute 42 is not in it: its flags depend on the session.
constexpr std::optional<std::uint8_t> stated_flags(std::uint8_t type) {
  constexpr std::uint8_t well_known = attribute_flag::transitive;
  constexpr std::uint8_t optional_non_transitive = attribute_flag::optional;
  constexpr std::uint8_t optional_transitive = attribute_flag::optional | attribute_flag::transitive;
  switch (static_cast<AttributeType>(type)) {
    case AttributeType::origin:
    case AttributeType::as_path:
    case AttributeType::next_hop:
    case AttributeType::local_pref:
    case AttributeType::atomic_aggregate:
      return well_known;
    case AttributeType::med:
    case AttributeType::originator_id:
    case AttributeType::cluster_list:
    case AttributeType::mp_reach:
    case AttributeType::mp_unreach:
      return optional_non_transitive;
    case AttributeType::aggregator:
    case AttributeType::communities:
    case AttributeType::extended_communities:
    case AttributeType::as4_path:
    case AttributeType::as4_aggregator:
    case AttributeType::large_communities:
    case AttributeType::prefix_sid:
      return optional_transitive;
    case AttributeType::edge_metadata:
      break;
  }
  return {};
}

}  // namespace cats::bgp
