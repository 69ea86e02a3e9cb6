#include "bgp/bmp.h"

#include <algorithm>
#include <array>

#include "bgp/message.h"

namespace cats::bgp {
namespace {

constexpr std::size_t common_header = 6;
enum Type : std::uint8_t {
  route_monitoring = 0,
  statistics = 1,
  peer_down = 2,
  peer_up = 3,
  initiation = 4,
  termination = 5,
  route_mirroring = 6,
};
constexpr std::uint8_t loc_rib_peer = 3;  // RFC 9069: its flags have no V bit
constexpr std::uint8_t v_flag = 0x80;

// Sixteen octets; an IPv4 address is in the last four.
IpAddress read_address(Reader& r, bool v6) {
  const ByteView octets = r.bytes(16);
  return r.ok() ? *IpAddress::from_bytes(v6 ? octets : octets.last(4)) : IpAddress();
}

BmpPeer read_peer(Reader& r) {
  BmpPeer peer;
  peer.type = r.u8();
  peer.flags = r.u8();
  peer.distinguisher = r.u64();
  peer.address = read_address(r, peer.type != loc_rib_peer && (peer.flags & v_flag) != 0);
  peer.as = r.u32();
  peer.router_id = r.u32();
  peer.seconds = r.u32();
  peer.microseconds = r.u32();
  return peer;
}

BmpTlv read_tlv(Reader& r) {
  const std::uint16_t type = r.u16();
  return {type, r.bytes(r.u16())};
}

std::vector<BmpTlv> read_tlvs(Reader& r) {
  std::vector<BmpTlv> all;
  while (!r.empty()) {
    all.push_back(read_tlv(r));
  }
  return all;
}

// The header of an OPEN, and nothing behind it: what FRR sends for an OPEN that it does not have.
bool is_bare_open(ByteView message) {
  constexpr std::array<std::byte, 3> length_and_type{std::byte{0}, std::byte{header_size}, std::byte{1}};
  return message.size() >= header_size &&
         std::ranges::all_of(message.first(16), [](std::byte b) { return b == std::byte{0xff}; }) &&
         std::ranges::equal(message.subspan(16, 3), length_and_type);
}

// One BGP message from the front; what it says must be well framed.
ByteView read_bgp_message(Reader& r) {
  Reader ahead = r;
  const ByteView rest = ahead.rest();
  if (is_bare_open(rest)) return r.bytes(header_size);
  const NextMessage next = next_message(rest, true);
  const auto* frame = std::get_if<Frame>(&next);
  if (frame == nullptr) {
    r.fail();
    return {};
  }
  return r.bytes(frame->whole.size());
}

BmpStatistics read_statistics(Reader& r) {
  BmpStatistics s{read_peer(r), {}};
  const std::uint32_t count = r.u32();
  for (std::uint32_t i = 0; i < count && r.ok(); ++i) {
    s.counters.push_back(read_tlv(r));
  }
  return s;
}

BmpPeerUp read_peer_up(Reader& r) {
  BmpPeerUp up;
  up.peer = read_peer(r);
  up.local_address = read_address(r, up.peer.address.is_v6());
  up.local_port = r.u16();
  up.remote_port = r.u16();
  up.sent_open = read_bgp_message(r);
  up.received_open = read_bgp_message(r);
  up.information = read_tlvs(r);
  return up;
}

BmpRouteMirroring read_mirroring(Reader& r) {
  BmpRouteMirroring m{read_peer(r), {}, {}};
  while (!r.empty()) {
    const BmpTlv tlv = read_tlv(r);
    if (tlv.type == 0) {
      m.messages.push_back(tlv.value);
    } else if (tlv.type == 1) {
      Reader value(tlv.value);
      m.information.push_back(value.u16());
    }
  }
  return m;
}

BmpMessage read_body(std::uint8_t type, Reader& r) {
  switch (type) {
    case route_monitoring: {
      BmpRouteMonitoring m{read_peer(r), {}};
      m.update = read_bgp_message(r);
      return m;
    }
    case statistics:
      return read_statistics(r);
    case peer_down: {
      BmpPeerDown down{read_peer(r), r.u8(), {}};
      down.data = r.rest();
      return down;
    }
    case peer_up:
      return read_peer_up(r);
    case initiation:
      return BmpInitiation{read_tlvs(r)};
    case termination:
      return BmpTermination{read_tlvs(r)};
    case route_mirroring:
      return read_mirroring(r);
    default:
      return BmpUnknown{type, r.rest()};
  }
}

}  // namespace

Expected<std::optional<std::size_t>> bmp_message_size(ByteView buffer) {
  if (buffer.size() < common_header) {
    return std::nullopt;
  }
  Reader r(buffer);
  const std::uint8_t version = r.u8();
  const std::uint32_t length = r.u32();
  if (version != 3) {
    return fail("BMP: version {} is not 3", version);
  }
  if (length < common_header || length > bmp_max_size) {
    return fail("BMP: message length {} is not {} to {}", length, common_header, bmp_max_size);
  }
  return length;
}

Expected<BmpMessage> decode_bmp(ByteView message) {
  const auto size = bmp_message_size(message);
  if (!size) {
    return tl::make_unexpected(size.error());
  }
  if (*size != message.size()) {
    return fail("BMP: {} octets are not one message", message.size());
  }
  Reader r(message.subspan(common_header));
  const auto type = std::to_integer<std::uint8_t>(message[common_header - 1]);
  BmpMessage decoded = read_body(type, r);
  if (!r.ok()) {
    return fail("BMP: message type {} of {} octets is truncated", type, message.size());
  }
  return decoded;
}

Expected<SessionParameters> mirrored_session(const BmpPeerUp& up, const EdgeMetadataCodes& codes) {
  const auto open_of = [&](ByteView message) {
    return decode_open(message.subspan(std::min(header_size, message.size())), codes);
  };
  const auto sent = open_of(up.sent_open);
  const auto received = lacks_received_open(up) ? sent : open_of(up.received_open);
  if (!sent || !received) {
    return fail("BMP peer up of {}: {}", up.peer.address, (sent ? received : sent).error().str());
  }
  const std::uint32_t peer_as = lacks_received_open(up) ? up.peer.as : received->effective_as();
  return negotiate(sent->capabilities, received->capabilities, peer_as,
                   {.local_as = sent->effective_as(), .codes = codes});
}

bool lacks_received_open(const BmpPeerUp& up) { return up.received_open.size() <= header_size; }

}  // namespace cats::bgp
