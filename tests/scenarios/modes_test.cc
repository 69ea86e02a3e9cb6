// The three approaches in one format: which way metrics go, where the C-PS decides, and what a mode does not take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/scenario.h"
#include "tests/scenarios/catalogue.h"

namespace cats::scenarios {
namespace {

struct Written {
  std::string mode = "hybrid";
  std::string controller = "{fallback: site_preference}";
  std::string algorithm = "global-min";
  std::map<std::string, std::string> via = {};  // by metric
  std::string steer_by = "available_compute";
  std::string more = "";

  std::string way(const std::string& metric) const {
    const auto given = via.find(metric);
    return given == via.end() ? "" : ", via: " + given->second;
  }
  std::string text() const {
    return fmt::format(R"(name: modes
topology: three-sites
mode: {}
controller: {}
interval: 1s
metrics:
  steer_by: {}
  declared:
    - {{type: available_compute, level: L0, unit: percent, statistics: mean, format: int{}}}
    - {{type: site_preference, level: L0, unit: none, statistics: cur, format: int{}}}
    - {{type: packets_in, level: L0, unit: packets, statistics: mean, format: int{}}}
    - {{type: packets_out, level: L0, unit: packets, statistics: mean, format: int{}}}
algorithm: {}
tests: [collection]
{})",
                       mode, controller, steer_by, way("available_compute"), way("site_preference"), way("packets_in"),
                       way("packets_out"), algorithm, more);
  }
};

Scenario read_back(const Written& written) {
  auto scenario = parse_scenario(written.text(), "modes.yaml", catalogue());
  EXPECT_TRUE(scenario) << scenario.error().message;
  return scenario ? *scenario : Scenario{};
}

// The only complaint, without its place.
std::string complaint_about(const Written& written) {
  const auto scenario = parse_scenario(written.text(), "modes.yaml", catalogue());
  if (scenario) return "none";
  const std::string& message = scenario.error().message;
  return message.substr(message.find(": ") + 2);
}

TEST(Modes, DistributedTheIngressDecidesWithWhatCameByBgp) {
  const Scenario scenario =
      read_back({.mode = "distributed", .controller = "{cps: split}", .via = {{"site_preference", "controller"}}});
  EXPECT_EQ(scenario.cps(), Cps::ingress);
  EXPECT_EQ(scenario.via("available_compute"), Via::bgp);
  EXPECT_EQ(scenario.via("site_preference"), Via::bgp);
  EXPECT_EQ(scenario.metrics.via, (std::map<std::string, Via>{{"site_preference", Via::controller}}));
}

TEST(Modes, CentralizedTheControllerIsToldEverything) {
  const Scenario scenario =
      read_back({.mode = "centralized", .controller = "{cps: ingress}", .via = {{"site_preference", "bgp"}}});
  EXPECT_EQ(scenario.cps(), Cps::controller);
  EXPECT_EQ(scenario.via("available_compute"), Via::controller);
  EXPECT_EQ(scenario.via("site_preference"), Via::controller);
  EXPECT_EQ(scenario.via("norm_fi"), Via::controller);
}

TEST(Modes, HybridWhatIsSteeredByGoesWhereItIsDecided) {
  const Scenario split = read_back({});
  EXPECT_EQ(split.cps(), Cps::split);
  EXPECT_EQ(split.controller.fallback, "site_preference");
  EXPECT_EQ(split.controller.southbound, SouthboundDriver::agent);
  EXPECT_EQ(split.via("available_compute"), Via::controller);
  EXPECT_EQ(split.via("site_preference"), Via::bgp);
  EXPECT_EQ(split.via("norm_fi"), Via::bgp);
  const Scenario central = read_back({.controller = "{cps: controller}"});
  EXPECT_EQ(central.cps(), Cps::controller);
  EXPECT_EQ(central.via("available_compute"), Via::controller);
  EXPECT_EQ(central.via("site_preference"), Via::bgp);
  const Scenario ingress = read_back({.controller = "{cps: ingress}", .via = {{"site_preference", "controller"}}});
  EXPECT_EQ(ingress.cps(), Cps::ingress);
  EXPECT_EQ(ingress.via("available_compute"), Via::bgp);
  EXPECT_EQ(ingress.via("site_preference"), Via::controller);
}

TEST(Modes, CountsOfTrafficTravelTogether) {
  const Scenario given = read_back({.via = {{"packets_out", "controller"}}});
  for (const char* metric : {"packets_in", "packets_out", "bytes_in", "bytes_out", "traffic_period_s"})
    EXPECT_EQ(given.via(metric), Via::controller) << metric;
  EXPECT_EQ(given.via("site_preference"), Via::bgp);
  const Scenario steered = read_back({.steer_by = "packets_in"});
  EXPECT_EQ(steered.via("packets_out"), Via::controller);
  EXPECT_EQ(steered.via("available_compute"), Via::bgp);
  EXPECT_EQ(complaint_about({.via = {{"packets_in", "bgp"}, {"packets_out", "controller"}}}),
            "metrics.declared[3].via: counts of packets and octets travel together, the others go via bgp: write bgp");
}

TEST(Modes, TheMetricThatIsSteeredByGoesToWhoeverDecides) {
  for (const char* cps : {"controller", "split"})
    EXPECT_EQ(
        complaint_about({.controller = fmt::format("{{cps: {}, fallback: site_preference}}", cps),
                         .via = {{"available_compute", "bgp"}}}),
        fmt::format("metrics.steer_by: available_compute goes via bgp, and with \"cps: {}\" the controller steers "
                    "by it: declare it with \"via: controller\", or take \"cps: ingress\"",
                    cps));
  EXPECT_EQ(complaint_about({.controller = "{cps: ingress}", .via = {{"available_compute", "controller"}}}),
            "metrics.steer_by: available_compute goes via controller, and with \"cps: ingress\" the ingress steers by "
            "it: declare it with \"via: bgp\", or take another cps");
}

TEST(Modes, ASplitCpsTakesTheBestScoreByBgpAsItsFallback) {
  EXPECT_EQ(read_back({.controller = "{cps: split}"}).fallback(), "site_preference");
  EXPECT_EQ(read_back({.controller = "", .via = {{"packets_in", "controller"}}}).fallback(), "site_preference");
}

TEST(Modes, ChangingTheModeIsAllItTakes) {
  for (const std::string mode : {"distributed", "centralized", "hybrid"}) {
    const auto scenario = load_scenario(CATS_SOURCE_DIR "/scenarios/distributed.yaml", catalogue(), {"mode=" + mode});
    ASSERT_TRUE(scenario) << scenario.error().message;
    EXPECT_EQ(to_string(scenario->mode), mode);
    if (scenario->cps() == Cps::split) {
      EXPECT_EQ(scenario->cases.at(0).scenario->fallback(), "compute_norm");
    }
  }
}

TEST(Modes, ASplitCpsNeedsAFallbackThatGoesByBgp) {
  EXPECT_EQ(complaint_about({.controller = "{cps: split}", .via = {{"site_preference", "controller"}}}),
            "controller: \"cps: split\" needs controller.fallback, by which the ingress steers when the controller is "
            "lost: declare a score that goes via bgp");
  EXPECT_EQ(complaint_about({.controller = "", .via = {{"site_preference", "controller"}}}),
            "mode: \"cps: split\" needs controller.fallback, by which the ingress steers when the controller is lost: "
            "declare a score that goes via bgp");
  EXPECT_EQ(complaint_about({.via = {{"site_preference", "controller"}, {"packets_in", "controller"}}}),
            "controller.fallback: site_preference goes via controller, which is lost when the ingress steers by it: "
            "declare a score that goes via bgp");
  EXPECT_EQ(
      complaint_about({.controller = "{fallback: packets_in}"}),
      "controller.fallback: packets_in has no full scale, so that candidate weights cannot be refined by it: write "
      "site_preference");
  EXPECT_EQ(complaint_about({.mode = "distributed", .controller = "{fallback: site_preferense}"}),
            "controller.fallback: \"site_preferense\" is no metric: declared are available_compute, site_preference, "
            "packets_in or packets_out, did you mean \"site_preference\"?");
  EXPECT_EQ(complaint_about({.controller = "{cps: ingress}"}), "none");
}

TEST(Modes, EveryAlgorithmRunsInEveryMode) {
  for (const char* mode : {"distributed", "centralized", "hybrid"})
    for (const char* algorithm : {"global-min", "{name: global-min-local}", "load-interpretation", "./mine.so"})
      EXPECT_EQ(complaint_about({.mode = mode, .algorithm = algorithm}), "none");
}

TEST(Modes, FaultsOfTheCpsNeedOneAtTheIngress) {
  const std::string faults = "faults: [{kind: lost-update}, {kind: stuck-cps}]\n";
  const std::string expected =
      "faults[1].kind: \"stuck-cps\" strikes the C-PS of an ingress, and here the controller decides: take mode "
      "distributed, or hybrid with \"cps: ingress\" or \"cps: split\"";
  EXPECT_EQ(complaint_about({.mode = "centralized", .more = faults}), expected);
  EXPECT_EQ(complaint_about({.controller = "{cps: controller}", .more = faults}), expected);
  EXPECT_EQ(complaint_about({.more = faults}), "none");
  EXPECT_EQ(complaint_about({.mode = "distributed", .more = faults}), "none");
  std::vector<std::string> of_the_cps;
  for (const FaultDeclaration& declared : declared_faults())
    if (declared.of_the_cps) of_the_cps.push_back(declared.kind);
  EXPECT_THAT(of_the_cps, testing::UnorderedElementsAre("stuck-cps", "slow-cps", "blind-cps"));
}

TEST(Modes, ReportsToTheManagerNeedAStamp) {
  for (const char* mode : {"centralized", "hybrid"})
    EXPECT_EQ(complaint_about({.mode = mode, .more = "refresh: on-change\n"}),
              "refresh: \"on-change\" sends no stamp, and a report to the edge server manager needs one: write "
              "every-interval, or take mode distributed");
}

TEST(Modes, FrrIsSteeredByAControllerThatDecidesAlone) {
  for (const std::string driver : {"frr-vtysh", "frr-grpc"}) {
    const Scenario central = read_back({.mode = "centralized", .controller = "{southbound: " + driver + "}"});
    EXPECT_EQ(to_string(central.controller.southbound), driver);
    EXPECT_TRUE(central.steered_by_frr());
    EXPECT_TRUE(read_back({.controller = "{cps: controller, southbound: " + driver + "}"}).steered_by_frr());
    EXPECT_FALSE(read_back({.mode = "distributed", .controller = "{southbound: " + driver + "}"}).steered_by_frr());
    EXPECT_EQ(complaint_about({.controller = "{southbound: " + driver + "}"}),
              "controller.southbound: \"" + driver +
                  "\" carries out what the controller alone decides, and with \"cps: split\" the ingress refines it: "
                  "write \"cps: controller\", or \"southbound: agent\"");
    EXPECT_EQ(complaint_about({.controller = "{cps: ingress, southbound: " + driver + "}"}),
              "controller.southbound: \"" + driver +
                  "\" carries out what the controller alone decides, and with \"cps: ingress\" it orders nothing: "
                  "write \"cps: controller\", or \"southbound: agent\"");
  }
  EXPECT_FALSE(read_back({.mode = "centralized"}).steered_by_frr());
}

TEST(Modes, FrrSharesEvenly) {
  for (const char* algorithm : {"inverse-load", "capacity", "p2c", "pid", "bounded-hash"})
    EXPECT_EQ(complaint_about({.mode = "centralized", .controller = "{southbound: frr-vtysh}", .algorithm = algorithm}),
              fmt::format("algorithm: \"{}\" gives instances unequal weights, and with \"southbound: frr-vtysh\" FRR "
                          "shares new flows evenly: take ecmp, global-min, metadata-cost or round-robin, or "
                          "\"southbound: agent\"",
                          algorithm));
  const std::string remedy = "take ecmp, global-min, metadata-cost or round-robin, or \"southbound: agent\"";
  EXPECT_EQ(
      complaint_about(
          {.mode = "centralized", .controller = "{southbound: frr-grpc}", .algorithm = "{name: global-min-local}"}),
      "algorithm.name: \"global-min-local\" counts new flows, and with \"southbound: frr-grpc\" FRR counts none: " +
          remedy);
  EXPECT_EQ(complaint_about({.mode = "centralized", .controller = "{southbound: frr-grpc}", .algorithm = "./mine.so"}),
            "algorithm: \"./mine.so\" may give instances unequal weights, and with \"southbound: frr-grpc\" FRR shares "
            "new flows evenly: " +
                remedy);
  for (const char* algorithm : {"ecmp", "global-min", "metadata-cost", "round-robin"})
    EXPECT_EQ(complaint_about({.mode = "centralized", .controller = "{southbound: frr-vtysh}", .algorithm = algorithm}),
              "none");
  EXPECT_EQ(complaint_about({.mode = "centralized", .algorithm = "inverse-load"}), "none");
}

TEST(Modes, AreStudiedLikeAnyOtherValue) {
  const Scenario scenario = read_back({.mode = "[distributed, centralized, hybrid]"});
  ASSERT_EQ(scenario.cases.size(), 3U);
  EXPECT_EQ(scenario.mode, Mode::distributed);
  std::vector<std::string> seen;
  for (const Case& entry : scenario.cases)
    seen.push_back(fmt::format("{} {} {}", entry.combination.at("mode").get<std::string>(),
                               to_string(entry.scenario->mode), to_string(entry.scenario->cps())));
  EXPECT_THAT(seen, testing::ElementsAre("distributed distributed ingress", "centralized centralized controller",
                                         "hybrid hybrid split"));
  EXPECT_EQ(
      complaint_about({.mode = "[distributed, centralized]",
                       .controller = "{southbound: frr-vtysh}",
                       .algorithm = "[global-min, global-min-local]"}),
      "algorithm: \"global-min-local\" counts new flows, and with \"southbound: frr-vtysh\" FRR counts none: take "
      "ecmp, global-min, metadata-cost or round-robin, or \"southbound: agent\"");
}

TEST(Modes, AnEntryOfTestsMayDecideElsewhere) {
  Written written;
  std::string text = written.text();
  const std::string tests = "tests: [collection]";
  text.replace(text.find(tests), tests.size(),
               "tests: [collection, collection: {controller: {cps: ingress}, algorithm: global-min-local}]");
  const auto scenario = parse_scenario(text, "modes.yaml", catalogue());
  ASSERT_TRUE(scenario) << scenario.error().message;
  ASSERT_EQ(scenario->cases.size(), 2U);
  EXPECT_EQ(scenario->cases[0].scenario->cps(), Cps::split);
  EXPECT_EQ(scenario->cases[1].scenario->cps(), Cps::ingress);
  EXPECT_EQ(scenario->cases[1].scenario->controller.fallback, "site_preference");
}

}  // namespace
}  // namespace cats::scenarios
