#include "scenarios/scenario.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "scenarios/cases.h"
#include "suite/trials.h"
#include "tests/scenarios/catalogue.h"
#include "tests/support/temporary_directory.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const char* const kDirectory = CATS_SOURCE_DIR "/scenarios";

Scenario load(const std::string& name) {
  const auto file = find_scenario(name, kDirectory);
  EXPECT_TRUE(file) << file.error().message;
  auto scenario = load_scenario(*file, catalogue());
  EXPECT_TRUE(scenario) << scenario.error().message;
  return *scenario;
}

// All trials, none repeated.
Duration length(const Scenario& scenario) { return suite::total_length(suite::plan_trials(scenario)); }

TEST(Scenario, TheShippedOneSaysWhatTheIssueAsksFor) {
  const Scenario scenario = load("distributed");
  EXPECT_EQ(scenario.name, "distributed");
  EXPECT_EQ(scenario.interval, 1s);
  EXPECT_EQ(scenario.trials.min, 5);
  EXPECT_EQ(scenario.warm_up, 10s);
  EXPECT_EQ(scenario.age_limit, Duration(4s));
  EXPECT_DOUBLE_EQ(scenario.service.quota_of("es2"), 0.2);
  // Those of the draft's section 5; what else there is has scenarios of its own.
  std::vector<std::string> tests;
  for (const TestRequest& test : scenario.tests) tests.push_back(test.name);
  EXPECT_THAT(tests, testing::ElementsAre("collection", "metric-distribution", "session-continuity", "service-latency",
                                          "utilization", "lb-variance"));
  EXPECT_TRUE(scenario.warnings.empty());
  ASSERT_TRUE(scenario.network);
  EXPECT_EQ(scenario.network->instances.size(), 3U);
}

TEST(Scenario, TheShippedOnesTakeAbout20MinutesAndUnder5Quick) {
  for (const auto& [name, minutes] :
       {std::pair{"distributed.yaml", 20}, std::pair{"centralized.yaml", 21}, std::pair{"hybrid.yaml", 21}}) {
    const Scenario scenario = load(name);
    // Less a minute, or half of it, for the network, the preflight and agents that are started anew.
    EXPECT_LT(to_seconds(length(scenario)), minutes * 60 - 60) << name;
    EXPECT_LT(to_seconds(length(quick(scenario, catalogue()))), 300 - 30) << name;
  }
}

TEST(Scenario, QuickSaysSoAndKeepsTheFile) {
  const Scenario scenario = load("distributed.yaml");
  const Scenario fast = quick(scenario, catalogue());
  EXPECT_TRUE(fast.quick);
  EXPECT_LT(fast.trials.min, scenario.trials.min);
  EXPECT_EQ(fast.sha256, scenario.sha256);
  EXPECT_THAT(fast.warnings, testing::Contains(HasSubstr("--quick")));
}

TEST(Scenario, TheModesAreShippedWithTheSameTests) {
  const Scenario distributed = load("distributed");
  for (const char* name : {"centralized", "hybrid"}) {
    const Scenario scenario = load(name);
    EXPECT_STREQ(to_string(scenario.mode), name);
    EXPECT_TRUE(scenario.warnings.empty()) << name;
    EXPECT_EQ(scenario.seed, distributed.seed);
    EXPECT_EQ(scenario.metrics.declared, distributed.metrics.declared);
    ASSERT_EQ(scenario.cases.size(), distributed.cases.size());
    for (std::size_t i = 0; i < scenario.cases.size(); ++i) {
      EXPECT_EQ(scenario.cases[i].label, distributed.cases[i].label);
      EXPECT_EQ(scenario.cases[i].scenario->mode, scenario.mode);
      EXPECT_EQ(scenario.cases[i].scenario->interval, distributed.cases[i].scenario->interval);
      // The controller knows less, so it takes more trials there, and shorter ones.
      if (scenario.cases[i].test == "utilization") continue;
      EXPECT_EQ(scenario.cases[i].scenario->tests[0].parameters, distributed.cases[i].scenario->tests[0].parameters);
    }
  }
  EXPECT_EQ(load("hybrid").cps(), Cps::split);
  const std::string elsewhere = std::string(kDirectory) + "/hybrid.yaml";
  for (const char* cps : {"controller", "ingress"})
    EXPECT_TRUE(load_scenario(elsewhere, catalogue(), {fmt::format("controller.cps={}", cps)})) << cps;
}

