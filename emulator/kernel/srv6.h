// SRv6 as the kernel's lightweight tunnels carry it (RFC 8986; linux/seg6_iptunnel.h, linux/seg6_local.h). libnl 3.7
// has no call for these, so the nested attributes are built and read here.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/ip.h"

namespace cats::kernel {

// H.Encaps: an outer IPv6 header with a segment routing header. segments are in the order of travel; never empty.
struct HEncaps {
  std::vector<IpAddress> segments;

  bool operator==(const HEncaps&) const = default;
};

// A local SID's behaviour.
struct Seg6Local {
  enum class Action { kEnd, kEndDx6, kEndDx4 };
  Action action = Action::kEnd;
  std::optional<IpAddress> next_hop;  // of End.DX6 (IPv6) and End.DX4 (IPv4)

  bool operator==(const Seg6Local&) const = default;
};

using Encap = std::variant<std::monostate, HEncaps, Seg6Local>;

// The two route attributes RTA_ENCAP_TYPE and RTA_ENCAP, ready to append to a route message or a next hop (padded to
// four octets). Throws UsageError when the values do not fit together (no segment, a next hop of the wrong family).
std::vector<std::byte> encap_attributes(const Encap& encap);

// Reads the payload of RTA_ENCAP. std::monostate for a tunnel type or behaviour not listed above.
Encap parse_encap(std::uint16_t encap_type, std::span<const std::byte> rta_encap);

// As `ip route` writes it: "encap seg6 mode encap segs 1 [ 2001:2::1 ]".
std::string describe(const Encap& encap);

}  // namespace cats::kernel
