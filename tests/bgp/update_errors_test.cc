// RFC 7606 case by case.
#include <gmock/gmock.h>

#include "tests/bgp/support.h"

namespace cats::bgp {
namespace {

using namespace testing;
using enum ErrorAction;

const Bytes good = mp_reach + origin + as_path;

DecodedUpdate decode(const Bytes& attributes, const Bytes& nlri = {},
                     const SessionParameters& session = external_session()) {
  return decode_update(body({}, attributes, nlri), session);
}

// One attribute beside good ones.
struct Case {
  const char* name;
  const char* attribute;
  ErrorAction action;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class OneAttribute : public ::testing::TestWithParam<Case> {};

TEST_P(OneAttribute, CostsWhatTheRfcSays) {
  const DecodedUpdate decoded = decode(good + hex(GetParam().attribute));
  EXPECT_EQ(decoded.action, GetParam().action) << (decoded.problems.empty() ? "" : decoded.problems[0].what);
  const RouteChanges changes = route_changes(decoded);
  const bool keeps = decoded.action <= attribute_discard;
  EXPECT_EQ(changes.announced.size(), keeps ? 1U : 0U);
  EXPECT_EQ(changes.withdrawn.size(), decoded.action == treat_as_withdraw ? 1U : 0U);
  EXPECT_EQ(decoded.notification.has_value(), decoded.action == session_reset);
}

INSTANTIATE_TEST_SUITE_P(Rfc7606, OneAttribute,
                         ::testing::Values(Case{"repeated", "40010102", attribute_discard},                      //
                                           Case{"mp_reach_twice", "800e00", session_reset},                      //
                                           Case{"unknown_well_known", "40c80101", session_reset},                //
                                           Case{"unknown_optional", "c0c80101", none},                           //
                                           Case{"unknown_non_transitive", "80c80101", none},                     //
                                           Case{"med_wrong_flags", "c00404 00000001", treat_as_withdraw},        //
                                           Case{"med_partial_flag_alone", "a00404 00000001", none},              //
                                           Case{"med_short", "800403 000001", treat_as_withdraw},                //
                                           Case{"next_hop_long", "400305 0102030405", treat_as_withdraw},        //
                                           Case{"local_pref_external", "400504 00000064", attribute_discard},    //
                                           Case{"local_pref_external_short", "400501 64", attribute_discard},    //
                                           Case{"originator_external", "800904 00000064", attribute_discard},    //
                                           Case{"cluster_list_external", "800a04 00000064", attribute_discard},  //
                                           Case{"atomic_aggregate_long", "400601 00", attribute_discard},        //
                                           Case{"aggregator_short", "c00706 000100000001", attribute_discard},   //
                                           Case{"communities_empty", "c00800", treat_as_withdraw},               //
                                           Case{"communities_odd", "c00805 0000000100", treat_as_withdraw},      //
                                           Case{"extended_communities_odd", "c01004 00000001", treat_as_withdraw},
                                           Case{"large_communities_odd", "c0200b 0000000000000000000000",
                                                treat_as_withdraw},
                                           Case{"as4_path_from_new_speaker", "c01106 0201 0000fe4d", attribute_discard},
                                           Case{"as4_path_wrong_flags", "401106 0201 0000fe4d", attribute_discard},
                                           Case{"prefix_sid_overrun", "c02803 010009", attribute_discard},  //
                                           Case{"prefix_sid_bad_service", "c02806 050003 000100", treat_as_withdraw},
                                           Case{"edge_metadata_empty", "c02a00", treat_as_withdraw},  //
                                           Case{"list_ends_in_flags", "c0", treat_as_withdraw},       //
                                           Case{"list_ends_in_length", "d0c800", treat_as_withdraw},  //
                                           Case{"attribute_overruns", "c0c80201", treat_as_withdraw}),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(UpdateErrors, MandatoryAttributesMustBeThere) {
  EXPECT_EQ(decode(mp_reach + as_path).action, treat_as_withdraw);
  EXPECT_EQ(decode(mp_reach + origin).action, treat_as_withdraw);
  EXPECT_EQ(decode(origin + as_path, v4_prefix).action, treat_as_withdraw);  // no NEXT_HOP
  EXPECT_EQ(decode(origin + as_path + next_hop, v4_prefix).action, none);
  EXPECT_EQ(decode(good, {}, internal_session()).action, treat_as_withdraw);  // no LOCAL_PREF
  EXPECT_EQ(decode(good + local_pref, {}, internal_session()).action, none);
}

TEST(UpdateErrors, OriginAndPathValues) {
  EXPECT_EQ(decode(mp_reach + as_path + hex("40010103")).action, treat_as_withdraw);
  EXPECT_EQ(decode(mp_reach + as_path + hex("4001020000")).action, treat_as_withdraw);
  for (const char* path : {"400206 0501 0000fe4d", "400206 0202 0000fe4d", "400202 0200", "400201 02"}) {
    EXPECT_EQ(decode(mp_reach + origin + hex(path)).action, treat_as_withdraw) << path;
  }
  EXPECT_EQ(decode(mp_reach + origin + hex("400200")).action, none);
}

TEST(UpdateErrors, TheFirstOfARepeatedAttributeCounts) {
  const DecodedUpdate decoded = decode(good + hex("800404 00000001") + hex("800404 00000002"));
  EXPECT_EQ(decoded.update.attributes.med, 1U);
  const DecodedUpdate twice = decode(good + hex("c02a08 0001050000000001") + hex("c02a08 0001050000000002"));
  EXPECT_EQ(twice.action, attribute_discard);
  EXPECT_EQ(find<SitePreference>(twice.update.attributes.edge_metadata->metadata)->index, 1U);
}

TEST(UpdateErrors, WithoutReachableNlriAWithdrawBecomesAReset) {  // section 5.2
  const Bytes mp_unreach = hex("800f14 0002 01 80 20010002000000ff0000000000000001");
  const DecodedUpdate unsure = decode(mp_unreach + hex("40010103"));
  EXPECT_EQ(unsure.action, session_reset);
  EXPECT_EQ(unsure.notification->subcode, update_error::malformed_attribute_list);
  EXPECT_EQ(decode(mp_unreach + hex("400601 00")).action, attribute_discard);
  EXPECT_EQ(decode(mp_unreach).action, none);
  EXPECT_EQ(decode(hex("400f14 0002 01 80 20010002000000ff0000000000000001")).action, treat_as_withdraw);
}

TEST(UpdateErrors, ABadPrefixDisablesItsFamilyAlone) {
  const Bytes bad = hex("800e17 0002 01 10 20010002000000000000000000000001 00 8100");
  const DecodedUpdate decoded = decode(bad + origin + as_path + next_hop, v4_prefix);
  EXPECT_EQ(decoded.action, afi_safi_disable);
  EXPECT_EQ(decoded.disabled_family, ipv6_unicast);
  EXPECT_EQ(decoded.notification->subcode, update_error::optional_attribute);
  EXPECT_EQ(to_hex(decoded.notification->data), to_hex(bad));
  const RouteChanges changes = route_changes(decoded);
  ASSERT_EQ(changes.announced.size(), 1U);
  EXPECT_EQ(changes.announced[0].nlri.prefix, IpPrefix::of("198.18.1.0/24"));
  EXPECT_EQ(changes.announced[0].next_hop, IpAddress::of("198.18.0.1"));
}

TEST(UpdateErrors, ANextHopOfWrongLengthDisablesTheFamily) {
  EXPECT_EQ(decode(hex("800e09 0002 01 04 0a000001 00") + origin + as_path).action, session_reset);  // no NLRI either
  EXPECT_EQ(decode(hex("800e0b 0002 01 04 0a000001 00 0820") + origin + as_path).action, afi_safi_disable);
}

TEST(UpdateErrors, TwoFamiliesAtOnceAreAReset) {
  const Bytes v6 = hex("800e17 0002 01 10 20010002000000000000000000000001 00 8100");
  EXPECT_EQ(decode(v6 + hex("800f05 0001 01 21ff") + origin + as_path).action, session_reset);
}

TEST(UpdateErrors, TruncatedMpAttributesAreAReset) {
  EXPECT_EQ(decode(hex("800e04 0002 01 10") + origin + as_path).action, session_reset);
  EXPECT_EQ(decode(hex("800f02 0002")).action, session_reset);
}

TEST(UpdateErrors, AFamilyThatWasNotNegotiatedIsLeftOut) {
  SessionParameters v4_only = external_session();
  v4_only.families = {ipv4_unicast};
  const DecodedUpdate decoded = decode(good, {}, v4_only);
  EXPECT_EQ(decoded.action, attribute_discard);
  EXPECT_FALSE(decoded.update.mp_reach);
  EXPECT_EQ(end_of_rib(decode(hex("800f03 0002 01"), {}, v4_only)), std::nullopt);
}

TEST(UpdateErrors, MessageLengthsAndIpv4PrefixesAreAReset) {
  const auto subcode = [](const Bytes& octets) {
    const DecodedUpdate decoded = decode_update(octets, external_session());
    EXPECT_EQ(decoded.action, session_reset);
    return decoded.notification->subcode;
  };
  EXPECT_EQ(subcode(hex("0005 0000")), update_error::malformed_attribute_list);
  EXPECT_EQ(subcode(hex("0000 0009 00")), update_error::malformed_attribute_list);
  EXPECT_EQ(subcode(hex("")), update_error::malformed_attribute_list);
  EXPECT_EQ(subcode(body(hex("21 0102030405"), {}, {})), update_error::invalid_network_field);
  EXPECT_EQ(subcode(body({}, origin + as_path + next_hop, hex("18 c612"))), update_error::invalid_network_field);
}

TEST(UpdateErrors, ALocalProblemWithdrawsIpv4AndIpv6Alike) {
  const DecodedUpdate decoded = decode(good + next_hop + hex("800403 000001"), v4_prefix);
  const RouteChanges changes = route_changes(decoded);
  EXPECT_TRUE(changes.announced.empty());
  EXPECT_EQ(changes.withdrawn.size(), 2U);
}

TEST(UpdateErrors, AScopeElsewhereWithdraws) {
  const Bytes scoped = good + hex("c02a08 0007 05 00 0000fde9");  // AS 65001
  EXPECT_EQ(decode(scoped).action, treat_as_withdraw);
  SessionParameters s = external_session();
  s.recognised_as_scopes = {65001};
  EXPECT_EQ(decode(scoped, {}, s).action, none);
}

TEST(UpdateErrors, WithoutAModeAttribute42IsAnUnknownOne) {
  const SessionParameters s = with_mode(external_session(), EdgeMetadataMode::none);
  const DecodedUpdate decoded = decode(good + hex("c02a00"), {}, s);
  EXPECT_EQ(decoded.action, none);
  EXPECT_THAT(decoded.update.attributes.unknown, ::testing::ElementsAre(UnknownAttribute{0xc0, 42, {}}));
}

}  // namespace
}  // namespace cats::bgp
