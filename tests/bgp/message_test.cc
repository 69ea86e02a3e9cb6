#include "bgp/message.h"

#include <gmock/gmock.h>

#include "tests/bgp/support.h"

namespace cats::bgp {
namespace {

using testing::hex;
using testing::operator+;

const Bytes marker(16, std::byte{0xff});

Notification error_of(const Bytes& buffer, bool extended = false) {
  const NextMessage next = next_message(buffer, extended);
  const auto* error = std::get_if<Notification>(&next);
  EXPECT_NE(error, nullptr);
  return error != nullptr ? *error : Notification{};
}

TEST(Framing, WaitsForHeaderThenForLength) {
  EXPECT_EQ(std::get<NeedMore>(next_message(ByteView(marker).first(5))).octets, 19U);
  EXPECT_EQ(std::get<NeedMore>(next_message(marker + hex("0020 02"))).octets, 32U);
}

TEST(Framing, TakesTheFirstOfTwo) {
  const Bytes two = encode_keepalive() + encode_notification({ErrorCode::cease, 2, {}});
  const Frame frame = std::get<Frame>(next_message(two));
  EXPECT_EQ(frame.type, MessageType::keepalive);
  EXPECT_EQ(frame.whole.size(), 19U);
  EXPECT_TRUE(frame.body.empty());
  const Frame second = std::get<Frame>(next_message(ByteView(two).subspan(19)));
  EXPECT_EQ(second.type, MessageType::notification);
  EXPECT_EQ(to_hex(second.body), "0602");
}

TEST(Framing, RefusesMarkerLengthAndType) {
  Bytes wrong = encode_keepalive();
  wrong[3] = std::byte{0};
  EXPECT_EQ(error_of(wrong), (Notification{ErrorCode::message_header, header_error::not_synchronized, {}}));
  EXPECT_EQ(error_of(marker + hex("0012 04")),
            (Notification{ErrorCode::message_header, header_error::bad_length, hex("0012")}));
  EXPECT_EQ(error_of(marker + hex("0014 04 00")),
            (Notification{ErrorCode::message_header, header_error::bad_length, hex("0014")}));
  EXPECT_EQ(error_of(marker + hex("0016 02 000000")),
            (Notification{ErrorCode::message_header, header_error::bad_length, hex("0016")}));
  EXPECT_EQ(error_of(marker + hex("0013 09")),
            (Notification{ErrorCode::message_header, header_error::bad_type, hex("09")}));
}

TEST(Framing, LongMessagesNeedTheCapabilityAndAreNeverOpen) {
  const Bytes update = marker + hex("1001 02");
  EXPECT_EQ(error_of(update).subcode, header_error::bad_length);
  EXPECT_EQ(std::get<NeedMore>(next_message(update, true)).octets, 4097U);
  EXPECT_EQ(error_of(marker + hex("1001 01"), true).subcode, header_error::bad_length);
}

Open full_open() {
  return {
      .as = 4200000000,
      .hold_time_s = 9,
      .router_id = 0x0a000001,
      .capabilities = {MultiprotocolCapability{ipv4_unicast}, MultiprotocolCapability{ipv6_unicast},
                       RouteRefreshCapability{}, ExtendedNextHopCapability{{{1, 1, 2}}}, ExtendedMessagesCapability{},
                       FourOctetAsCapability{4200000000}, AddPathCapability{{{ipv6_unicast, AddPathCapability::both}}},
                       EdgeMetadataCapability{.any_family = true, .families = {ipv6_unicast}},
                       UnknownCapability{64, hex("4078")}}};
}

TEST(Open, IsTheOctetsOfTheRfc) {
  const auto encoded = encode_open(full_open());
  ASSERT_TRUE(encoded);
  EXPECT_EQ(to_hex(ByteView(*encoded).subspan(16)),
            "004d"
            "01"
            "04"
            "5ba0"
            "0009"
            "0a000001"
            "30"
            "022e"
            "010400010001"
            "010400020001"
            "0200"
            "0506000100010002"
            "0600"
            "4104fa56ea00"
            "450400020103"
            "ee0481000201"
            "40024078");
}

TEST(Open, ComesBack) {
  const auto encoded = encode_open(full_open());
  ASSERT_TRUE(encoded);
  Open expected = full_open();
  expected.as = as_trans;
  const auto decoded = decode_open(ByteView(*encoded).subspan(header_size));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, expected);
  EXPECT_EQ(decoded->effective_as(), 4200000000U);
}

TEST(Open, ManyCapabilitiesUseTheExtendedForm) {
  Open open{.as = 65001, .router_id = 1};
  for (std::uint8_t code = 130; code < 140; ++code) {
    open.capabilities.emplace_back(UnknownCapability{code, Bytes(200)});
  }
  const auto encoded = encode_open(open);
  ASSERT_TRUE(encoded);
  EXPECT_EQ(to_hex(ByteView(*encoded).subspan(28, 7)), "ffff07e70207e4");
  const auto decoded = decode_open(ByteView(*encoded).subspan(header_size));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, open);
  open.capabilities.assign(20, UnknownCapability{131, Bytes(250)});
  EXPECT_FALSE(encode_open(open));
}

