#include "bgp/message.h"

#include <algorithm>
#include <iterator>

#include "bgp/attributes.h"

namespace cats::bgp {
namespace {

constexpr std::uint8_t capabilities_parameter = 2;
constexpr std::uint8_t extended_parameters = 255;  // RFC 9072

std::size_t least_size(MessageType type) {
  switch (type) {
    case MessageType::open:
      return 29;
    case MessageType::update:
    case MessageType::route_refresh:
      return 23;
    case MessageType::notification:
      return 21;
    case MessageType::keepalive:
      break;
  }
  return header_size;
}

std::size_t greatest_size(MessageType type, bool extended_messages) {
  if (type == MessageType::keepalive) {
    return header_size;
  }
  return extended_messages && type != MessageType::open ? max_extended_size : max_size;
}

Notification bad_length(std::uint16_t length) {
  Notification n{ErrorCode::message_header, header_error::bad_length, {}};
  Writer(n.data).u16(length);
  return n;
}

tl::unexpected<Notification> open_failure(std::uint8_t subcode, Bytes data = {}) {
  return tl::make_unexpected(Notification{ErrorCode::open_message, subcode, std::move(data)});
}

Decoded<std::vector<Capability>> decode_parameters(Reader r, const EdgeMetadataCodes& codes) {
  std::size_t length = r.u8();
  bool extended = false;
  // RFC 9072 section 2: 255 as first parameter type announces the extended form, whatever the length before says.
  if (length != 0 && r.remaining() != 0) {
    Reader ahead = r;
    if (ahead.u8() == extended_parameters) {
      length = ahead.u16();
      r = ahead;
      extended = true;
    }
  }
  if (!r.ok() || r.remaining() != length) {
    return open_failure(open_error::unspecific);
  }
  std::vector<Capability> all;
  while (!r.empty()) {
    const std::uint8_t type = r.u8();
    const std::size_t size = extended ? r.u16() : r.u8();
    const ByteView value = r.bytes(size);
    if (!r.ok()) {
      return open_failure(open_error::unspecific);
    }
    if (type != capabilities_parameter) {
      return open_failure(open_error::unsupported_parameter);
    }
    auto capabilities = decode_capabilities(value, codes);
    if (!capabilities) {
      return open_failure(open_error::unspecific);
    }
    all.insert(all.end(), std::move_iterator(capabilities->begin()), std::move_iterator(capabilities->end()));
  }
  return all;
}

}  // namespace

NextMessage next_message(ByteView buffer, bool extended_messages) {
  if (buffer.size() < header_size) {
    return NeedMore{header_size};
  }
  Reader r(buffer);
  const ByteView marker = r.bytes(16);
  if (std::any_of(marker.begin(), marker.end(), [](std::byte b) { return b != std::byte{0xff}; })) {
    return Notification{ErrorCode::message_header, header_error::not_synchronized, {}};
  }
  const std::uint16_t length = r.u16();
  const std::uint8_t type_code = r.u8();
  if (length < header_size || length > (extended_messages ? max_extended_size : max_size)) {
    return bad_length(length);
  }
  if (type_code < 1 || type_code > 5) {
    return Notification{ErrorCode::message_header, header_error::bad_type, {static_cast<std::byte>(type_code)}};
  }
  const auto type = static_cast<MessageType>(type_code);
  if (length < least_size(type) || length > greatest_size(type, extended_messages)) {
    return bad_length(length);
  }
  if (buffer.size() < length) {
    return NeedMore{length};
  }
  const ByteView whole = buffer.first(length);
  return Frame{type, whole, whole.subspan(header_size)};
}

std::uint32_t Open::effective_as() const {
  const auto* capability = find_capability<FourOctetAsCapability>(capabilities);
  return capability != nullptr ? capability->as : as;
}

Expected<Bytes> encode_open(const Open& open, const EdgeMetadataCodes& codes) {
  const auto capabilities = encode_capabilities(open.capabilities, codes);
  if (!capabilities) {
    return tl::make_unexpected(capabilities.error());
  }
  const std::size_t size = capabilities->size();
  Bytes out;
  Writer w(out);
  const std::size_t begin = begin_message(w, MessageType::open);
  w.u8(open.version);
  w.u16(static_cast<std::uint16_t>(open.as > 0xffff ? as_trans : open.as));
  w.u16(open.hold_time_s);
  w.u32(open.router_id);
  if (size == 0) {
    w.u8(0);
  } else if (size + 2 < 255) {
    w.u8(static_cast<std::uint8_t>(size + 2));
    w.u8(capabilities_parameter);
    w.u8(static_cast<std::uint8_t>(size));
  } else {
    w.u8(255);
    w.u8(extended_parameters);
    w.u16(static_cast<std::uint16_t>(size + 3));
    w.u8(capabilities_parameter);
    w.u16(static_cast<std::uint16_t>(size));
  }
  w.bytes(*capabilities);
  if (out.size() > max_size) {
    return fail("OPEN: {} octets of capabilities do not fit {} octets", size, max_size);
  }
  end_message(w, begin);
  return out;
}

Decoded<Open> decode_open(ByteView body, const EdgeMetadataCodes& codes) {
  Reader r(body);
  Open open;
  open.version = r.u8();
  open.as = r.u16();
  open.hold_time_s = r.u16();
  open.router_id = r.u32();
  if (!r.ok() || r.empty()) {
    return open_failure(open_error::unspecific);
  }
  if (open.version != 4) {
    return open_failure(open_error::unsupported_version, {std::byte{0}, std::byte{4}});
  }
  auto capabilities = decode_parameters(r, codes);
  if (!capabilities) {
    return tl::make_unexpected(std::move(capabilities.error()));
  }
  open.capabilities = std::move(*capabilities);
  if (open.effective_as() == 0) {
    return open_failure(open_error::bad_peer_as);  // RFC 7607
  }
  if (open.hold_time_s == 1 || open.hold_time_s == 2) {
    return open_failure(open_error::unacceptable_hold_time);
  }
  if (open.router_id == 0) {
    return open_failure(open_error::bad_identifier);
  }
  return open;
}

Bytes encode_keepalive() {
  Bytes out;
  Writer w(out);
  end_message(w, begin_message(w, MessageType::keepalive));
  return out;
}

Bytes encode_notification(const Notification& notification) {
  Bytes out;
  Writer w(out);
  const std::size_t begin = begin_message(w, MessageType::notification);
  w.u8(static_cast<std::uint8_t>(notification.code));
  w.u8(notification.subcode);
  w.bytes(ByteView(notification.data).first(std::min(notification.data.size(), max_size - header_size - 2)));
  end_message(w, begin);
  return out;
}

Decoded<Notification> decode_notification(ByteView body) {
  Reader r(body);
  Notification n;
  n.code = static_cast<ErrorCode>(r.u8());
  n.subcode = r.u8();
  if (!r.ok()) {
    return tl::make_unexpected(bad_length(static_cast<std::uint16_t>(header_size + body.size())));
  }
  n.data = to_bytes(r.rest());
  return n;
}

Bytes encode_route_refresh(const RouteRefresh& refresh) {
  Bytes out;
  Writer w(out);
  const std::size_t begin = begin_message(w, MessageType::route_refresh);
  w.u16(refresh.family.afi);
  w.u8(refresh.subtype);
  w.u8(refresh.family.safi);
  w.bytes(refresh.orf);
  end_message(w, begin);
  return out;
}

Decoded<RouteRefresh> decode_route_refresh(ByteView body) {
  Reader r(body);
  RouteRefresh refresh;
  refresh.family.afi = r.u16();
  refresh.subtype = r.u8();
  refresh.family.safi = r.u8();
  refresh.orf = to_bytes(r.rest());
  // RFC 7313 section 5: the begin and end markers have no filter part.
  if (!r.ok() || (refresh.subtype != RouteRefresh::normal && !refresh.orf.empty())) {
    return tl::make_unexpected(Notification{ErrorCode::route_refresh, 1, to_bytes(body)});
  }
  return refresh;
}

std::size_t begin_message(Writer& writer, MessageType type) {
  const std::size_t begin = writer.position();
  writer.fill(16, 0xff);
  writer.u16(0);
  writer.u8(static_cast<std::uint8_t>(type));
  return begin;
}

void end_message(Writer& writer, std::size_t begin) {
  writer.put_u16(begin + 16, static_cast<std::uint16_t>(writer.position() - begin));
}

}  // namespace cats::bgp