TEST(Scenario, ThreeModesComparesLikeWithLike) {
  const Scenario scenario = load("three-modes");
  EXPECT_TRUE(scenario.warnings.empty());
  EXPECT_LT(to_seconds(length(scenario)), 35 * 60);
  EXPECT_LT(to_seconds(length(quick(scenario, catalogue()))), 10 * 60);
  std::map<std::string, std::vector<const Case*>> entries;
  for (const Case& entry : scenario.cases) entries[entry.test].push_back(&entry);
  EXPECT_EQ(entries.size(), 5U);
  for (const auto& [test, of_test] : entries) {
    ASSERT_EQ(of_test.size(), 3U) << test;
    EXPECT_EQ(of_test[0]->scenario->mode, Mode::distributed);
    EXPECT_EQ(of_test[1]->scenario->mode, Mode::centralized);
    EXPECT_EQ(of_test[2]->scenario->mode, Mode::hybrid);
    for (const Case* entry : of_test) EXPECT_EQ(entry->scenario->algorithm.name, of_test[0]->scenario->algorithm.name);
  }
}

TEST(Scenario, FailoverRunsEveryLossInTheModesThatKnowIt) {
  const Scenario scenario = load("failover");
  EXPECT_TRUE(scenario.warnings.empty());
  EXPECT_LT(to_seconds(length(scenario)), 25 * 60);
  EXPECT_LT(to_seconds(length(quick(scenario, catalogue()))), 5 * 60);
  std::map<std::string, std::vector<Mode>> modes;
  for (const Case& entry : scenario.cases) modes[entry.test].push_back(entry.scenario->mode);
  const std::vector<Mode> all{Mode::distributed, Mode::centralized, Mode::hybrid};
  EXPECT_EQ(modes.at("cps-failover"), all);
  EXPECT_EQ(modes.at("router-failover"), all);
  EXPECT_EQ(modes.at("manager-failover"), (std::vector<Mode>{Mode::centralized, Mode::hybrid}));
  EXPECT_EQ(modes.size(), 3U);
}

TEST(Scenario, TheControllersBenchmarksAreOneScenario) {
  const Scenario scenario = load("controller");
  EXPECT_THAT(scenario.warnings,
              testing::ElementsAre(HasSubstr("warm_up: 2s")));  // nothing here has to settle for longer
  EXPECT_LT(to_seconds(length(scenario)), 15 * 60);
  EXPECT_LT(to_seconds(length(quick(scenario, catalogue()))), 5 * 60);
  for (const char* test : {"controller-messages", "path-provisioning", "session-capacity", "forwarding-capacity",
                           "exception-handling", "denial-of-service", "topology-discovery"})
    EXPECT_NE(scenario.test(test), nullptr) << test;
  // path-provisioning needs one.
  EXPECT_TRUE(scenario.age_limit);
}

TEST(Scenario, QuickLowersWhatWasGiven) {
  auto parsed = parse_scenario(minimal("trials: 1\nwarm_up: 1s\n"), "a.yaml", catalogue());
  ASSERT_TRUE(parsed) << parsed.error().message;
  parsed->tests[0].parameters["measure_s"] = 100.0;
  const Scenario fast = quick(*parsed, catalogue());
  EXPECT_EQ(fast.trials.min, 1);
  EXPECT_EQ(fast.warm_up, 1s);
  EXPECT_FALSE(fast.tests[0].parameters.contains("measure_s"));
}

TEST(Scenario, DefaultsFollowTheCommonRules) {
  const auto scenario = parse_scenario(minimal(), "a.yaml", catalogue());
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->age_limit, Duration(4s));
  EXPECT_EQ(scenario->warm_up, 10s);
  EXPECT_EQ(scenario->trials.min, 5);
  EXPECT_EQ(scenario->refresh, Refresh::every_interval);
  EXPECT_EQ(scenario->metrics.window, 1s);
  EXPECT_TRUE(scenario->attribute.transit);
  EXPECT_FALSE(scenario->network);
  EXPECT_EQ(least_warm_up(*scenario), 10s);
}

TEST(Scenario, LongIntervalsAndFlowsLengthenTheWarmUp) {
  auto slow = parse_scenario(minimal("workload: {short: {rate: 1/s, requests: 11, interval: 400ms}, work: 0s}\n"),
                             "a.yaml", catalogue());
  ASSERT_TRUE(slow) << slow.error().message;
  EXPECT_EQ(slow->warm_up, 20s);
  slow->interval = 30s;
  EXPECT_EQ(least_warm_up(*slow), 150s);
}

TEST(Scenario, DeparturesFromTheCommonRulesAreWarnedOf) {
  const auto scenario = parse_scenario(minimal("trials: 2\nwarm_up: 1s\n"), "a.yaml", catalogue());
  ASSERT_TRUE(scenario);
  ASSERT_EQ(scenario->warnings.size(), 2U);
  EXPECT_THAT(scenario->warnings[0], HasSubstr("trials: 2"));
  EXPECT_THAT(scenario->warnings[1], HasSubstr("warm_up: 1s"));
}

