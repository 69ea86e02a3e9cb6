// UPDATE: nothing crashes, and what decodes without a problem encodes to something that decodes to the same.
// The first octet chooses the session, the rest is the message's body.
#include "bgp/message.h"
#include "bgp/update.h"
#include "tests/fuzz/expect.h"

using namespace cats::bgp;
using cats::fuzz::expect;

namespace {

SessionParameters session_of(std::uint8_t choice) {
  SessionParameters s;
  s.local_as = 65000;
  s.four_octet_as = (choice & 0x01) != 0;
  s.peer_as = (choice & 0x02) != 0 ? 65000 : 65101;
  s.families = {ipv4_unicast, ipv6_unicast, {25, 70}};
  if ((choice & 0x04) != 0) {
    s.add_path_rx.push_back(ipv4_unicast);
  }
  if ((choice & 0x08) != 0) {
    s.add_path_rx.push_back(ipv6_unicast);
  }
  s.add_path_tx = s.add_path_rx;
  const unsigned mode = choice >> 4 & 0x3;
  s.edge_metadata_negotiated = s.edge_metadata_peer_announced = s.edge_metadata_any_family = mode == 1;
  s.edge_metadata_transit = mode >= 2;
  return s;
}

// Flags are chosen by who sends; of received ones the extended length and the unused bits say nothing.
Update comparable(Update u) {
  if (u.attributes.edge_metadata) {
    u.attributes.edge_metadata->flags &= attribute_flag::partial;
  }
  return u;
}

void frames_within(ByteView stream, std::size_t limit, std::size_t count) {
  while (!stream.empty()) {
    const NextMessage next = next_message(stream, true);
    const auto* frame = std::get_if<Frame>(&next);
    expect(frame != nullptr && frame->whole.size() <= limit, "what is sent is well framed");
    stream = stream.subspan(frame->whole.size());
    --count;
  }
  expect(count == 0, "as many messages as said");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  SessionParameters session = session_of(data[0]);
  const DecodedUpdate decoded = decode_update(std::as_bytes(std::span(data + 1, size - 1)), session);
  const RouteChanges changes = route_changes(decoded);
  expect(decoded.action == ErrorAction::none || !decoded.problems.empty(), "an action has a cause");
  expect(decoded.action < ErrorAction::afi_safi_disable || decoded.notification, "a reset has a NOTIFICATION");
  expect(decoded.action != ErrorAction::treat_as_withdraw || changes.announced.empty(), "nothing survives a withdraw");
  if (decoded.action != ErrorAction::none) {
    return 0;
  }
  static_cast<void>(end_of_rib(decoded));

  Bytes small;
  if (const auto sent = encode_update(decoded.update, session, small)) {
    frames_within(small, max_size, sent->messages);
  }
  session.extended_messages = true;
  Bytes whole;
  const auto sent = encode_update(decoded.update, session, whole);
  expect(sent && sent->messages == 1, "what was received can be sent");
  const DecodedUpdate again = decode_update(ByteView(whole).subspan(header_size), session);
  expect(again.action == ErrorAction::none, "what is sent has no problem");
  if (session.four_octet_as) {  // AS4_PATH reconstruction may regroup segments
    expect(comparable(again.update) == comparable(decoded.update), "decode(encode(u)) is u");
  }
  return 0;
}
