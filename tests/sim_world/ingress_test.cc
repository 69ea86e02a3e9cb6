// What an ingress of the simulator steers, decides and writes.
#include <set>

#include "tests/sim_world/ingress_fixture.h"

namespace cats::sim::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(IngressTest, NewFlowsFollowADecisionOnceItIsProgrammed) {
  Ingress& ingress = start("global-min");
  hear_all(ingress, {50, 20, 70});
  run(1ms);
  EXPECT_THAT(steer(ingress, 1, 3), ElementsAre(1, 1, 1));
  hear(ingress, 0, 10);
  EXPECT_THAT(steer(ingress, 4, 4), ElementsAre(1));
  run(1ms + kProgramming);
  EXPECT_THAT(steer(ingress, 1, 5), ElementsAre(1, 1, 1, 1, 0));  // those that are known stay
  const json decision = events("decision").back();
  const json installed = events("route_installed").back();
  EXPECT_EQ(installed.at("decision"), decision.at("id"));
  EXPECT_EQ(installed.at("acked_ns"), to_ns(kWorldBegins + 1ms + kProgramming));
  EXPECT_EQ(installed.at("changed"), 6);
  const json received = events("metric_received").back();
  EXPECT_EQ(received.at("source"), csci_of(0).str());
  EXPECT_EQ(received.at("via"), "bgp");
  EXPECT_EQ(received.at("seq"), 4);
  EXPECT_EQ(received.at("path"), 10);
  EXPECT_EQ(received.at("window_end"), to_ns(kWorldBegins + 1ms));
  EXPECT_EQ(events("bgp_state").front().at("state"), "established");
}

TEST_F(IngressTest, AnUpdateIsDecidedOnAConstantTimeAfterItCame) {
  auto slow = config("r1", "global-min");
  slow.deciding = 100us;
  Ingress& ingress = add(slow);
  hear_all(ingress, {50, 20, 70});
  run(99us);
  EXPECT_THAT(events("metric_received"), SizeIs(3));
  EXPECT_THAT(events("decision"), SizeIs(0));
  run(1ms);
  ASSERT_THAT(events("decision"), SizeIs(3));
  for (const json& decision : events("decision")) {
    EXPECT_EQ(decision.at("t_ns"), to_ns(kWorldBegins + 100us));
    EXPECT_EQ(decision.at("inputs").at(0).at("age_ns"), Duration(100us).count());
  }
  EXPECT_EQ(events("route_installed").front().at("acked_ns"), to_ns(kWorldBegins + 100us + kProgramming));
  ingress.withdrawn(1);
  run(2ms);
  EXPECT_EQ(events("route_withdrawn").back().at("t_ns"), to_ns(kWorldBegins + 1ms));
  ASSERT_THAT(events("decision"), SizeIs(4));
  EXPECT_EQ(events("decision").back().at("t_ns"), to_ns(kWorldBegins + 1ms + 100us));
  // An agent that is lost decides no more.
  hear(ingress, 0, 10);
  ingress.stop();
  run(3ms);
  EXPECT_THAT(events("decision"), SizeIs(4));
}

TEST_F(IngressTest, ALaterDecisionTakesThePlaceOfOneThatWaits) {
  Ingress& ingress = start("global-min");
  hear_all(ingress, {50, 20, 70});  // the first is written; of the others the last waits
  run(10ms);
  const auto decisions = events("decision");
  const auto installed = events("route_installed");
  ASSERT_THAT(decisions, SizeIs(3));
  ASSERT_THAT(installed, SizeIs(2));
  EXPECT_EQ(installed[0].at("decision"), decisions[0].at("id"));
  EXPECT_EQ(installed[1].at("decision"), decisions[2].at("id"));
  EXPECT_EQ(installed[1].at("acked_ns"), to_ns(kWorldBegins + 2 * kProgramming));
}

TEST_F(IngressTest, SharesOutSlotsInTurn) {
  Ingress& ingress = start("round-robin");
  hear_all(ingress, {50, 20, 70});
  run(1ms);
  EXPECT_THAT(steer(ingress, 1, 6), ElementsAre(0, 1, 2, 0, 1, 2));
  const json marks = **command(ingress, {{"do", "slots"}, {"service", kService.str()}});
  EXPECT_EQ(marks.at("marks"), json({1, 2, 3, 1, 2, 3}));
  EXPECT_FALSE(ingress.steer({IpAddress::of("2001:db8::1"), IpAddress::of("2001:2::101"), 6, 1, 8080}));
}

