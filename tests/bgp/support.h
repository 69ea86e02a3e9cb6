// Short ways to write octets, sessions and UPDATEs in tests.
#pragma once

#include <string_view>

#include <gtest/gtest.h>

#include "bgp/message.h"
#include "bgp/update.h"

namespace cats::bgp::testing {

inline Bytes hex(std::string_view text) { return from_hex(text).value(); }

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The body of an UPDATE.
inline Bytes body(const Bytes& withdrawn, const Bytes& attributes, const Bytes& nlri) {
  Bytes out;
  Writer w(out);
  w.u16(static_cast<std::uint16_t>(withdrawn.size()));
  w.bytes(withdrawn);
  w.u16(static_cast<std::uint16_t>(attributes.size()));
  w.bytes(attributes);
  w.bytes(nlri);
  return out;
}

// AS 65000 towards AS 65101, both unicast families, four-octet AS numbers, no add-path, attribute 42 in transit mode.
inline SessionParameters external_session() {
  SessionParameters s;
  s.local_as = 65000;
  s.peer_as = 65101;
  s.families = {ipv4_unicast, ipv6_unicast};
  return s;
}

inline SessionParameters internal_session() {
  SessionParameters s = external_session();
  s.peer_as = 65000;
  return s;
}

inline SessionParameters with_mode(SessionParameters s, EdgeMetadataMode mode) {
  const bool standard = mode == EdgeMetadataMode::standard;
  s.edge_metadata_negotiated = s.edge_metadata_peer_announced = s.edge_metadata_any_family = standard;
  s.edge_metadata_transit = mode == EdgeMetadataMode::transit;
  return s;
}

inline const Bytes origin = hex("40010100");
inline const Bytes as_path = hex("400206 0201 0000fe4d");  // 65101
inline const Bytes next_hop = hex("400304 c6120001");      // 198.18.0.1
inline const Bytes local_pref = hex("400504 00000064");
inline const Bytes v4_prefix = hex("18 c61201");  // 198.18.1.0/24
// 2001:2:0:ff::1/128 by 2001:2::1
inline const Bytes mp_reach =
    hex("800e26 0002 01 10 20010002000000000000000000000001 00 80 20010002000000ff0000000000000001");

// Sends one UPDATE; there must be exactly one message. Its body.
inline Bytes encode_one(const Update& update, const SessionParameters& session) {
  Bytes out;
  const auto done = encode_update(update, session, out);
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->messages, 1U);
  const NextMessage next = next_message(out, session.extended_messages);
  const auto* frame = std::get_if<Frame>(&next);
  EXPECT_NE(frame, nullptr);
  return frame != nullptr ? to_bytes(frame->body) : Bytes{};
}

}  // namespace cats::bgp::testing
