// What tells one flow from another at layer 4.
#pragma once

#include <compare>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "base/ip.h"

namespace cats {

struct FlowTuple {
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol = 0;  // IPPROTO_TCP, …
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;

  auto operator<=>(const FlowTuple&) const = default;
};

// {"source", "sport", "destination", "dport", "protocol": "tcp"} as event logs and interfaces have it.
nlohmann::ordered_json to_json(const FlowTuple& tuple);

}  // namespace cats