TEST(Scenario, ParametersOfTestsComeInTheirDeclaredUnit) {
  const auto scenario = parse_scenario(
      minimal("workload: {persistent: {sessions: 2, interval: 250ms}, short: {rate: 2.5/s, requests: 2}}\n") +
          "seed: 7\n",
      "a.yaml", catalogue());
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_DOUBLE_EQ(scenario->workload.requests_per_second(), 13);

  const Parameter timer{"state_timer_s", "s", 10, 5, 1, 3600, ""};
  EXPECT_EQ(timer.key(), "state_timer");
  EXPECT_DOUBLE_EQ(*parse_value(timer, "1500ms"), 1.5);
  EXPECT_EQ(timer.text(1.5), "1500ms");
  EXPECT_FALSE(parse_value(timer, "10"));
  const Parameter share{"load", "share", 0.8, 0.8, 0, 8, ""};
  EXPECT_DOUBLE_EQ(*parse_value(share, "90%"), 0.9);
  EXPECT_DOUBLE_EQ(*parse_value(share, "0.9"), 0.9);
  EXPECT_EQ(share.text(0.9), "90%");
  const Parameter points{"tolerance_points", "points", 3, 3, 0, 100, ""};
  EXPECT_DOUBLE_EQ(*parse_value(points, "2.5 points"), 2.5);
  EXPECT_THAT(parse_value(points, "2.5").error().message, HasSubstr("write 2.5 points"));
  EXPECT_THAT(parse_value(points, "101 points").error().message, HasSubstr("0 points to 100 points"));
  EXPECT_FALSE(parse_value(points, "nan points"));
  const Parameter plain{"kd", "none", 1, 1, 0, 10, ""};
  EXPECT_DOUBLE_EQ(*parse_value(plain, "0.3"), 0.3);
  EXPECT_FALSE(parse_value(plain, "0.3 s"));
}

TEST(Scenario, AnAlgorithmThatNeedsRepliesIsRefused) {
  Catalogue with = catalogue();
  with.algorithms.push_back({"peak-ewma", "", {{"decay_s", "s", 10, 10, 1, 100, ""}}, true});
  const auto refused = parse_scenario(minimal("", "peak-ewma"), "a.yaml", with);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("a.yaml:9:12: algorithm: \"peak-ewma\" needs replies"));
}

TEST(Scenario, AlgorithmParametersHaveDefaults) {
  const auto pid = parse_scenario(minimal("", "{name: pid, parameters: {kp: 0.5}}"), "a.yaml", catalogue());
  ASSERT_TRUE(pid) << pid.error().message;
  EXPECT_EQ(pid->algorithm.parameters, (cpsel::Parameters{{"kp", 0.5}, {"ki", 0}, {"kd", 0.3}, {"sum_limit", 1}}));
  EXPECT_THAT(parse_scenario(minimal("", "{name: pid, parameters: {kq: 0.5}}"), "a.yaml", catalogue()).error().message,
              HasSubstr("did you mean"));
}

TEST(Scenario, ATopologyBesideTheScenarioComesFirstAndItsProblemsAreReported) {
  const support::TemporaryDirectory directory;
  const auto scenario = directory.path() / "a.yaml";
  std::string text = minimal();
  text.replace(text.find("three-sites"), 11, "mine.clab.yml");
  write_file(scenario, text + "colour: red\n");
  write_file(directory.path() / "mine.clab.yml",
             "name: mine\ntopology: {nodes: {r1: {kind: linux, labels: {cats-role: king}}}}\n");
  const auto refused = load_scenario(scenario, catalogue());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("a.yaml:10:1: unknown key \"colour\""));
  EXPECT_THAT(refused.error().message, HasSubstr("mine.clab.yml:2:"));
}

TEST(Scenario, FindsFilesAndShippedNames) {
  EXPECT_EQ(find_scenario("distributed", kDirectory)->filename(), "distributed.yaml");
  EXPECT_EQ(find_scenario("distributed.yaml", kDirectory)->filename(), "distributed.yaml");
  const std::string path = std::string(kDirectory) + "/distributed.yaml";
  EXPECT_EQ(find_scenario(path, "")->string(), path);
  EXPECT_THAT(find_scenario("distibuted", kDirectory).error().message, HasSubstr("did you mean \"distributed\"?"));
  EXPECT_FALSE(find_scenario("elsewhere/distributed", kDirectory));
  EXPECT_FALSE(find_scenario("distributed", "/nonexistent"));
  EXPECT_FALSE(load_scenario("/nonexistent.yaml", catalogue()));
  EXPECT_FALSE(load_scenario(kDirectory, catalogue()));
}

