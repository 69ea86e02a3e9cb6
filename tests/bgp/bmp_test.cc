#include "bgp/bmp.h"

#include <gmock/gmock.h>

#include "tests/bgp/support.h"

namespace cats::bgp {
namespace {

using namespace testing;

Bytes message(std::uint8_t type, const Bytes& content) {
  Bytes out;
  Writer w(out);
  w.u8(3);
  w.u32(static_cast<std::uint32_t>(content.size() + 6));
  w.u8(type);
  w.bytes(content);
  return out;
}

// An IPv6 peer 2001:2::5, AS 65101, identifier 10.0.0.5, at 1000.000250 s.
const Bytes peer = hex("00 80 0000000000000000 20010002000000000000000000000005 0000fe4d 0a000005 000003e8 000000fa");
const Bytes update = encode_keepalive();  // any whole BGP message

template <class T>
T decode_as(const Bytes& octets) {
  const auto decoded = decode_bmp(octets);
  EXPECT_TRUE(decoded) << decoded.error().message;
  return std::get<T>(*decoded);
}

TEST(Bmp, SizeFromTheCommonHeader) {
  const Bytes m = message(4, hex("0002 0002 7231"));
  EXPECT_EQ(bmp_message_size(ByteView(m).first(5)).value(), std::nullopt);
  EXPECT_EQ(bmp_message_size(m).value(), m.size());
  EXPECT_FALSE(bmp_message_size(hex("02 00000006 04")));
  EXPECT_FALSE(bmp_message_size(hex("03 00000005 04")));
  EXPECT_FALSE(bmp_message_size(hex("03 40000000 04")));
}

TEST(Bmp, Initiation) {
  const Bytes m = message(4, hex("0001 0003 465252 0002 0002 7231"));
  const auto decoded = decode_as<BmpInitiation>(m);
  ASSERT_EQ(decoded.information.size(), 2U);
  EXPECT_EQ(decoded.information[1].type, 2);
  EXPECT_EQ(to_hex(decoded.information[1].value), "7231");
  EXPECT_EQ(decode_as<BmpTermination>(message(5, hex("0001 0002 0001"))).information.size(), 1U);
}

TEST(Bmp, RouteMonitoringAndItsPeer) {
  const Bytes m = message(0, peer + update);
  const auto decoded = decode_as<BmpRouteMonitoring>(m);
  EXPECT_EQ(decoded.peer.address, IpAddress::of("2001:2::5"));
  EXPECT_EQ(decoded.peer.as, 65101U);
  EXPECT_EQ(decoded.peer.router_id, 0x0a000005U);
  EXPECT_EQ(decoded.peer.unix_ns(), 1'000'000'250'000);
  EXPECT_FALSE(decoded.peer.post_policy());
  EXPECT_EQ(to_hex(decoded.update), to_hex(update));
}

TEST(Bmp, AnIpv4PeerIsInTheLastFourOctets) {
  const Bytes v4 = hex("00 40 0000000000000000 000000000000000000000000c6120001 0000fe4d 0a000005 00000000 00000000");
  const Bytes m = message(2, v4 + hex("02 0001"));
  const auto decoded = decode_as<BmpPeerDown>(m);
  EXPECT_EQ(decoded.peer.address, IpAddress::of("198.18.0.1"));
  EXPECT_TRUE(decoded.peer.post_policy());
  EXPECT_EQ(decoded.reason, 2);
  EXPECT_EQ(to_hex(decoded.data), "0001");
}

TEST(Bmp, MirroringGivesTheExactOctetsForTheUpdateCodec) {
  Bytes out;
  Update u;
  u.mp_reach = MpReach{.next_hop = IpAddress::of("2001:2::1"), .nlri = {{IpPrefix::of("2001:2:0:ff::1/128")}}};
  u.attributes.origin = Origin::igp;
  u.attributes.as_path = AsPath::sequence({65101});
  u.attributes.edge_metadata = CarriedEdgeMetadata{{{CatsStamp{.sequence = 77}}}, 0xc0};
  ASSERT_TRUE(encode_update(u, external_session(), out));
  Bytes tlv;
  Writer w(tlv);
  w.u16(0);
  w.u16(static_cast<std::uint16_t>(out.size()));
  w.bytes(out);
  const Bytes m = message(6, peer + tlv + hex("0001 0002 0001"));
  const auto decoded = decode_as<BmpRouteMirroring>(m);
  EXPECT_THAT(decoded.information, ::testing::ElementsAre(1));
  ASSERT_EQ(decoded.messages.size(), 1U);
  EXPECT_EQ(decoded.messages[0].data(), m.data() + 6 + 42 + 4);  // a view, not a copy
  const Frame frame = std::get<Frame>(next_message(decoded.messages[0], true));
  EXPECT_EQ(decode_update(frame.body, external_session()).update, u);
}

TEST(Bmp, PeerUpTellsHowToReadThePeer) {
  const auto open_of = [](std::uint32_t as) {
    return encode_open(
               {.as = as,
                .router_id = 1,
                .capabilities = {MultiprotocolCapability{ipv6_unicast}, FourOctetAsCapability{as},
                                 AddPathCapability{{{ipv6_unicast, as == 65000 ? std::uint8_t{1} : std::uint8_t{2}}}}}})
        .value();
  };
  const Bytes m = message(3, peer + hex("20010002000000000000000000000001 00b3 8000") + open_of(65000) +
                                 open_of(65101) + hex("0000 0002 6869"));
  const auto decoded = decode_as<BmpPeerUp>(m);
  EXPECT_EQ(decoded.local_address, IpAddress::of("2001:2::1"));
  EXPECT_EQ(decoded.local_port, 179);
  EXPECT_EQ(decoded.remote_port, 32768);
  ASSERT_EQ(decoded.information.size(), 1U);
  const auto session = mirrored_session(decoded);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->local_as, 65000U);
  EXPECT_EQ(session->peer_as, 65101U);
  EXPECT_TRUE(session->receives_path_ids(ipv6_unicast));
  EXPECT_THAT(session->families, ::testing::ElementsAre(ipv6_unicast));
}

// FRR 8.4: "missing RX OPEN message for peer".
TEST(Bmp, AnOpenThatTheRouterForgotIsTakenToBeLikeItsOwn) {
  const Bytes sent = encode_open({.as = 65000,
                                  .router_id = 1,
                                  .capabilities = {MultiprotocolCapability{ipv6_unicast}, FourOctetAsCapability{65000},
                                                   AddPathCapability{{{ipv6_unicast, 1}}}}})
                         .value();
  const Bytes m = message(3, peer + hex("20010002000000000000000000000001 00b3 8000") + sent +
                                 hex("ffffffffffffffffffffffffffffffff 0013 01"));
  const auto up = decode_as<BmpPeerUp>(m);
  EXPECT_TRUE(lacks_received_open(up));
  const auto session = mirrored_session(up);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(session->peer_as, up.peer.as);
  EXPECT_THAT(session->families, ::testing::ElementsAre(ipv6_unicast));
  EXPECT_FALSE(session->receives_path_ids(ipv6_unicast));
}

TEST(Bmp, StatisticsAndUnknownTypes) {
  const auto statistics =
      decode_as<BmpStatistics>(message(1, peer + hex("00000002 0000 0004 00000001 0007 0008 0000000000000009")));
  ASSERT_EQ(statistics.counters.size(), 2U);
  EXPECT_EQ(statistics.counters[1].type, 7);
  EXPECT_EQ(decode_as<BmpUnknown>(message(9, hex("ab"))).type, 9);
}

TEST(Bmp, TruncatedMessagesAreRefused) {
  EXPECT_FALSE(decode_bmp(message(0, hex("0000"))));
  EXPECT_FALSE(decode_bmp(message(0, peer + hex("ffff"))));
  EXPECT_FALSE(decode_bmp(message(1, peer + hex("ffffffff 0000"))));
  EXPECT_FALSE(decode_bmp(message(3, peer)));
  EXPECT_FALSE(decode_bmp(message(4, hex("0000 0009 41"))));
  EXPECT_FALSE(decode_bmp(message(6, peer + hex("0001 0001 00"))) &&
               std::get<BmpRouteMirroring>(decode_bmp(message(6, peer + hex("0001 0001 00"))).value()).information[0]);
  EXPECT_FALSE(decode_bmp(message(4, {}) + hex("00")));
}

}  // namespace
}  // namespace cats::bgp
