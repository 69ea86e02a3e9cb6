#include "bgp/family.h"

#include <fmt/format.h>

namespace cats::bgp {

std::string Family::str() const {
  if (*this == ipv4_unicast) {
    return "ipv4-unicast";
  }
  if (*this == ipv6_unicast) {
    return "ipv6-unicast";
  }
  return fmt::format("afi {} safi {}", afi, safi);
}

}  // namespace cats::bgp
