// What the agents of each mode are told.
#include "emulator/agent_plan.h"

#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "emulator/control_plane.h"
#include "emulator/roles/controller.h"
#include "tests/support/temporary_directory.h"

namespace cats {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using scenarios::Cps;
using scenarios::Mode;
using scenarios::Scenario;
using testing::ElementsAre;
using testing::Not;

Scenario scenario(Mode mode, Cps cps = Cps::split) {
  Scenario made;
  made.mode = mode;
  made.controller.cps = cps;
  made.controller.fallback = "service_norm";
  made.interval = 500ms;
  made.age_limit = 2s;
  made.metrics.window = 1s;
  made.metrics.steer_by = "norm_fi";
  made.algorithm.name = "global-min";
  made.network = topologies::load_topology(CATS_SOURCE_DIR "/topologies/three-sites.clab.yml").value();
  return made;
}

class AgentPlans : public testing::Test {
 protected:
  std::map<std::string, AgentPlan> plan(const Scenario& scenario) const {
    return plan_agents(scenario, "run", {directory_.path(), directory_.path()}, from_ns(5));
  }
  support::TemporaryDirectory directory_;
};

std::vector<std::string> names_of(const std::map<std::string, AgentPlan>& plans) {
  std::vector<std::string> names;
  for (const auto& [name, plan] : plans) names.push_back(name);
  return names;
}

TEST_F(AgentPlans, DistributedHasNoControlPlane) {
  const auto plans = plan(scenario(Mode::distributed));
  EXPECT_THAT(names_of(plans), ElementsAre("es1", "es2", "es3", "h1", "h2", "r1", "tap"));
  EXPECT_EQ(plans.at("r1").config.at("cps"), "ingress");
  EXPECT_TRUE(plans.at("r1").config.at("rest").is_null());
  EXPECT_FALSE(plans.at("es1").config.contains("manager"));
  EXPECT_FALSE(plans.at("es1").config.at("bgp").contains("metrics"));
}

TEST_F(AgentPlans, AnExporterIsStartedWhereItIsAsked) {
  Scenario with = scenario(Mode::distributed);
  EXPECT_FALSE(plan(with).at("es1").config.contains("prometheus"));
  with.metrics.prometheus.emplace();
  with.metrics.prometheus->source = collectors::parse_prometheus_url("http://127.0.0.1:9100").value();
  with.metrics.prometheus->source.rules = {{.metric = "queue_length", .family = "node_load1", .labels = {}}};
  with.metrics.prometheus->exporter = {"prometheus-node-exporter"};
  with.metrics.prometheus->sites = {"es2"};
  const auto plans = plan(with);
  EXPECT_FALSE(plans.at("es1").config.contains("prometheus"));
  EXPECT_THAT(plans.at("es1").exporter, testing::IsEmpty());
  EXPECT_EQ(plans.at("es2").config.at("prometheus").at("port"), 9100);
  EXPECT_EQ(plans.at("es2").config.at("prometheus").at("mapping").at("queue_length").at("family"), "node_load1");
  EXPECT_THAT(plans.at("es2").exporter, ElementsAre("prometheus-node-exporter"));
}

TEST_F(AgentPlans, CentralizedTellsTheManagerAndAnnouncesBareRoutes) {
  const auto plans = plan(scenario(Mode::centralized));
  EXPECT_THAT(names_of(plans), ElementsAre("es1", "es2", "es3", "esm", "h1", "h2", "r1", "rest-load", "sdn", "tap"));
  EXPECT_EQ(plans.at("rest-load").node, "esm");
  EXPECT_EQ(plans.at("es1").config.at("bgp").at("metrics"), json::array());
  EXPECT_FALSE(plans.at("es1").config.at("manager").contains("metrics"));
  EXPECT_EQ(plans.at("r1").config.at("cps"), "controller");
  EXPECT_EQ(plans.at("sdn").config.at("routers").size(), 1U);
  EXPECT_EQ(plans.at("sdn").config.at("services")[0].at("algorithm"), "global-min");
  EXPECT_EQ(plans.at("sdn").config.at("candidates"), false);
  EXPECT_EQ(plans.at("esm").config.at("instances").size(), 3U);
}

TEST_F(AgentPlans, TheControllerKnowsWhatThereIsAndWhomToAsk) {
  const auto plans = plan(scenario(Mode::centralized));
  const json controller = plans.at("sdn").config;
  EXPECT_EQ(controller.at("agents")[0].at("node"), "r1");
  const json inventory = controller.at("inventory");
  EXPECT_EQ(
      inventory.at("routers")[1],
      json::parse(R"({"node": "r2", "role": "egress", "router_id": "198.19.128.2", "address": "2001:2:0:ff::2"})"));
  EXPECT_EQ(inventory.at("sites")[0], json::parse(R"({"egress": "r2", "edge_servers": ["es1"]})"));
  EXPECT_EQ(inventory.at("instances").size(), 3U);
  int core_links = 0;
  for (const json& link : inventory.at("links")) core_links += link.at("core") == true ? 1 : 0;
  EXPECT_EQ(core_links, 3);
  EXPECT_EQ(plans.at("r1").config.at("igp"),
            (json{{"protocol", "ospfv3"}, {"vty", (directory_.path() / "r1/frr/ospf6d.vty").string()}}));
  const auto read = roles::parse_controller(controller);
  EXPECT_TRUE(read) << read.error().message;
}

TEST_F(AgentPlans, HybridDividesTheMetrics) {
  const auto plans = plan(scenario(Mode::hybrid));
  EXPECT_EQ(plans.at("es1").config.at("manager").at("metrics"), json({"norm_fi"}));
  const json by_bgp = plans.at("es1").config.at("bgp").at("metrics");
  EXPECT_THAT(by_bgp, testing::Contains("service_norm"));
  EXPECT_THAT(by_bgp, Not(testing::Contains("norm_fi")));
  EXPECT_EQ(plans.at("r1").config.at("cps"), "split");
  EXPECT_EQ(plans.at("r1").config.at("services")[0].at("steer_by"), "service_norm");
  EXPECT_EQ(plans.at("sdn").config.at("candidates"), true);
}

TEST_F(AgentPlans, AnIngressThatDecidesIsOrderedNothing) {
  const auto plans = plan(scenario(Mode::hybrid, Cps::ingress));
  EXPECT_EQ(plans.at("sdn").config.at("routers"), json::array());
  EXPECT_EQ(plans.at("r1").config.at("cps"), "ingress");
}

TEST_F(AgentPlans, AControllerThatSteersByFrrKnowsPortsAndTunnels) {
  Scenario made = scenario(Mode::centralized);
  for (const auto& [driver, name, port] : {std::tuple(scenarios::SouthboundDriver::frr_vtysh, "frr-vtysh", 2616),
                                           std::tuple(scenarios::SouthboundDriver::frr_grpc, "frr-grpc", 50051)}) {
    made.controller.southbound = driver;
    const auto plans = plan(made);
    const json router = plans.at("sdn").config.at("routers")[0];
    EXPECT_EQ(router.at("driver"), name);
    EXPECT_EQ(router.at("frr").at("address"), "2001:2:0:ff::1");
    EXPECT_EQ(router.at("frr").at("zebra_port"), 2601);
    EXPECT_EQ(router.at("frr").at("staticd_port"), port);
    ASSERT_EQ(router.at("frr").at("tunnels").size(), 3U);
    EXPECT_EQ(router.at("frr").at("tunnels")[2].at("interface"), "tunnel3");
    EXPECT_EQ(plans.at("r1").config.at("cps"), "controller");
  }
  EXPECT_EQ(plan(scenario(Mode::centralized)).at("sdn").config.at("routers")[0].at("driver"), "agent");
}

TEST_F(AgentPlans, ANetworkIsBuiltForTheDriver) {
  Scenario made = scenario(Mode::centralized);
  EXPECT_FALSE(frr_southbound(made).has_value());
  made.controller.southbound = scenarios::SouthboundDriver::frr_vtysh;
  EXPECT_TRUE(frr_southbound(made) == plan::FrrSouthbound{});
  made.mode = Mode::distributed;
  EXPECT_FALSE(frr_southbound(made).has_value());
}

TEST_F(AgentPlans, ConfigurationsHoldNoSecrets) {
  const Scenario made = scenario(Mode::hybrid);
  const Credentials credentials(directory_.path());
  credentials.write(*made.network);
  std::string text;
  for (const auto& [name, plan] : plan(made)) text += plan.config.dump();
  EXPECT_EQ(credentials.read_vty_password().size(), 64U);
  EXPECT_EQ(text.find(credentials.read_vty_password()), std::string::npos);
  int tokens = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_ / "rest")) {
    if (entry.path().extension() != ".token") continue;
    ++tokens;
    EXPECT_EQ(text.find(read_file(entry.path()).substr(0, 64)), std::string::npos) << entry.path();
  }
  // Manager: operator, controller, three edge servers; controller: operator, REST load; ingress: operator, controller.
  EXPECT_EQ(tokens, 9);
  const auto permissions = std::filesystem::status(directory_ / "rest").permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace cats
