#include <algorithm>

#include <gmock/gmock.h>

#include "emulator/kernel/netlink.h"
#include "tests/ingress/network.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::Each;
using testing::Eq;

TEST_F(IngressTest, FollowsMetricsWithdrawalsAndAlgorithms) {
  start(60s);
  EXPECT_TRUE(slots_become({{0, 64}}));
  router_->announce(1, kCsci1, 80);
  router_->announce(2, kCsci2, 50);
  EXPECT_TRUE(slots_become({{1, 64}}));
  router_->announce(2, kCsci2, 90);
  EXPECT_TRUE(slots_become({{2, 64}}));

  const json decision = last_decision();
  EXPECT_EQ(decision["service"], "2001:2::100");
  EXPECT_EQ(decision["algorithm"], "global-min");
  EXPECT_EQ(decision["weights"], json({{kCsci1.str(), 0.0}, {kCsci2.str(), 1.0}}));
  EXPECT_EQ(decision["inputs"][1]["csci"], kCsci2.str());
  EXPECT_EQ(decision["inputs"][1]["seq"], router_->sequence());
  EXPECT_NEAR(decision["inputs"][1]["load"].get<double>(), 0.1, 1e-9);
  EXPECT_LT(decision["inputs"][1]["age_ns"].get<std::int64_t>(), 5'000'000'000);

  const auto received = events("metric_received");
  ASSERT_EQ(received.size(), 3u);
  EXPECT_EQ(received[2]["source"], kCsci2.str());
  EXPECT_EQ(received[2]["path"], 2);
  EXPECT_EQ(received[2]["seq"], router_->sequence());
  EXPECT_EQ(received[2]["known"], 7);
  EXPECT_EQ(received[2]["values"], json({{"available_compute", 90.0}}));
  EXPECT_LE(received[2]["window_end"].get<std::int64_t>(), received[2]["t_ns"].get<std::int64_t>() + 1'000'000);
  EXPECT_GE(decision["t_ns"], received[2]["t_ns"]);

  const json installed = events("route_installed").back();
  EXPECT_EQ(installed["decision"], decision["id"]);
  EXPECT_EQ(installed["changed"], 64);
  EXPECT_GE(installed["acked_ns"], decision["t_ns"]);

  const json reply = service({{"do", "algorithm"}, {"name", "round-robin"}});
  EXPECT_TRUE(slots_become({{1, 32}, {2, 32}}));
  EXPECT_EQ(reply["decision"], last_decision()["id"]);
  service({{"do", "algorithm"}, {"name", "ecmp"}});
  EXPECT_THAT(slots(), Each(Eq(0u)));
  EXPECT_EQ(last_decision()["weights"], json::object());
  service({{"do", "algorithm"}, {"name", "global-min"}});
  EXPECT_THAT(slots(), Each(Eq(2u)));
  EXPECT_THROW(service({{"do", "algorithm"}, {"name", "psychic"}}), MeasurementError);

  router_->withdraw(2);
  EXPECT_TRUE(slots_become({{1, 64}}));
  ASSERT_EQ(events("route_withdrawn").size(), 1u);
  EXPECT_EQ(events("route_withdrawn")[0]["source"], kCsci2.str());
  EXPECT_EQ(events("route_withdrawn")[0]["path"], 2);

  router_->down();  // the session is lost: so are its paths
  EXPECT_TRUE(slots_become({{0, 64}}));
  router_->up();
  ASSERT_TRUE(support::wait_for(5s, [&] { return router_->established(); }));
  router_->announce(1, kCsci1, 80);
  EXPECT_TRUE(slots_become({{1, 64}}));

  const json status = command({{"do", "status"}});
  EXPECT_EQ(status["role"], "ingress");
  EXPECT_EQ(status["bgp"]["state"], "established");
  EXPECT_EQ(status["services"][0]["instances"][0]["csci"], kCsci1.str());
  RecordProperty("resident_bytes", std::to_string(status["resident_bytes"].get<std::uint64_t>()));
}

TEST_F(IngressTest, AnOldInstanceGetsNoNewFlows) {
  start(800ms);
  router_->announce(2, kCsci2, 90);
  EXPECT_TRUE(slots_become({{2, 64}}));
  // Site 1 reports on, site 2 no more.
  EXPECT_TRUE(support::wait_for(5s, [&] {
    router_->announce(1, kCsci1, 10);
    const auto now = slots();
    return std::ranges::all_of(now, [](std::uint32_t mark) { return mark == 1; });
  }));
  const auto decisions = events("decision");
  const auto aged = std::ranges::find_if(
      decisions, [](const json& d) { return d["inputs"].size() == 2 && d["inputs"][1]["eligible"] == false; });
  ASSERT_NE(aged, decisions.end());
  const auto age = (*aged)["inputs"][1]["age_ns"].get<std::int64_t>();
  EXPECT_GT(age, 800'000'000);
  EXPECT_LT(age, 1'800'000'000);
  EXPECT_EQ((*aged)["weights"], json({{kCsci1.str(), 1.0}, {kCsci2.str(), 0.0}}));
  // Nothing reports any more: nothing is steered.
  EXPECT_TRUE(slots_become({{0, 64}}));
}

TEST_F(IngressTest, SessionsStayAndNewOnesFollow) {
  start(60s);
  sites();
  router_->announce(1, kCsci1, 80);
  router_->announce(2, kCsci2, 50);
  ASSERT_TRUE(slots_become({{1, 64}}));
  command({{"do", "watch_flows"}, {"interval_ms", 20}});
  for (const auto& csci : {kCsci1, kCsci2})
    EXPECT_EQ(service({{"do", "probe"}, {"csci", csci.str()}, {"port", kPort}})["instance"], csci.str());
  EXPECT_THROW(service({{"do", "probe"}, {"csci", kCsci1.str()}, {"port", 1}}), MeasurementError);

  Session persistent(host_);
  EXPECT_EQ(persistent.ask(), kCsci1.str());
  router_->announce(2, kCsci2, 90);
  ASSERT_TRUE(slots_become({{2, 64}}));
  EXPECT_EQ(persistent.ask(), kCsci1.str());
  {
    Session fresh(host_);
    EXPECT_EQ(fresh.ask(), kCsci2.str());
  }
  const auto flow = [&](const std::string& instance, bool gone) {
    return support::wait_for(5s, [&] {
      const auto flows = events("flow");
      return std::ranges::any_of(
          flows, [&](const json& f) { return f["instance"] == instance && f["gone_ns"].is_null() != gone; });
    });
  };
  EXPECT_TRUE(flow(kCsci1.str(), false));
  EXPECT_TRUE(flow(kCsci2.str(), false));
  EXPECT_TRUE(flow(kCsci2.str(), true));
  const json entry = events("flow")[0];
  EXPECT_EQ(entry["tuple"]["destination"], "2001:2::100");
  EXPECT_EQ(entry["tuple"]["source"], "2001:2:0:5::2");
  EXPECT_EQ(entry["tuple"]["dport"], kPort);
  EXPECT_GT(events("flow_poll").size(), 2u);

  const json moved = command({{"do", "fault"}, {"kind", "move-session"}});
  EXPECT_EQ(moved["from"], kCsci1.str());
  EXPECT_EQ(moved["to"], kCsci2.str());
  EXPECT_NE(persistent.ask(), kCsci1.str());
  EXPECT_EQ(events("fault").back()["kind"], "move-session");

  command({{"do", "watch_flows"}, {"interval_ms", 0}});
  EXPECT_GE(command({{"do", "forget_flows"}})["removed"], 1);
}

TEST_F(IngressTest, HoldsEntriesOfSessionsThatNobodyHas) {
  start(60s);
  sites();
  router_->announce(1, kCsci1, 80);
  ASSERT_TRUE(slots_become({{1, 64}}));
  json held = service({{"do", "hold_flows"}, {"port", kPort}, {"count", 100}});
  EXPECT_EQ(held["kept"], 0);
  EXPECT_EQ(held["held"], 100);
  EXPECT_TRUE(held["refused"].is_null());
  EXPECT_GE(held["limit"], 100);
  EXPECT_EQ(held["steered"], 0);
  {
    Session session(host_);
    EXPECT_EQ(session.ask(), kCsci1.str());
  }
  held = service({{"do", "hold_flows"}, {"port", kPort}, {"count", 150}});
  EXPECT_EQ(held["kept"], 100);
  EXPECT_EQ(held["held"], 150);
  EXPECT_EQ(held["steered"], 1);
  EXPECT_EQ(events("flows_held").size(), 2u);
  EXPECT_GE(command({{"do", "forget_flows"}})["removed"], 150);
  EXPECT_EQ(service({{"do", "hold_flows"}, {"port", kPort}, {"count", 1}})["kept"], 0);
  EXPECT_THROW(service({{"do", "hold_flows"}, {"port", kPort}, {"count", 2'000'000}}), MeasurementError);
}

TEST_F(IngressTest, AStuckPathSelectorGoesOnDecidingTheSame) {
  start(60s);
  router_->announce(1, kCsci1, 80);
  router_->announce(2, kCsci2, 50);
  ASSERT_TRUE(slots_become({{1, 64}}));
  command({{"do", "fault"}, {"kind", "stuck-cps"}});
  router_->announce(2, kCsci2, 95);
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("metric_received").size() == 3; }));
  ASSERT_TRUE(support::wait_for(3s, [&] { return last_decision()["inputs"][1]["seq"] == router_->sequence(); }));
  EXPECT_EQ(last_decision()["weights"], json({{kCsci1.str(), 1.0}, {kCsci2.str(), 0.0}}));
  EXPECT_THAT(slots(), Each(Eq(1u)));
  command({{"do", "fault"}, {"kind", "none"}});
  EXPECT_TRUE(slots_become({{2, 64}}));
  EXPECT_THROW(command({{"do", "fault"}, {"kind", "gremlins"}}), MeasurementError);
}