TEST_F(IngressTest, LeavesFlowsToTheMultipathRouteWhereNothingIsChosen) {
  Ingress& ingress = start("ecmp");
  EXPECT_FALSE(ingress.steer(flow(1)));
  hear_all(ingress, {50, 20});
  ingress.heard(2, nullptr, 12);  // a route without metrics
  run(1ms);
  const auto sites = steer(ingress, 1000, 2000);
  EXPECT_EQ(std::set<std::size_t>(sites.begin(), sites.end()), (std::set<std::size_t>{0, 1, 2}));
  EXPECT_EQ(steer(ingress, 1000, 2000), sites);
  const json told = **command(ingress, {{"do", "multipath"}, {"service", kService.str()}, {"seed", 5}});
  EXPECT_EQ(told.at("next_hops"), 3);
  EXPECT_EQ(told.at("seed"), 5);
  EXPECT_NE(steer(ingress, 1000, 2000), sites);
  ingress.withdrawn(1);
  EXPECT_THAT(steer(ingress, 1000, 2000), Each(testing::AnyOf(0, 2)));
  EXPECT_EQ(events("multipath").back().at("next_hops"), 3);
  EXPECT_EQ(events("route_withdrawn").back().at("path"), 11);
  **command(ingress, {{"do", "fault"}, {"kind", "bad-hash"}});
  **command(ingress, {{"do", "multipath"}, {"service", kService.str()}, {"seed", 5}});
  const auto alike = steer(ingress, 3000, 3100);
  EXPECT_THAT(alike, Each(alike.front()));
}

TEST_F(IngressTest, ASiteThatGrowsTooOldGetsNoNewFlow) {
  Ingress& ingress = start("round-robin");
  hear_all(ingress, {50, 20, 70});
  run(2s);
  hear(ingress, 1, 20);
  run(3s + 1ms);
  EXPECT_THAT(steer(ingress, 1, 4), Each(1));
  EXPECT_EQ(events("decision").back().at("t_ns"), to_ns(kWorldBegins + 3s + 1ns));
}

TEST_F(IngressTest, SaysWhatItKnows) {
  Ingress& ingress = start("global-min");
  hear_all(ingress, {50, 20, 70});
  run(1ms);
  const json status = **command(ingress, {{"do", "status"}});
  EXPECT_EQ(status.at("role"), "ingress");
  EXPECT_EQ(status.at("bgp").at("paths"), 3);
  const json service = status.at("services")[0];
  EXPECT_EQ(service.at("algorithm"), "global-min");
  ASSERT_THAT(service.at("instances"), SizeIs(3));
  const json second = service.at("instances")[1];
  EXPECT_EQ(second.at("csci"), csci_of(1).str());
  EXPECT_EQ(second.at("mark"), 2);
  EXPECT_EQ(second.at("weight"), 1.0);
  EXPECT_TRUE(second.at("eligible").get<bool>());
  EXPECT_EQ(second.at("values").at("cpu_utilisation"), 20.0);
  const auto refused = command(ingress, {{"do", "hold_flows"}});
  ASSERT_TRUE(refused->said);
  EXPECT_THAT(refused->said->error().message, HasSubstr("in the simulator"));
}

TEST_F(IngressTest, AProbeIsAnsweredOrGivenUp) {
  Ingress& ingress = start("global-min");
  silent_ = 2;
  const auto probe = [&](std::size_t site) {
    return command(ingress,
                   {{"do", "probe"}, {"service", kService.str()}, {"csci", csci_of(site).str()}, {"port", 8080}});
  };
  const auto first = probe(0);
  const auto third = probe(2);
  run(1ms);
  EXPECT_EQ((**first).at("instance"), csci_of(0).str());
  run(2s - 1ns);
  EXPECT_FALSE(third->said);
  run(2s);
  ASSERT_TRUE(third->said);
  EXPECT_THAT(third->said->error().message, HasSubstr("no reply within 2000 ms"));
}

