// What a session lets out, and the words it says goodbye with.
#include <algorithm>

#include "bgp/attributes.h"
#include "bgp/session.h"

namespace cats::bgp {
namespace {

constexpr std::size_t max_shutdown_text = 255;  // RFC 9003

Expected<void> check_edge_metadata(std::uint8_t flags, const SessionParameters& parameters) {
  const bool transitive = (flags & attribute_flag::transitive) != 0;
  if (transitive && parameters.edge_metadata_peer_announced) {
    return fail(
        "attribute {} with transit flags 0x{:02x} to AS {}: the peer announced the Edge Metadata Capability, and an "
        "aware peer treats them as an error",
        parameters.codes.attribute, flags, parameters.peer_as);
  }
  if (!transitive && !parameters.edge_metadata_negotiated) {
    return fail(
        "attribute {} with standard flags 0x{:02x} to AS {}: both sides must have announced the Edge Metadata "
        "Capability",
        parameters.codes.attribute, flags, parameters.peer_as);
  }
  return {};
}

Expected<void> check_update(ByteView body, const SessionParameters& parameters) {
  Reader update(body);
  update.bytes(update.u16());
  Reader attributes = update.sub(update.u16());
  while (attributes.ok() && !attributes.empty()) {
    const std::uint8_t flags = attributes.u8();
    const std::uint8_t type = attributes.u8();
    attributes.bytes((flags & attribute_flag::extended_length) != 0 ? attributes.u16() : attributes.u8());
    if (attributes.ok() && type == parameters.codes.attribute) {
      if (auto allowed = check_edge_metadata(flags, parameters); !allowed) {
        return allowed;
      }
    }
  }
  if (!update.ok() || !attributes.ok()) {
    return fail("UPDATE of {} octets whose lengths do not add up", body.size());
  }
  return {};
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string_view cut_utf8(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) {
    return text;
  }
  while (limit > 0 && continues(text[limit])) {
    --limit;
  }
  return text.substr(0, limit);
}

}  // namespace

Expected<void> check_outgoing(ByteView messages, const SessionParameters& parameters) {
  while (!messages.empty()) {
    const NextMessage next = next_message(messages, parameters.extended_messages);
    const auto* frame = std::get_if<Frame>(&next);
    if (frame == nullptr) {
      const auto* error = std::get_if<Notification>(&next);
      return fail("{} octets that are no whole BGP message{}{}", messages.size(), error == nullptr ? "" : ": ",
                  error == nullptr ? "" : error->str());
    }
    if (frame->type == MessageType::update) {
      if (auto allowed = check_update(frame->body, parameters); !allowed) {
        return allowed;
      }
    }
    messages = messages.subspan(frame->whole.size());
  }
  return {};
}

Notification shutdown_notification(std::string_view text, std::uint8_t subcode) {
  Notification notification{ErrorCode::cease, subcode, {}};
  text = cut_utf8(text, max_shutdown_text);
  if (!text.empty()) {
    notification.data.resize(1 + text.size(), static_cast<std::byte>(text.size()));
    std::ranges::copy(std::as_bytes(std::span(text)), notification.data.begin() + 1);
  }
  return notification;
}

std::string shutdown_text(const Notification& notification) {
  const bool has_text =
      notification.code == ErrorCode::cease && (notification.subcode == cease_error::administrative_shutdown ||
                                                notification.subcode == cease_error::administrative_reset);
  if (!has_text) {
    return "";
  }
  Reader reader(notification.data);
  const ByteView octets = reader.bytes(reader.u8());
  std::string text;
  std::ranges::transform(octets, std::back_inserter(text), [](std::byte b) { return static_cast<char>(b); });
  return text;
}

}  // namespace cats::bgp