TEST_F(IngressTest, AStuckPathSelectorIsStuckAgainAfterTheRoutersMultipath) {
  start(60s);
  router_->announce(1, kCsci1, 80);
  router_->announce(2, kCsci2, 50);
  ASSERT_TRUE(slots_become({{1, 64}}));
  command({{"do", "fault"}, {"kind", "stuck-cps"}});
  router_->announce(2, kCsci2, 95);
  service({{"do", "algorithm"}, {"name", "ecmp"}});
  EXPECT_TRUE(slots_become({{0, 64}}));
  service({{"do", "algorithm"}, {"name", "global-min"}});
  EXPECT_TRUE(slots_become({{1, 64}}));
}

TEST_F(IngressTest, SeedsAndCountsTheRoutersMultipathRoute) {
  start(60s);
  EXPECT_EQ(service({{"do", "multipath"}, {"seed", 7}})["next_hops"], 0);
  ingress_.ip_inside(
      {"-6", "route", "add", "2001:2::100/128", "nexthop", "via", kCsci1.str(), "nexthop", "via", kCsci2.str()});
  const json reply = service({{"do", "multipath"}, {"seed", 4000000000}});
  EXPECT_EQ(reply["next_hops"], 2);
  const auto ns = kernel::Namespace::open(ingress_.name());
  if (!reply["seed"].is_null()) {
    EXPECT_EQ(kernel::get_sysctl(ns, "net.ipv4.fib_multipath_hash_seed"), "4000000000");
  }
  EXPECT_EQ(kernel::get_sysctl(ns, "net.ipv6.fib_multipath_hash_policy"), "1");
  EXPECT_EQ(events("multipath").back()["next_hops"], 2);
  EXPECT_THROW(service({{"do", "multipath"}, {"seed", 0}}), MeasurementError);

  command({{"do", "fault"}, {"kind", "bad-hash"}});
  service({{"do", "multipath"}, {"seed", 5}});
  EXPECT_EQ(kernel::get_sysctl(ns, "net.ipv6.fib_multipath_hash_policy"), "3");
  command({{"do", "fault"}, {"kind", "none"}});
  service({{"do", "multipath"}, {"seed", 6}});
  EXPECT_EQ(kernel::get_sysctl(ns, "net.ipv6.fib_multipath_hash_policy"), "1");
}