TEST(Open, ReceivesTheExtendedFormWhateverTheOldLengthSays) {
  const auto decoded = decode_open(hex("04 fde9 005a 0a000001 01 ff 0005 02 0002 0200"));
  ASSERT_TRUE(decoded);
  EXPECT_THAT(decoded->capabilities, ::testing::ElementsAre(RouteRefreshCapability{}));
}

TEST(Open, CapabilitiesMaySpanSeveralParameters) {
  const auto decoded = decode_open(hex("04 fde9 005a 0a000001 0a 02 02 0200 02 04 0600 4600"));
  ASSERT_TRUE(decoded);
  EXPECT_THAT(decoded->capabilities, ::testing::ElementsAre(RouteRefreshCapability{}, ExtendedMessagesCapability{},
                                                            UnknownCapability{70, {}}));
}

TEST(Open, RefusalsCarryTheRightCode) {
  const auto code = [](std::string_view text) {
    const auto decoded = decode_open(hex(text));
    EXPECT_FALSE(decoded);
    return decoded ? Notification{} : decoded.error();
  };
  const auto open_error_of = [](std::uint8_t subcode, Bytes data = {}) {
    return Notification{ErrorCode::open_message, subcode, std::move(data)};
  };
  EXPECT_EQ(code("03 fde9 005a 0a000001 00"), open_error_of(open_error::unsupported_version, hex("0004")));
  EXPECT_EQ(code("04 0000 005a 0a000001 00"), open_error_of(open_error::bad_peer_as));
  EXPECT_EQ(code("04 fde9 0002 0a000001 00"), open_error_of(open_error::unacceptable_hold_time));
  EXPECT_EQ(code("04 fde9 005a 00000000 00"), open_error_of(open_error::bad_identifier));
  EXPECT_EQ(code("04 fde9 005a 0a000001 03 01 01 00"), open_error_of(open_error::unsupported_parameter));
  EXPECT_EQ(code("04 fde9 005a 0a000001 05 02 02 0200"), open_error_of(open_error::unspecific));
  EXPECT_EQ(code("04 fde9 005a 0a000001 04 02 02 0205"), open_error_of(open_error::unspecific));
  EXPECT_EQ(code("04 fde9 005a"), open_error_of(open_error::unspecific));
}

TEST(Capabilities, WhatDoesNotParseIsKept) {
  const auto all = decode_capabilities(hex("0103 000201 4504 00020109 ee03 820002 0201 00"));
  ASSERT_TRUE(all);
  EXPECT_THAT(*all, ::testing::ElementsAre(UnknownCapability{1, hex("000201")}, UnknownCapability{69, hex("00020109")},
                                           UnknownCapability{238, hex("820002")}, UnknownCapability{2, hex("00")}));
  const auto again = encode_capabilities(*all);
  ASSERT_TRUE(again);
  EXPECT_EQ(to_hex(*again),
            "010300020145040002"
            "0109ee038200020201"
            "00");
}

TEST(Capabilities, TheEdgeMetadataCodeIsASetting) {
  const EdgeMetadataCodes codes{.capability = 200};
  const std::vector<Capability> ours = {EdgeMetadataCapability{.families = {ipv4_unicast, ipv6_unicast}}};
  const auto encoded = encode_capabilities(ours, codes);
  ASSERT_TRUE(encoded);
  EXPECT_EQ(to_hex(*encoded), "c80702000101000201");
  EXPECT_EQ(decode_capabilities(*encoded, codes).value(), ours);
  EXPECT_TRUE(std::holds_alternative<UnknownCapability>(decode_capabilities(*encoded).value()[0]));
}

