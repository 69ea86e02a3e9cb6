// BGP-4 messages but UPDATE (RFC 4271 section 4): framing, OPEN, NOTIFICATION, KEEPALIVE, ROUTE-REFRESH (RFC 2918,
// 7313).
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "bgp/capability.h"
#include "bgp/family.h"
#include "bgp/notification.h"
#include "bgp/wire.h"

namespace cats::bgp {

enum class MessageType : std::uint8_t { open = 1, update = 2, notification = 3, keepalive = 4, route_refresh = 5 };

inline constexpr std::size_t header_size = 19;
inline constexpr std::size_t max_size = 4096;
inline constexpr std::size_t max_extended_size = 65535;  // RFC 8654; OPEN and KEEPALIVE stay within max_size

// What a peer did wrong is answered with a NOTIFICATION.
template <class T>
using Decoded = tl::expected<T, Notification>;

// One message in a buffer. Views into it.
struct Frame {
  MessageType type = MessageType::keepalive;
  ByteView whole;  // with the header
  ByteView body;   // without
};

struct NeedMore {
  std::size_t octets = header_size;  // the least the buffer must hold before it is worth asking again
};

using NextMessage = std::variant<NeedMore, Frame, Notification>;

// Looks at the front of `buffer`; the caller drops frame.whole.size() octets after use. A wrong marker, length or type
// is a Notification (RFC 4271 section 6.1).
NextMessage next_message(ByteView buffer, bool extended_messages = false);

struct Open {
  std::uint8_t version = 4;
  std::uint32_t as = 0;  // written as AS_TRANS (23456) when it needs four octets
  std::uint16_t hold_time_s = 90;
  std::uint32_t router_id = 0;  // host order: 10.0.0.1 is 0x0a000001
  std::vector<Capability> capabilities{};

  // From the four-octet AS capability when there is one, else the two-octet field.
  std::uint32_t effective_as() const;
  bool operator==(const Open&) const = default;
};

// Error: capabilities too long for the 4096 octets of an OPEN. More than 255 octets of them use RFC 9072.
Expected<Bytes> encode_open(const Open& open, const EdgeMetadataCodes& codes = {});
// Takes capabilities from any number of parameters, RFC 9072 form included. Refuses version, identifier 0, and hold
// time 1 and 2 with the right codes; whether the AS is the expected one is the session's question.
Decoded<Open> decode_open(ByteView body, const EdgeMetadataCodes& codes = {});

Bytes encode_keepalive();
Bytes encode_notification(const Notification& notification);  // data cut so that it fits 4096 octets
Decoded<Notification> decode_notification(ByteView body);

struct RouteRefresh {
  static constexpr std::uint8_t normal = 0, begin = 1, end = 2;  // RFC 7313
  Family family;
  std::uint8_t subtype = normal;
  Bytes orf{};  // outbound route filter entries (RFC 5291), kept unread
  bool operator==(const RouteRefresh&) const = default;
};

Bytes encode_route_refresh(const RouteRefresh& refresh);
Decoded<RouteRefresh> decode_route_refresh(ByteView body);

// Marker, length (patched by end_message), type. Returns where the message begins.
std::size_t begin_message(Writer& writer, MessageType type);
void end_message(Writer& writer, std::size_t begin);

}  // namespace cats::bgp