TEST_F(IngressTest, InstallsTheTunnelsOfSidsThatRoutesName) {
  start(60s);
  const IpAddress egress = IpAddress::of("2001:2:0:9::1");
  router_->announce(7, egress, 80, kLearnt, IpAddress::of("2001:2:9::1"));
  router_->announce(8, egress, 90, kLearnt, IpAddress::of("2001:2:9::2"));
  router_->announce(9, egress, 99, kLearnt);  // no SID: nothing can be steered there
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("metric_received").size() == 3; }));
  const auto marks = [&] {
    return command({{"do", "slots"}, {"service", kLearnt.str()}})["marks"].get<std::vector<std::uint32_t>>();
  };
  EXPECT_TRUE(support::wait_for(3s, [&] { return marks()[0] == 258; }));
  EXPECT_EQ(last_decision()["weights"], json({{"2001:2:0:9::1#7", 0.0}, {"2001:2:0:9::1#8", 1.0}}));

  const auto ns = kernel::Namespace::open(ingress_.name());
  kernel::Netlink netlink(ns);
  for (const auto& [table, sid] : {std::pair(1257u, "2001:2:9::1"), std::pair(1258u, "2001:2:9::2")}) {
    const auto routes = netlink.routes(true, table);
    ASSERT_EQ(routes.size(), 1u);
    EXPECT_EQ(routes[0].destination, IpPrefix::host(kLearnt));
    EXPECT_EQ(std::get<kernel::HEncaps>(routes[0].encap).segments, std::vector{IpAddress::of(sid)});
  }
  const auto rules = netlink.rules(true);
  EXPECT_EQ(std::ranges::count_if(rules, [](const kernel::Rule& r) { return r.table == 1257 || r.table == 1258; }), 2);
  const auto tunnels = events("tunnel");
  ASSERT_EQ(tunnels.size(), 3u);
  EXPECT_EQ(tunnels[0]["learnt"], "route");
  EXPECT_EQ(tunnels[2]["learnt"], "nowhere");

  // Another SID for the same path takes the old one's place.
  router_->announce(8, egress, 90, kLearnt, IpAddress::of("2001:2:9::3"));
  EXPECT_TRUE(support::wait_for(3s, [&] {
    const auto routes = netlink.routes(true, 1258);
    return routes.size() == 1 && std::get<kernel::HEncaps>(routes[0].encap).segments[0] == IpAddress::of("2001:2:9::3");
  }));
}

