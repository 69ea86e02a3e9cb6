#include "bgp/update.h"

#include <gmock/gmock.h>

#include "tests/bgp/support.h"

namespace cats::bgp {
namespace {

using namespace testing;
using ::testing::ElementsAre;

const IpPrefix cs_id = IpPrefix::of("2001:2:0:ff::1/128");
const IpAddress csci_id = IpAddress::of("2001:2::1");

Update cs_update() {
  Update u;
  u.mp_reach = MpReach{.next_hop = csci_id, .nlri = {{cs_id}}};
  u.attributes.origin = Origin::igp;
  u.attributes.as_path = AsPath::sequence({65101});
  return u;
}

TEST(Update, IsTheOctetsOfTheRfcWithMpReachFirst) {
  Update u = cs_update();
  u.attributes.edge_metadata = CarriedEdgeMetadata{{{SitePreference{100}}}};
  EXPECT_EQ(to_hex(encode_one(u, external_session())),
            to_hex(body({}, mp_reach + origin + as_path + hex("c02a08 0001 05 00 00000064"), {})));
}

TEST(Update, EveryAttributeComesBack) {
  Update u = cs_update();
  u.withdrawn = {{IpPrefix::of("198.18.0.0/15")}, {IpPrefix::of("0.0.0.0/0")}};
  u.nlri = {{IpPrefix::of("198.18.1.0/25")}, {IpPrefix::of("198.18.2.3/32")}};
  u.mp_unreach = MpUnreach{.withdrawn = {{IpPrefix::of("2001:2::/48")}}};
  u.mp_reach->link_local_next_hop = IpAddress::of("fe80::1");
  PathAttributes& a = u.attributes;
  a.as_path->segments.push_back({AsPath::SegmentType::set, {4200000001, 5}});
  a.next_hop = IpAddress::of("198.18.0.1");
  a.med = 5;
  a.local_pref = 200;
  a.atomic_aggregate = true;
  a.aggregator = Aggregator{4200000001, 0x0a000001};
  a.communities = {no_export, 0x00010002};
  a.originator_id = 0x0a000002;
  a.cluster_list = {1, 2, 3};
  a.large_communities = {{1, 2, 3}, {4200000000, 0, 1}};
  a.prefix_sid = PrefixSid::of(
      {.sid = IpAddress::of("2001:2:0:100::1"), .behavior = 16, .structure = Srv6Sid::Structure{32, 16, 16, 0, 0, 0}});
  a.edge_metadata = CarriedEdgeMetadata{{{SitePreference{1}, CatsStamp{.sequence = 9}}}, 0xc0};
  a.unknown = {{0xe0, 200, hex("010203")}, {0xd0, 201, hex("ab")}, {0xc0, 16, hex("0002fde800000001")}};
  const DecodedUpdate decoded = decode_update(encode_one(u, internal_session()), internal_session());
  EXPECT_EQ(decoded.action, ErrorAction::none);
  EXPECT_EQ(decoded.update, u);
}

TEST(Update, PathIdentifiersGoWhereTheSessionHasThem) {
  SessionParameters s = internal_session();
  s.add_path_rx = s.add_path_tx = {ipv6_unicast};
  Update u = cs_update();
  u.attributes.local_pref = 100;
  u.mp_reach->nlri = {{cs_id, 1}, {cs_id, 2}};
  const DecodedUpdate decoded = decode_update(encode_one(u, s), s);
  EXPECT_EQ(decoded.update, u);
  u.mp_reach->nlri[0].path_id = u.mp_reach->nlri[1].path_id = 0;
  EXPECT_EQ(decode_update(encode_one(u, internal_session()), internal_session()).update, u);
}

TEST(Update, TwoOctetSessionsCarryTheRealPathBeside) {
  SessionParameters s = external_session();
  s.four_octet_as = false;
  Update u = cs_update();
  u.attributes.as_path = AsPath::sequence({65101, 4200000000});
  u.attributes.aggregator = Aggregator{4200000000, 1};
  const Bytes sent = encode_one(u, s);
  EXPECT_EQ(decode_update(sent, s).update, u);
  // AS_PATH 65101 23456, AS4_PATH with both numbers.
  EXPECT_THAT(to_hex(sent), ::testing::HasSubstr("4002060202fe4d5ba0"));
  EXPECT_THAT(to_hex(sent), ::testing::HasSubstr("c0110a02020000fe4dfa56ea00"));
}

TEST(Update, AShorterAs4PathReplacesTheEndOfThePath) {  // RFC 6793 section 4.2.3
  SessionParameters s = external_session();
  s.four_octet_as = false;
  const auto path_of = [&](const Bytes& attributes) {
    return decode_update(body({}, mp_reach + origin + attributes, {}), s).update.attributes.as_path->str();
  };
  EXPECT_EQ(path_of(hex("400208 0203 fe4d 0007 5ba0") + hex("c0110a 0202 00000007 fa56ea00")), "65101 7 4200000000");
  EXPECT_EQ(path_of(hex("400204 0201 5ba0") + hex("c0110a 0202 00000007 fa56ea00")),
            "23456");  // the longer one is wrong
  // An AGGREGATOR that is not AS_TRANS: someone changed the path without knowing AS4_PATH.
  EXPECT_EQ(path_of(hex("400204 0201 5ba0") + hex("c00706 0007 0a000001") + hex("c01106 0201 fa56ea00") +
                    hex("c01208 fa56ea00 0a000001")),
            "23456");
}

TEST(Update, OtherFamiliesStayOctets) {
  SessionParameters s = external_session();
  s.families.push_back({25, 70});
  Update u = cs_update();
  u.mp_reach = MpReach{.family = {25, 70}, .raw_next_hop = hex("0a000001"), .raw_nlri = hex("01020304")};
  u.mp_unreach = MpUnreach{.family = {25, 70}, .raw_withdrawn = hex("ff")};
  const DecodedUpdate decoded = decode_update(encode_one(u, s), s);
  EXPECT_EQ(decoded.action, ErrorAction::none);
  EXPECT_EQ(decoded.update, u);
}

TEST(Update, Ipv4MayHaveAnIpv6NextHop) {  // RFC 8950
  Update u = cs_update();
  u.mp_reach = MpReach{.family = ipv4_unicast, .next_hop = csci_id, .nlri = {{IpPrefix::of("198.18.1.1/32")}}};
  EXPECT_EQ(decode_update(encode_one(u, external_session()), external_session()).update, u);
}

TEST(Update, HostBitsAreNeitherSentNorKept) {
  Update u = cs_update();
  u.mp_reach->nlri = {{IpPrefix::of("2001:2::ff/44")}};
  const Bytes sent = encode_one(u, external_session());
  EXPECT_EQ(decode_update(sent, external_session()).update.mp_reach->nlri[0].prefix, IpPrefix::of("2001:2::/44"));
  const Bytes received = body({}, origin + as_path + next_hop, hex("09 c6ff"));
  EXPECT_EQ(decode_update(received, external_session()).update.nlri[0].prefix, IpPrefix::of("198.128.0.0/9"));
}

TEST(Update, EdgeMetadataFlagsFollowTheSession) {
  Update u = cs_update();
  u.attributes.edge_metadata = CarriedEdgeMetadata{{{SitePreference{1}}}};
  const auto flags_sent = [&](EdgeMetadataMode mode) {
    const std::string text = to_hex(encode_one(u, with_mode(external_session(), mode)));
    const std::size_t at = text.find("2a080001050000000001");
    return at == std::string::npos ? std::string() : text.substr(at - 2, 2);
  };
  EXPECT_EQ(flags_sent(EdgeMetadataMode::standard), "80");
  EXPECT_EQ(flags_sent(EdgeMetadataMode::transit), "c0");
  EXPECT_EQ(flags_sent(EdgeMetadataMode::none), "");
  u.attributes.edge_metadata->flags = 0xf0;  // carried on from an unaware router
  EXPECT_EQ(flags_sent(EdgeMetadataMode::transit), "e0");
  EXPECT_EQ(flags_sent(EdgeMetadataMode::standard), "80");
  Bytes out;
  EXPECT_TRUE(encode_update(u, with_mode(external_session(), EdgeMetadataMode::none), out)->edge_metadata_left_out);
}

TEST(Update, SplitsPrefixesThatExceedTheMessage) {
  Update u = cs_update();
  u.attributes.next_hop = IpAddress::of("198.18.0.1");
  u.attributes.unknown = {{0xd0, 200, Bytes(300)}};
  u.mp_reach->nlri.clear();
  for (std::uint32_t i = 0; i < 1000; ++i) {
    u.mp_reach->nlri.push_back({IpPrefix::host(IpAddress::of("2001:2::").plus(i))});
    u.nlri.push_back({IpPrefix::host(IpAddress::of("198.18.0.0").plus(i))});
    u.withdrawn.push_back({IpPrefix::host(IpAddress::of("198.19.0.0").plus(i))});
  }
  u.mp_unreach = MpUnreach{.withdrawn = u.mp_reach->nlri};
  for (const bool extended : {false, true}) {
    SessionParameters s = external_session();
    s.extended_messages = extended;
    Bytes out = hex("00");  // what was there stays
    const auto sent = encode_update(u, s, out);
    ASSERT_TRUE(sent);
    ByteView stream = ByteView(out).subspan(1);
    Update all;
    std::size_t messages = 0;
    while (!stream.empty()) {
      const NextMessage next = next_message(stream, extended);
      const Frame frame = std::get<Frame>(next);
      stream = stream.subspan(frame.whole.size());
      ++messages;
      const DecodedUpdate one = decode_update(frame.body, s);
      ASSERT_EQ(one.action, ErrorAction::none);
      const auto append = [](std::vector<Nlri>& to, const std::vector<Nlri>& from) {
        to.insert(to.end(), from.begin(), from.end());
      };
      append(all.withdrawn, one.update.withdrawn);
      append(all.nlri, one.update.nlri);
      if (one.update.mp_reach) {
        if (!all.mp_reach) all.mp_reach = MpReach{.next_hop = csci_id};
        append(all.mp_reach->nlri, one.update.mp_reach->nlri);
      }
      if (one.update.mp_unreach) {
        if (!all.mp_unreach) all.mp_unreach = MpUnreach{};
        append(all.mp_unreach->withdrawn, one.update.mp_unreach->withdrawn);
      }
      if (one.update.announces()) {
        all.attributes = one.update.attributes;
      }
    }
    EXPECT_EQ(messages, sent->messages);
    EXPECT_EQ(messages > 1, !extended);
    EXPECT_EQ(all, u);
  }
}

TEST(Update, RefusesWhatHasNoEncodingAndLeavesTheBuffer) {
  const auto why = [](const Update& u) {
    Bytes out = hex("ab");
    const auto sent = encode_update(u, external_session(), out);
    EXPECT_EQ(to_hex(out), "ab");
    return sent ? "sent" : sent.error().message;
  };
  Update u = cs_update();
  u.attributes.unknown = {{0xc0, 200, Bytes(4100)}};
  EXPECT_EQ(why(u), "UPDATE: attributes and one prefix exceed the 4096 octets of a message on this session");
  u = cs_update();
  u.nlri = {{cs_id}};
  EXPECT_EQ(why(u), "UPDATE: 2001:2:0:ff::1/128 does not belong into ipv4-unicast");
  u = cs_update();
  u.attributes.next_hop = csci_id;
  EXPECT_EQ(why(u), "UPDATE: NEXT_HOP 2001:2::1 is not IPv4");
  u = cs_update();
  u.mp_reach->next_hop = IpAddress::of("198.18.0.1");
  EXPECT_EQ(why(u), "UPDATE: MP_REACH_NLRI: next hop 198.18.0.1 for ipv6-unicast");
  u = cs_update();
  u.attributes.as_path->segments.push_back({AsPath::SegmentType::set, {}});
  EXPECT_EQ(why(u), "UPDATE: AS_PATH: a segment of 0 AS numbers");
  u = cs_update();
  u.attributes.edge_metadata.emplace();
  EXPECT_EQ(why(u), "UPDATE: edge metadata: no sub-TLV");
}

TEST(EndOfRib, BothForms) {
  for (const Family family : {ipv4_unicast, ipv6_unicast}) {
    Bytes out;
    encode_end_of_rib(family, out);
    const Frame frame = std::get<Frame>(next_message(out));
    const DecodedUpdate decoded = decode_update(frame.body, external_session());
    EXPECT_EQ(decoded.action, ErrorAction::none);
    EXPECT_EQ(end_of_rib(decoded), family);
  }
  EXPECT_EQ(end_of_rib(decode_update(body({}, mp_reach + origin + as_path, {}), external_session())), std::nullopt);
  EXPECT_EQ(end_of_rib(decode_update(body(v4_prefix, {}, {}), external_session())), std::nullopt);
}

TEST(PrefixSid, GivesTheSid) {  // RFC 9252: L3 service, End.DX6 with a structure, and an unknown TLV before it
  const Bytes value = hex("630001ff") + hex("05 0022 00 01 001e 00 20010002000001000000000000000001 00 0010 00") +
                      hex("01 0006 20 10 10 00 00 00");
  const auto decoded = decode_prefix_sid(value);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->value, value);
  ASSERT_EQ(decoded->sids.size(), 1U);
  EXPECT_EQ(decoded->sids[0].sid, IpAddress::of("2001:2:0:100::1"));
  EXPECT_EQ(decoded->sids[0].behavior, 16);
  EXPECT_EQ(decoded->sids[0].structure, (Srv6Sid::Structure{32, 16, 16, 0, 0, 0}));
  EXPECT_EQ(to_hex(PrefixSid::of(decoded->sids[0]).value), to_hex(ByteView(value).subspan(4)));
}

TEST(PrefixSid, TellsWhatIsMalformed) {
  EXPECT_FALSE(decode_prefix_sid(hex("050010")).error().srv6_service);
  EXPECT_TRUE(decode_prefix_sid(hex("05 0004 00 01 0005")).error().srv6_service);
  EXPECT_TRUE(decode_prefix_sid(hex("05 0006 00 01 0002 0000")).error().srv6_service);
}

TEST(AsPath, LengthAndText) {
  const AsPath path{{{AsPath::SegmentType::confed_sequence, {65001}},
                     {AsPath::SegmentType::sequence, {1, 2}},
                     {AsPath::SegmentType::set, {3, 4}}}};
  EXPECT_EQ(path.length(), 3U);
  EXPECT_EQ(path.str(), "(65001) 1 2 {3,4}");
  EXPECT_TRUE(path.contains(4));
  EXPECT_FALSE(path.contains(5));
}

}  // namespace
}  // namespace cats::bgp
