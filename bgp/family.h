// Address family and subsequent address family (RFC 4760).
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace cats::bgp {

struct Family {
  std::uint16_t afi = 0;
  std::uint8_t safi = 0;

  std::string str() const;  // "ipv6-unicast"; "afi 25 safi 70" where it has no name here
  auto operator<=>(const Family&) const = default;
};

inline constexpr Family ipv4_unicast{1, 1};
inline constexpr Family ipv6_unicast{2, 1};

}  // namespace cats::bgp