// Between two reports, what the flow table gave decides. Ten flows made a load of 0.6: 0.06 each.
TEST_F(IngressTest, FlowsMoveWeightsBetweenReports) {
  start(60s, "global-min-local");
  sites();
  router_->announce(1, kCsci1, 50);
  router_->announce(2, kCsci2, 50);
  ASSERT_TRUE(slots_become({{1, 64}}));
  std::vector<Session> sessions;
  const auto open = [&](int count, const IpAddress& site) {
    for (int i = 0; i < count; ++i) EXPECT_EQ(sessions.emplace_back(host_).ask(), site.str());
  };
  open(10, kCsci1);
  std::this_thread::sleep_for(200ms);  // ten readings
  router_->announce(1, kCsci1, 40);
  ASSERT_TRUE(slots_become({{2, 64}}));
  const auto received = events("metric_received").size();
  open(1, kCsci2);
  std::this_thread::sleep_for(200ms);
  open(1, kCsci2);  // 0.5 + 0.06 was still less than 0.6; 0.62 is more
  EXPECT_TRUE(slots_become({{1, 64}}));
  EXPECT_EQ(events("metric_received").size(), received);
}

TEST_F(IngressTest, StopsInOrderAndTakesItsFlowTableAlong) {
  start(60s);
  router_->announce(1, kCsci1, 80);
  ASSERT_TRUE(slots_become({{1, 64}}));
  command({{"do", "stop"}});
  int status = -1;
  ASSERT_TRUE(support::wait_for(5s, [&] { return ::waitpid(agent_, &status, WNOHANG) == agent_; }));
  agent_ = -1;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(support::wait_for(2s, [&] { return !router_->established(); }));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "control"));
  const auto left = support::run({"ip", "netns", "exec", ingress_.name(), "nft", "list", "tables"});
  EXPECT_EQ(left.output, "");
}

}  // namespace
}  // namespace cats::roles
