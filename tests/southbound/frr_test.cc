// What the drivers for FRR read and write, without a router.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "emulator/roles/southbound_frr_session.h"
#include "emulator/roles/tunnel_interfaces.h"

namespace cats::roles {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const IpAddress kService = IpAddress::of("2001:2:0:c5::1");
const IpAddress kFirst = IpAddress::of("2001:2:0:1001::2");
const IpAddress kSecond = IpAddress::of("2001:2:0:1002::2");
const IpAddress kThird = IpAddress::of("2001:2:0:1003::2");

FrrRouter router() {
  FrrRouter router;
  router.tunnels[kService] = {{kFirst, "tunnel1"}, {kSecond, "tunnel2"}};
  return router;
}

SteeringOrder order(std::map<IpAddress, double> weights) {
  SteeringOrder order;
  order.service = kService;
  order.weights = std::move(weights);
  return order;
}

TEST(NextHops, AreTheTunnelsOfTheInstancesWithWeight) {
  EXPECT_EQ(next_hops(order({{kFirst, 1}, {kSecond, 0}}), router()).value(), Interfaces{"tunnel1"});
  EXPECT_EQ(next_hops(order({{kFirst, 0.5}, {kSecond, 0.5}}), router()).value(), (Interfaces{"tunnel1", "tunnel2"}));
  // Thirds and the like do not sum up to the last bit.
  EXPECT_EQ(next_hops(order({{kFirst, 0.1 + 0.2}, {kSecond, 0.3}}), router()).value().size(), 2U);
}

TEST(NextHops, AreNoneWithoutWeight) {
  EXPECT_EQ(next_hops(order({{kFirst, 0}, {kSecond, 0}}), router()).value(), Interfaces{});
  EXPECT_EQ(next_hops(order({}), router()).value(), Interfaces{});
}

TEST(NextHops, AreNotRounded) {
  EXPECT_THAT(next_hops(order({{kFirst, 0.25}, {kSecond, 0.75}}), router()).error().message,
              HasSubstr("weights of 0.25 and 0.75 cannot be expressed"));
}

TEST(NextHops, LeadToKnownInstances) {
  EXPECT_THAT(next_hops(order({{kThird, 1}}), router()).error().message, HasSubstr("no tunnel to 2001:2:0:1003::2"));
  SteeringOrder other = order({{kFirst, 1}});
  other.service = kThird;
  EXPECT_THAT(next_hops(other, router()).error().message, HasSubstr("no tunnels for the service 2001:2:0:1003::2"));
}

json hop(const std::string& interface, bool fib) {
  json hop = {{"flags", 3}, {"directlyConnected", true}, {"interfaceIndex", 5}, {"interfaceName", interface}};
  if (fib) hop["fib"] = true;
  return hop;
}
json route(const std::string& protocol, bool installed, const json& hops) {
  json route = {{"prefix", "2001:2:0:c5::1/128"}, {"protocol", protocol}, {"table", 254}, {"nexthops", hops}};
  if (installed) route["installed"] = true;
  return route;
}
Expected<StaticRoute> read(const json& routes) {
  return read_static_route(IpPrefix::host(kService), json({{"2001:2:0:c5::1/128", routes}}).dump(2) + "\n");
}

TEST(StaticRoute, IsWhatTheKernelHas) {
  const auto one = read(json::array(
      {route("static", true, json::array({hop("tunnel1", true), hop("tunnel2", true), hop("tunnel3", false)})),
       route("bgp", false, json::array({hop("eth1", false)}))}));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->next_hops, (Interfaces{"tunnel1", "tunnel2"}));
  EXPECT_EQ(one->pending, "");
}

TEST(StaticRoute, IsPendingUntilTheKernelHasIt) {
  const auto waiting = read(json::array({route("static", false, json::array({hop("tunnel1", false)}))}));
  ASSERT_TRUE(waiting);
  EXPECT_THAT(waiting->pending, HasSubstr("is not in the kernel"));
  // The new one, and the old one that it takes the place of.
  json queued = route("static", true, json::array({hop("tunnel2", false)}));
  queued["queued"] = true;
  const json old = route("static", true, json::array({hop("tunnel1", true)}));
  EXPECT_NE(read(json::array({queued, old}))->pending, "");
}

TEST(StaticRoute, IsNoneWhenOthersRoute) {
  EXPECT_EQ(read(json::array({route("bgp", true, json::array({hop("eth1", true)}))}))->next_hops, Interfaces{});
  EXPECT_EQ(read_static_route(IpPrefix::host(kService), "{}\n")->next_hops, Interfaces{});
  EXPECT_EQ(read_static_route(IpPrefix::host(kService), "% Network not in table\n")->next_hops, Interfaces{});
}

TEST(StaticRoute, OddAnswersAreErrors) {
  EXPECT_THAT(read_static_route(IpPrefix::host(kService), "% Unknown command: show\n").error().message,
              HasSubstr("zebra says of its route to 2001:2:0:c5::1/128: % Unknown command"));
  EXPECT_FALSE(read_static_route(IpPrefix::host(kService), "[1, 2]"));
  EXPECT_TRUE(read_static_route(IpPrefix::host(kService), R"({"x": [1, {"protocol": 2}], "y": {"nexthops": 3}})"));
}

TEST(Refusal, IsInFrrsWords) {
  EXPECT_EQ(refusal(""), "");
  EXPECT_EQ(refusal("100% of it\n"), "");
  EXPECT_EQ(refusal("% [STATIC] Unknown command: ipv6 rout\n"), "% [STATIC] Unknown command: ipv6 rout");
  EXPECT_EQ(refusal("% Configuration failed.\n\nError type: validation\nError description: Route cannot have more "
                    "than 2 ECMP nexthops\n"),
            "% Configuration failed. Error type: validation Error description: Route cannot have more than 2 ECMP "
            "nexthops");
  EXPECT_EQ(refusal("a warning\n% and a refusal\n"), "a warning % and a refusal");
}

TEST(TunnelRuleset, MarksTheConnectionWhereThePacketComesIn) {
  EXPECT_EQ(tunnel_ruleset({{"tunnel1", "tunnel1-in", true, 1, 1001}, {"tunnel257", "tunnel257-in", false, 257, 1257}}),
            "add table inet cats_tunnels\n"
            "delete table inet cats_tunnels\n"
            "table inet cats_tunnels {\n"
            "  chain prerouting {\n"
            "    type filter hook prerouting priority mangle - 1; policy accept;\n"
            "    iifname \"tunnel1-in\" ct mark 0 ct mark set 1\n"
            "    iifname \"tunnel257-in\" ct mark 0 ct mark set 257\n"
            "  }\n"
            "}\n");
}

TEST(GuardRuleset, LetsManagersInAlone) {
  EXPECT_EQ(guard_ruleset({2601, 50051}, {IpAddress::of("2001:2::5"), IpAddress::of("198.18.0.5")}),
            "add table inet cats_guard\n"
            "delete table inet cats_guard\n"
            "table inet cats_guard {\n"
            "  chain input {\n"
            "    type filter hook input priority filter; policy accept;\n"
            "    iifname \"lo\" accept\n"
            "    ip6 saddr 2001:2::5 tcp dport { 2601, 50051 } accept\n"
            "    ip saddr 198.18.0.5 tcp dport { 2601, 50051 } accept\n"
            "    tcp dport { 2601, 50051 } drop\n"
            "  }\n"
            "}\n");
}

}  // namespace
}  // namespace cats::roles
