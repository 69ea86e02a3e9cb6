// BGP Monitoring Protocol, version 3 (RFC 7854): what a router says about its peers. Receiving side, views into the
// buffer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/ip.h"
#include "bgp/capability.h"
#include "bgp/wire.h"

namespace cats::bgp {

struct BmpPeer {  // the per-peer header, section 4.2
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint64_t distinguisher = 0;
  IpAddress address;
  std::uint32_t as = 0;
  std::uint32_t router_id = 0;
  std::uint32_t seconds = 0;  // wall clock of the router; 0 where it does not say
  std::uint32_t microseconds = 0;

  bool post_policy() const { return (flags & 0x40) != 0; }
  bool two_octet_as_path() const { return (flags & 0x20) != 0; }
  std::int64_t unix_ns() const { return (std::int64_t{seconds} * 1'000'000 + microseconds) * 1000; }
};

struct BmpTlv {
  std::uint16_t type = 0;
  ByteView value;
};

struct BmpRouteMonitoring {
  BmpPeer peer;
  ByteView update;  // a whole BGP message
};
struct BmpStatistics {
  BmpPeer peer;
  std::vector<BmpTlv> counters;
};
struct BmpPeerDown {
  BmpPeer peer;
  std::uint8_t reason = 0;
  ByteView data;  // reasons 1 and 3: a NOTIFICATION message; 2: a state machine event
};
struct BmpPeerUp {
  BmpPeer peer;
  IpAddress local_address;
  std::uint16_t local_port = 0, remote_port = 0;
  ByteView sent_open, received_open;  // whole BGP messages
  std::vector<BmpTlv> information;
};
struct BmpInitiation {
  std::vector<BmpTlv> information;  // 0 text, 1 sysDescr, 2 sysName
};
struct BmpTermination {
  std::vector<BmpTlv> information;  // 0 text, 1 reason
};
struct BmpRouteMirroring {
  BmpPeer peer;
  std::vector<ByteView> messages;          // TLV 0: exactly the octets the peer sent
  std::vector<std::uint16_t> information;  // TLV 1: 0 errored message, 1 messages lost
};
struct BmpUnknown {
  std::uint8_t type = 0;
  ByteView body;
};

using BmpMessage = std::variant<BmpRouteMonitoring, BmpStatistics, BmpPeerDown, BmpPeerUp, BmpInitiation,
                                BmpTermination, BmpRouteMirroring, BmpUnknown>;

// Octets of the first message in `buffer`, nothing while its six-octet header is not there, an error when this is not
// BMP version 3 or the length makes no sense (then the connection is of no more use).
Expected<std::optional<std::size_t>> bmp_message_size(ByteView buffer);
inline constexpr std::size_t bmp_max_size = 1 << 20;

// `message` is one whole message. What it returns points into it.
Expected<BmpMessage> decode_bmp(ByteView message);

// How to read what this peer sends (mirrored messages): from the two OPENs, the router's being ours. Where the peer's
// is missing, it is taken to offer what the router offered.
Expected<SessionParameters> mirrored_session(const BmpPeerUp& up, const EdgeMetadataCodes& codes = {});
// FRR 8.4 forgets an OPEN that arrives on the other of two colliding connections, and sends a bare header in its place.
bool lacks_received_open(const BmpPeerUp& up);

}  // namespace cats::bgp