TEST_F(IngressTest, WatchesItsSessions) {
  Ingress& ingress = start("round-robin");
  hear_all(ingress, {50, 20, 70});
  run(1ms);
  steer(ingress, 1, 2);
  **command(ingress, {{"do", "watch_flows"}, {"interval_ms", 100}});
  run(150ms);
  ingress.closed(flow(1));
  run(3s);
  EXPECT_THAT(events("flow_poll"), SizeIs(30));  // at 1 ms and every 100 ms
  auto flows = events("flow");
  ASSERT_THAT(flows, SizeIs(3));
  EXPECT_EQ(flows[0].at("instance"), csci_of(0).str());
  EXPECT_EQ(flows[0].at("first_ns"), to_ns(kWorldBegins + 1ms));
  EXPECT_EQ(flows[2].at("tuple").at("sport"), 1);
  EXPECT_EQ(flows[2].at("gone_ns"), to_ns(kWorldBegins + 2201ms));  // the first dump 2 s after the close
  **command(ingress, {{"do", "watch_flows"}, {"interval_ms", 0}});
  flows = events("flow");
  ASSERT_THAT(flows, SizeIs(4));
  EXPECT_TRUE(flows[3].at("gone_ns").is_null());
  EXPECT_EQ((**command(ingress, {{"do", "forget_flows"}})).at("removed"), 1);
}

TEST_F(IngressTest, MovesASessionWhenToldTo) {
  Ingress& ingress = start("round-robin");
  hear_all(ingress, {50, 20, 70});
  run(1ms);
  EXPECT_THAT(steer(ingress, 1, 1), ElementsAre(0));
  const json moved = **command(ingress, {{"do", "fault"}, {"kind", "move-session"}});
  EXPECT_EQ(moved.at("from"), csci_of(0).str());
  EXPECT_EQ(moved.at("to"), csci_of(1).str());
  EXPECT_THAT(steer(ingress, 1, 1), ElementsAre(1));
  EXPECT_EQ(events("fault").back().at("kind"), "move-session");
}

TEST_F(IngressTest, ALostAgentLeavesTheFlowTableAndComesBackWithoutRoutes) {
  Ingress& ingress = start("global-min");
  hear_all(ingress, {50, 20, 70});
  run(1ms);
  EXPECT_THAT(steer(ingress, 1, 1), ElementsAre(1));
  ingress.stop();
  EXPECT_FALSE(ingress.flows(kService));
  EXPECT_FALSE(command(ingress, {{"do", "status"}})->said->has_value());
  const auto before = events().size();
  run(10s);
  EXPECT_EQ(events().size(), before);
  EXPECT_THAT(steer(ingress, 1, 2), ElementsAre(1, 1));
  ingress.start();
  EXPECT_THAT(steer(ingress, 1, 1), ElementsAre(1));
  EXPECT_THAT(events("bgp_state"), SizeIs(1));
  ingress.session(true);
  EXPECT_THAT(events("bgp_state"), SizeIs(2));
  hear(ingress, 2, 5);
  run(11s);
  EXPECT_THAT(steer(ingress, 3, 3), ElementsAre(2));
  const auto decisions = events("decision");
  EXPECT_GT(decisions.back().at("id"), decisions[decisions.size() - 2].at("id"));
  EXPECT_THAT(decisions.back().at("inputs"), SizeIs(1));
}

TEST_F(IngressTest, WithoutItsSessionItHasNoRoutes) {
  Ingress& ingress = start("global-min");
  hear_all(ingress, {50, 20, 70});
  run(1ms);
  ingress.session(false);
  EXPECT_THAT(events("route_withdrawn"), SizeIs(3));
  EXPECT_EQ(events("bgp_state").back().at("state"), "idle");
  EXPECT_THAT(events("decision").back().at("inputs"), SizeIs(0));
  run(2ms);
  EXPECT_NE(steer(ingress, 1, 1), (std::vector<std::size_t>{99}));  // the router's own route is still there
  ingress.session(true);
  hear(ingress, 0, 5);
  run(3ms);
  EXPECT_THAT(steer(ingress, 2, 4), Each(0));
}

}  // namespace
}  // namespace cats::sim::test
