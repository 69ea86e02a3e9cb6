// Routers and links are lost and come back, and a controller learns of it.
#include "tests/suite/loss_run.h"
#include "topologies/topology.h"

namespace cats::suite {
namespace {

using nlohmann::ordered_json;
using scenarios::Mode;

class RouterFailover : public LossRun {
 protected:
  void reachable(double ms, const std::vector<std::size_t>& sources) {
    ordered_json instances = ordered_json::array();
    for (const std::size_t source : sources) instances.push_back(kSources[source]);
    runner(ms, "reachable", {{"ingress", "r1"}, {"instances", instances}});
  }
  void run(bool egress_returns = true) {
    begin("router-failover", Mode::distributed, "r1", "r1");
    phase(10000, "warm-up");
    phase(14000, "measure");
    phase(22000, "measure-egress");
    phase(36000, "close");
    phase(36500, "done");
    decide(13500, 1, {13400, 13400, 13400});
    reachable(14000, {0, 1, 2});
    lost(14001, "r1", "routing");
    reachable(14020, {});
    restored(15200, "r1", "routing", 15000);
    reachable(18000, {0});
    reachable(18500, {0, 1, 2});
    for (std::size_t i = 0; i < 3; ++i) received(18600 + 100.0 * static_cast<double>(i), "r1", "bgp", i, 20, 18400);
    decide(18550, 2, {14900, 14900, 14900});
    decide(18900, 3, {18400, 18400, 18400});
    lost(22000, "r2", "routing");
    reachable(22300, {1, 2});
    restored(23200, "r2", "routing", 23000);
    for (std::size_t i = 1; i < 3; ++i) received(24000, "r1", "bgp", i, 24, 23900);
    decide(24100, 4, {23900, 23900});
    if (!egress_returns) return;
    reachable(26000, {0, 1, 2});
    received(26500, "r1", "bgp", 0, 26, 26400);
    decide(26600, 5, {26400, 26400, 26400});
  }
};

TEST_F(RouterFailover, RoutesMetricsAndSteeringComeBackInOrder) {
  run();
  workload("broken");
  const TestResult& result = analysed();
  EXPECT_EQ(name(result.verdict), "pass") << result.reason;
  EXPECT_NEAR(value("routes_ms.ingress"), 3500, 1e-9);
  EXPECT_NEAR(value("metrics_ms.ingress"), 3800, 1e-9);
  EXPECT_NEAR(value("reprovisioning_ms.ingress"), 3901, 1e-9);
  EXPECT_NEAR(value("routes_ms.egress"), 3000, 1e-9);
  EXPECT_NEAR(value("metrics_ms.egress"), 3500, 1e-9);
  EXPECT_NEAR(value("reprovisioning_ms.egress"), 3601, 1e-9);
  EXPECT_NEAR(value("rerouted_ms.egress"), 300, 1e-9);
  EXPECT_EQ(result.find("rerouted_ms.ingress"), nullptr);
  EXPECT_EQ(value("broken_sessions"), 1);
  EXPECT_FALSE(verdict("broken_sessions").has_value());
  EXPECT_EQ(recomputed(), "the same digits\n");
}

TEST_F(RouterFailover, ARouterWhoseRoutesStayAwayFails) {
  run(false);
  workload();
  EXPECT_EQ(name(analysed().verdict), "fail");
  EXPECT_EQ(verdict("reprovisioning_ms.ingress"), Verdict::pass);
  EXPECT_EQ(verdict("reprovisioning_ms.egress"), Verdict::fail);
}

class TopologyDiscovery : public LossRun {
 protected:
  void topology(double ms, const std::vector<std::string>& nodes, const std::vector<std::string>& links) {
    log(ms, "sdn", "topology", {{"nodes", nodes}, {"links", links}, {"changes", ordered_json::array()}});
  }
  void run(const std::vector<std::string>& links, bool sees_the_end = true) {
    begin("topology-discovery", Mode::centralized, "sdn", "sdn");
    auto network = topologies::load_topology(std::string(CATS_SOURCE_DIR) + "/topologies/three-sites.clab.yml");
    ASSERT_TRUE(network);
    scenario_.network = *std::move(network);
    phase(10000, "warm-up");
    phase(11000, "measure");
    phase(15000, "changes");
    phase(36000, "done");
    topology(10500, {"r1", "r2", "r3", "r4"}, {"r1-r2", "r1-r3", "r1-r4"});
    lost(11000, "sdn", "agent");
    restored(11600, "sdn", "agent", 11500);
    topology(11800, {"r1", "r2", "r3", "r4"}, {});
    topology(12000, {"r1", "r2", "r3", "r4"}, links);
    runner(15000, "link", {{"a", "r2"}, {"b", "r1"}, {"up", false}});
    topology(15300, {"r1", "r3", "r4"}, {"r1-r3", "r1-r4"});
    runner(20000, "link", {{"a", "r2"}, {"b", "r1"}, {"up", true}});
    if (sees_the_end) topology(22000, {"r1", "r2", "r3", "r4"}, {"r1-r2", "r1-r3", "r1-r4"});
  }
};

TEST_F(TopologyDiscovery, CountsFromTheStartAndFromEachChange) {
  run({"r1-r2", "r1-r3", "r1-r4"});
  const TestResult& result = analysed();
  EXPECT_EQ(name(result.verdict), "pass") << result.reason;
  EXPECT_NEAR(value("discovery_ms"), 500, 1e-9);
  EXPECT_EQ(value("discovered_share"), 1);
  EXPECT_EQ(value("discovered_nodes"), 4);
  EXPECT_EQ(value("discovered_links"), 3);
  EXPECT_NEAR(value("change_detection_ms.down"), 300, 1e-9);
  EXPECT_NEAR(value("change_detection_ms.up"), 2000, 1e-9);
  EXPECT_EQ(recomputed(), "the same digits\n");
}

TEST_F(TopologyDiscovery, ALinkThatIsNotFoundFails) {
  run({"r1-r2", "r1-r3"});
  EXPECT_EQ(name(analysed().verdict), "fail");
  EXPECT_NEAR(value("discovered_share"), 6.0 / 7, 1e-12);
  EXPECT_EQ(verdict("discovery_ms"), Verdict::fail);
}

TEST_F(TopologyDiscovery, AChangeThatIsNotSeenFails) {
  run({"r1-r2", "r1-r3", "r1-r4"}, false);
  EXPECT_EQ(name(analysed().verdict), "fail");
  EXPECT_EQ(value("missed_changes"), 1);
}

TEST(Losses, MeanNothingWhereThereIsNothingToLose) {
  Conditions conditions;
  conditions.mode = "distributed";
  for (const char* test : {"manager-failover", "topology-discovery"})
    EXPECT_TRUE(find_test(test)->impossible(conditions).has_value()) << test;
  for (const char* test : {"cps-failover", "router-failover"})
    EXPECT_FALSE(find_test(test)->impossible(conditions).has_value()) << test;
  conditions.mode = "hybrid";
  conditions.cps = "split";
  for (const char* test : {"manager-failover", "topology-discovery", "cps-failover", "router-failover"})
    EXPECT_FALSE(find_test(test)->impossible(conditions).has_value()) << test;
}

}  // namespace
}  // namespace cats::suite
