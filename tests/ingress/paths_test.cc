#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/roles/ingress_paths.h"

namespace cats::roles {
namespace {

using testing::ElementsAre;

const IpAddress kService = IpAddress::of("2001:2::100");
const IpAddress kA = IpAddress::of("2001:2::a");
const IpAddress kB = IpAddress::of("2001:2::b");

bgp::DecodedUpdate reach(const IpAddress& next_hop, std::uint32_t path, const IpAddress& prefix = kService) {
  bgp::DecodedUpdate decoded;
  decoded.update.mp_reach = bgp::MpReach{.next_hop = next_hop, .nlri = {{IpPrefix::host(prefix), path}}};
  return decoded;
}

bgp::DecodedUpdate unreach(std::uint32_t path) {
  bgp::DecodedUpdate decoded;
  decoded.update.mp_unreach = bgp::MpUnreach{.withdrawn = {{IpPrefix::host(kService), path}}};
  return decoded;
}

std::vector<std::string> text(const std::vector<PathChange>& changes) {
  std::vector<std::string> all;
  for (const PathChange& c : changes)
    all.push_back(fmt::format("{}{} path {}{}", c.kind == PathChange::Kind::announced ? "+" : "-", c.instance.str(),
                              c.path_id, c.last ? ", gone" : ""));
  return all;
}

TEST(PathTable, AnInstanceIsGoneWithItsLastPath) {
  PathTable table({{kService, false}});
  EXPECT_THAT(text(table.apply(reach(kA, 1))), ElementsAre("+2001:2::a path 1"));
  EXPECT_THAT(text(table.apply(reach(kA, 2))), ElementsAre("+2001:2::a path 2"));
  EXPECT_THAT(text(table.apply(unreach(1))), ElementsAre("-2001:2::a path 1"));
  EXPECT_THAT(text(table.apply(unreach(1))), ElementsAre());
  EXPECT_THAT(text(table.apply(unreach(2))), ElementsAre("-2001:2::a path 2, gone"));
  EXPECT_EQ(table.size(), 0u);
}

TEST(PathTable, APathThatChangesItsNextHopLeavesTheOldInstance) {
  PathTable table({{kService, false}});
  table.apply(reach(kA, 1));
  EXPECT_THAT(text(table.apply(reach(kB, 1))), ElementsAre("-2001:2::a path 1, gone", "+2001:2::b path 1"));
}

TEST(PathTable, KeyedByPathEachPathIsAnInstance) {
  PathTable table({{kService, true}});
  table.apply(reach(kA, 1));
  EXPECT_THAT(text(table.apply(reach(kA, 2))), ElementsAre("+2001:2::a#2 path 2"));
  EXPECT_THAT(text(table.apply(unreach(1))), ElementsAre("-2001:2::a#1 path 1, gone"));
}

TEST(PathTable, OtherPrefixesAreNotOurs) {
  PathTable table({{kService, false}});
  EXPECT_THAT(text(table.apply(reach(kA, 1, IpAddress::of("2001:2::101")))), ElementsAre());
  bgp::DecodedUpdate net = reach(kA, 1);
  net.update.mp_reach->nlri[0].prefix.length = 64;
  EXPECT_THAT(text(table.apply(net)), ElementsAre());
}

TEST(PathTable, AMalformedAttributeWithdraws) {
  PathTable table({{kService, false}});
  table.apply(reach(kA, 1));
  bgp::DecodedUpdate bad = reach(kA, 1);
  bad.problems.push_back({42, "no sub-TLV", bgp::ErrorAction::treat_as_withdraw});
  bad.action = bgp::ErrorAction::treat_as_withdraw;
  EXPECT_THAT(text(table.apply(bad)), ElementsAre("-2001:2::a path 1, gone"));
}

TEST(PathTable, ALostSessionWithdrawsAll) {
  PathTable table({{kService, false}, {IpAddress::of("198.18.0.1"), false}});
  table.apply(reach(kA, 1));
  table.apply(reach(kA, 2));
  bgp::DecodedUpdate v4;
  v4.update.nlri = {{IpPrefix::of("198.18.0.1/32"), 7}};
  v4.update.attributes.next_hop = IpAddress::of("198.18.1.1");
  EXPECT_THAT(text(table.apply(v4)), ElementsAre("+198.18.1.1 path 7"));
  auto changes = text(table.clear());
  EXPECT_THAT(changes, testing::UnorderedElementsAre("-2001:2::a path 1", "-2001:2::a path 2, gone",
                                                     "-198.18.1.1 path 7, gone"));
}

TEST(ServiceSid, IsThatOfTheL3ServiceTlv) {
  bgp::PathAttributes attributes;
  EXPECT_FALSE(service_sid(attributes));
  const IpAddress sid = IpAddress::of("2001:2:5::1");
  attributes.prefix_sid = bgp::PrefixSid::of({.service = 5, .sid = sid, .behavior = 16});
  EXPECT_EQ(service_sid(attributes), sid);
  attributes.prefix_sid = bgp::PrefixSid::of({.service = 6, .sid = sid});
  EXPECT_FALSE(service_sid(attributes));
}

}  // namespace
}  // namespace cats::roles