TEST(Negotiation, TakesWhatBothHave) {
  const std::vector<Capability> ours = full_open().capabilities;
  const std::vector<Capability> theirs = {MultiprotocolCapability{ipv6_unicast}, FourOctetAsCapability{65001},
                                          AddPathCapability{{{ipv6_unicast, AddPathCapability::send}}}};
  const SessionParameters s = negotiate(ours, theirs, 65001, {.local_as = 65000});
  EXPECT_TRUE(s.four_octet_as);
  EXPECT_FALSE(s.extended_messages);
  EXPECT_FALSE(s.route_refresh);
  EXPECT_FALSE(s.internal());
  EXPECT_THAT(s.families, ::testing::ElementsAre(ipv6_unicast));
  EXPECT_TRUE(s.receives_path_ids(ipv6_unicast));
  EXPECT_FALSE(s.sends_path_ids(ipv6_unicast));
  EXPECT_FALSE(s.receives_path_ids(ipv4_unicast));
}

TEST(Negotiation, WithoutMultiprotocolThereIsIpv4Alone) {
  EXPECT_THAT(negotiate(full_open().capabilities, {}, 65001, {}).families, ::testing::ElementsAre(ipv4_unicast));
}

TEST(Negotiation, EdgeMetadataNeedsBothAndNeverMixesModes) {
  const std::vector<Capability> any = {EdgeMetadataCapability{.any_family = true}};
  const std::vector<Capability> v6 = {EdgeMetadataCapability{.families = {ipv6_unicast}}};
  const auto mode = [](const std::vector<Capability>& ours, const std::vector<Capability>& theirs, Family family,
                       bool transit = true) {
    return negotiate(ours, theirs, 65001, {.edge_metadata_transit = transit}).send_mode(family);
  };
  EXPECT_EQ(mode(any, any, ipv4_unicast), EdgeMetadataMode::standard);
  EXPECT_EQ(mode(any, v6, ipv6_unicast), EdgeMetadataMode::standard);
  EXPECT_EQ(mode(v6, any, ipv4_unicast), EdgeMetadataMode::none);  // the peer is aware: no transit flags either
  EXPECT_EQ(mode({}, v6, ipv6_unicast), EdgeMetadataMode::none);
  EXPECT_EQ(mode(v6, {}, ipv6_unicast), EdgeMetadataMode::transit);
  EXPECT_EQ(mode(v6, {}, ipv6_unicast, false), EdgeMetadataMode::none);
}

TEST(Notification, SaysItInWords) {
  EXPECT_EQ((Notification{ErrorCode::update_message, update_error::malformed_as_path, {}}).str(),
            "UPDATE message error: malformed AS_PATH (3/11)");
  EXPECT_EQ((Notification{ErrorCode::hold_timer_expired, 0, {}}).str(), "hold timer expired (4/0)");
  EXPECT_EQ((Notification{ErrorCode::cease, cease_error::administrative_shutdown, hex("026f6b")}).str(),
            "cease: administrative shutdown (6/2): \"ok\"");
  EXPECT_EQ((Notification{static_cast<ErrorCode>(99), 7, hex("0102")}).str(),
            "unknown error: unknown subcode (99/7) data 0102");
}

TEST(Notification, ComesBackAndNeverExceedsAMessage) {
  const Notification n{ErrorCode::open_message, 7, hex("010203")};
  EXPECT_EQ(decode_notification(ByteView(encode_notification(n)).subspan(header_size)).value(), n);
  EXPECT_EQ(encode_notification({ErrorCode::cease, 2, Bytes(9000)}).size(), 4096U);
  EXPECT_FALSE(decode_notification(hex("06")));
}

TEST(RouteRefresh, ComesBackWithFilterOctets) {
  const RouteRefresh refresh{.family = ipv6_unicast, .subtype = RouteRefresh::normal, .orf = hex("0102")};
  const Bytes encoded = encode_route_refresh(refresh);
  EXPECT_EQ(to_hex(ByteView(encoded).subspan(16)),
            "00190500020001"
            "0102");
  EXPECT_EQ(decode_route_refresh(ByteView(encoded).subspan(header_size)).value(), refresh);
  EXPECT_EQ(decode_route_refresh(hex("0002 01 01 00")).error().code, ErrorCode::route_refresh);
}

}  // namespace
}  // namespace cats::bgp