TEST(Scenario, HostileTextIsRefused) {
  const auto refused = [](const std::string& text) {
    const auto scenario = parse_scenario(text, "a.yaml", catalogue());
    return scenario ? "" : scenario.error().message;
  };
  EXPECT_THAT(refused(std::string(70000, ' ')), HasSubstr("a.yaml: 70000 bytes"));
  EXPECT_THAT(refused(std::string(30000, '[')), HasSubstr("nested deeper than 16 levels"));
  EXPECT_THAT(refused("a: &x [*x]\n"), HasSubstr("a.yaml:1:"));
  EXPECT_THAT(refused("name: !!binary aGVsbG8=\n"), HasSubstr("tags are not allowed"));
  EXPECT_THAT(refused("a: b\n---\nc: d\n"), HasSubstr("one document"));
  EXPECT_THAT(refused("name: \"\\e[31m\\nred\"\n"), testing::Not(HasSubstr("\x1b")));
  EXPECT_LT(refused("name: " + std::string(60000, 'x') + "\n").size(), 2000U);
}

template <class Declarations>
std::vector<std::string> names_of(const Declarations& declarations) {
  std::vector<std::string> names;
  for (const auto& one : declarations) names.push_back(one.name);
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> keys_of(const nlohmann::json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

TEST(Algorithm, WarnsOfAControllerThatSwings) {
  const auto warnings = [](const std::string& algorithm) {
    const auto scenario = parse_scenario(minimal("", algorithm), "a.yaml", catalogue());
    EXPECT_TRUE(scenario) << scenario.error().message;
    return scenario ? scenario->warnings : std::vector<std::string>{};
  };
  EXPECT_THAT(warnings("{name: pid, parameters: {kp: 0.2, kd: 0.95}}"),
              testing::Contains(HasSubstr("kd = 0.95 is not below 1 − kp/2 = 0.9")));
  EXPECT_THAT(warnings("pid"), testing::Not(testing::Contains(HasSubstr("kd"))));
}

TEST(Algorithm, MayBeALibrary) {
  const auto plain = parse_scenario(minimal("", "./mine.so"), "a.yaml", catalogue());
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_TRUE(plain->algorithm.is_library());
  const auto given =
      parse_scenario(minimal("", "{name: lib/mine.so, parameters: {x: -1.5, refresh_ms: 20}}"), "a.yaml", catalogue());
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(given->algorithm.parameters, (cpsel::Parameters{{"refresh_ms", 20}, {"x", -1.5}}));
  const auto error = [](const std::string& algorithm) {
    const auto scenario = parse_scenario(minimal("", algorithm), "a.yaml", catalogue());
    return scenario ? "no error" : scenario.error().message;
  };
  EXPECT_THAT(error("./mine.c"), HasSubstr("must end in .so"));
  EXPECT_THAT(error("{name: ./mine.so, parameters: {x: fast}}"), HasSubstr("x"));
  EXPECT_THAT(error("{name: ./mine.so, parameters: {refresh_ms: 0}}"), HasSubstr("refresh_ms"));
}

TEST(Schema, KnowsEveryTestAlgorithmFaultAndParameter) {
  const auto schema = nlohmann::json::parse(read_file(std::string(kDirectory) + "/scenario.schema.json"));
  const Catalogue all = catalogue();
  auto names = schema.at("definitions").at("algorithm_name").at("enum").get<std::vector<std::string>>();
  EXPECT_EQ(names, names_of(all.algorithms));
  const auto& tests = schema.at("properties").at("tests").at("items").at("anyOf").at(1).at("properties");
  EXPECT_EQ(keys_of(tests), names_of(all.tests));
  for (const auto& test : all.tests) {
    std::vector<std::string> keys = keys_of_a_test();
    // A fleet has neither controller, faults, load beside nor the workload of hosts.
    for (const char* other : {"background", "controller", "faults", "workload"})
      if (test.of_fleets) std::erase(keys, other);
    if (!test.of_fleets) std::erase(keys, "fleet");
    for (const auto& parameter : test.parameters) keys.push_back(parameter.key());
    EXPECT_THAT(keys_of(tests.at(test.name).at("properties")), testing::UnorderedElementsAreArray(keys)) << test.name;
  }
  const auto& faults = schema.at("properties").at("faults").at("items").at("oneOf");
  ASSERT_EQ(faults.size(), all.faults.size());
  for (std::size_t i = 0; i < faults.size(); ++i)
    EXPECT_EQ(faults[i].at("properties").at("kind").at("const"), all.faults[i].kind);
}

TEST(Catalogue, DescribesEveryParameter) {
  const std::string text = describe(catalogue());
  EXPECT_THAT(text, HasSubstr("session-continuity"));
  EXPECT_THAT(text, HasSubstr("state_timer"));
  EXPECT_THAT(text, HasSubstr("global-min"));
  EXPECT_THAT(text, HasSubstr("collector-bias"));
}

}  // namespace
}  // namespace cats::scenarios
