// Which service contact instance a route leads to.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/ip.h"

namespace cats::cpsel {

// The CSCI-ID where next hops are left unchanged on the way; where they are not (an egress's loopback, as the metadata
// draft expects), the next hop together with the path identifier.
struct InstanceId {
  IpAddress csci;
  std::uint32_t path_id = 0;  // 0 where the next hop alone is the key

  std::string str() const { return path_id == 0 ? csci.str() : csci.str() + "#" + std::to_string(path_id); }
  auto operator<=>(const InstanceId&) const = default;
};

}  // namespace cats::cpsel
