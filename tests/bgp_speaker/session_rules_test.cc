// Attribute 42 never leaves with flags that this peer must not get.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bgp/session.h"
#include "tests/bgp_speaker/session_fixture.h"

namespace cats::bgp::test {
namespace {

using ::testing::HasSubstr;

Session session_with(bool we_announce, bool they_announce, bool transit) {
  SessionConfig ours = session_config(), theirs = peer_config();
  ours.edge_metadata_capability = we_announce;
  ours.edge_metadata_transit = transit;
  theirs.edge_metadata_capability = they_announce;
  return session_in(SessionState::established, ours, peer_open(theirs));
}

// The flags octet of attribute 42 in one UPDATE.
std::uint8_t flags_of_metadata(ByteView update) {
  Reader reader(update.subspan(header_size));
  reader.bytes(reader.u16());
  Reader attributes = reader.sub(reader.u16());
  while (attributes.ok() && !attributes.empty()) {
    const std::uint8_t flags = attributes.u8();
    const std::uint8_t type = attributes.u8();
    attributes.bytes((flags & 0x10) != 0 ? attributes.u16() : attributes.u8());
    if (type == 42) {
      return flags;
    }
  }
  ADD_FAILURE() << "no attribute 42";
  return 0;
}

Bytes with_flags(std::uint8_t flags) {
  Update update = announcement();
  update.attributes.unknown = {{flags, 42, from_hex("0001 05 00 00000007").value()}};
  SessionParameters anything;
  anything.families = {ipv6_unicast};
  return encoded(update, anything);
}

TEST(EdgeMetadataRules, TransitFlagsToAnUnawarePeer) {
  Session session = session_with(true, false, true);
  ASSERT_TRUE(session.send(at(1s), with_metadata(announcement())));
  EXPECT_EQ(flags_of_metadata(session.take_output()) & 0xC0, 0xC0);
}

TEST(EdgeMetadataRules, StandardFlagsWhenBothAnnounced) {
  Session session = session_with(true, true, true);
  ASSERT_TRUE(session.send(at(1s), with_metadata(announcement())));
  EXPECT_EQ(flags_of_metadata(session.take_output()) & 0xC0, 0x80);
}

TEST(EdgeMetadataRules, NothingWithoutCapabilityAndTransit) {
  Session session = session_with(true, false, false);
  const auto sent = session.send(at(1s), with_metadata(announcement()));
  ASSERT_FALSE(sent);
  EXPECT_THAT(sent.error().message, HasSubstr("Edge Metadata Capability"));
  EXPECT_FALSE(session.has_output());
  EXPECT_TRUE(session.send(at(1s), announcement())) << "without the attribute the route goes";
}

TEST(EdgeMetadataRules, NothingToAnAwarePeerThatWeDidNotTell) {
  Session session = session_with(false, true, true);
  const auto sent = session.send(at(1s), with_metadata(announcement()));
  ASSERT_FALSE(sent) << "transit flags are an error for it, standard flags need both sides";
  EXPECT_FALSE(session.has_output());
}

TEST(EdgeMetadataRules, EncodedOctetsAreCheckedToo) {
  Session unaware = session_with(true, false, true);
  EXPECT_TRUE(unaware.admit(at(1s), with_flags(0xC0)));
  EXPECT_TRUE(unaware.admit(at(1s), with_flags(0xE0)));
  const auto standard = unaware.admit(at(1s), encode_keepalive() + with_flags(0x80));
  ASSERT_FALSE(standard);
  EXPECT_THAT(standard.error().message, HasSubstr("standard flags 0x80"));

  Session aware = session_with(true, true, true);
  EXPECT_TRUE(aware.admit(at(1s), with_flags(0x80)));
  const auto transit = aware.admit(at(1s), with_flags(0xC0));
  ASSERT_FALSE(transit);
  EXPECT_THAT(transit.error().message, HasSubstr("transit flags 0xc0"));
}

TEST(EdgeMetadataRules, EncodedOctetsAreWholeMessages) {
  Session session = session_with(true, false, true);
  const Bytes update = with_flags(0xC0);
  EXPECT_FALSE(session.admit(at(1s), ByteView(update).first(update.size() - 1)));
  EXPECT_FALSE(session.admit(at(1s), ByteView(update).subspan(1)));
  EXPECT_FALSE(session.admit(at(1s), message(MessageType::update, from_hex("0000 00ff 40").value())));
  EXPECT_TRUE(session.admit(at(1s), update + update));
}

}  // namespace
}  // namespace cats::bgp::test
