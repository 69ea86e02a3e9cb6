// `engine` and `simulation` of a scenario (docs/scenario-format.md, "Simulation").
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "cpsel/metrics_json.h"
#include "scenarios/cases.h"
#include "suite/tests/test.h"
#include "tests/scenarios/catalogue.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Expected<Scenario> parse(const std::string& text) { return parse_scenario(text, "a.yaml", catalogue()); }

TEST(Simulation, TheEmulatorIsTheDefault) {
  const auto scenario = parse(minimal(""));
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->engine, Engine::emulator);
  EXPECT_EQ(suite::conditions_of(*suite::find_test("collection"), *scenario).engine, "emulator");
  EXPECT_EQ(scenario->simulation.link_delay, 50us);
  EXPECT_EQ(scenario->simulation.link_rate, std::nullopt);
  EXPECT_EQ(scenario->simulation.bgp_batch, 50ms);
  EXPECT_EQ(scenario->simulation.collecting, 200us);
  EXPECT_EQ(scenario->simulation.deciding, 100us);
  EXPECT_EQ(scenario->simulation.cpus, 2);
}

TEST(Simulation, EveryParameterIsReadAndMayBeStudied) {
  const auto scenario = parse(read_file(CATS_SOURCE_DIR "/tests/scenarios/good/simulated.yaml"));
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->engine, Engine::sim);
  EXPECT_EQ(suite::conditions_of(*suite::find_test("collection"), *scenario).engine, "sim");
  ASSERT_EQ(scenario->cases.size(), 4U);
  const auto of = [&](std::size_t i) { return scenario->cases[i].scenario->simulation; };
  EXPECT_EQ(of(0).link_delay, 50us);
  EXPECT_EQ(of(1).link_delay, 5ms);
  EXPECT_DOUBLE_EQ(of(0).link_rate.value(), 2.5e9);
  EXPECT_EQ(of(0).bgp_batch, 0ms);
  EXPECT_EQ(of(2).bgp_batch, 1s);  // the test's own
  EXPECT_EQ(of(0).collecting, 2ms);
  EXPECT_EQ(of(0).deciding, 0us);
  EXPECT_EQ(of(0).programming, 1ms);
  EXPECT_EQ(of(0).rest_processing, 500us);
  EXPECT_EQ(of(0).request_overhead, 0us);
  EXPECT_EQ(of(0).cpus, 4);
  EXPECT_DOUBLE_EQ(of(0).link_loss, 0.001);
  EXPECT_DOUBLE_EQ(of(0).update_loss, 0.01);
}

TEST(Simulation, ALinkRateIsInBitsWithAUnit) {
  const auto rate = [](const std::string& value) {
    const auto read = parse(minimal("simulation: {link_rate: " + value + "}\n"));
    return read ? fmt::format("{}", read->simulation.link_rate.value_or(0)) : read.error().message;
  };
  EXPECT_EQ(rate("unlimited"), "0");
  EXPECT_EQ(rate("64000bit/s"), "64000");
  EXPECT_EQ(rate("64 kbit/s"), "64000");
  EXPECT_EQ(rate("10Mbit/s"), "10000000");
  EXPECT_EQ(rate("0.5Gbit/s"), "500000000");
  EXPECT_THAT(rate("100"), HasSubstr("\"100\" is not a rate of bits"));
  EXPECT_THAT(rate("1mbit/s"), HasSubstr("\"1mbit/s\" is not a rate of bits"));
  EXPECT_THAT(rate("999bit/s"), HasSubstr("999bit/s is out of range: allowed are 1kbit/s to 1000Gbit/s"));
  EXPECT_THAT(rate("1001Gbit/s"), HasSubstr("is out of range"));
}

TEST(Simulation, WhatTheEmulatorHasAloneIsRefusedThereAndNotElsewhere) {
  const std::string frr = "mode: centralized\ncontroller: {southbound: frr-vtysh}\n";
  EXPECT_TRUE(parse(minimal(frr)));
  EXPECT_THAT(parse(minimal(frr + "engine: sim\n")).error().message, HasSubstr("\"frr-vtysh\" orders FRRouting"));
  // In a mode that does not read it, it is no obstacle.
  EXPECT_TRUE(parse(minimal("controller: {southbound: frr-vtysh}\nengine: sim\n")));
}

// Both worlds in one run: entries of either, which keep their labels when they are taken apart.
TEST(Simulation, TheEngineMayBeStudied) {
  const auto scenario = parse(read_file(CATS_SOURCE_DIR "/tests/scenarios/good/engines.yaml"));
  ASSERT_TRUE(scenario) << scenario.error().message;
  const auto labels = [](const Scenario& whole) {
    std::vector<std::string> found;
    for (const Case& entry : whole.cases)
      found.push_back(
          fmt::format("{} {} {}", entry.label, to_string(entry.scenario->engine), entry.scenario->interval / 1ms));
    return found;
  };
  EXPECT_THAT(labels(*scenario),
              testing::ElementsAre("collection#1 sim 200", "collection#2 sim 1000", "collection#3 emulator 200",
                                   "collection#4 emulator 1000", "metric-distribution#1 sim 1000",
                                   "metric-distribution#2 emulator 1000"));
  EXPECT_EQ(scenario->engine, Engine::sim);  // the first
  EXPECT_TRUE(runs_on(*scenario, Engine::sim));
  EXPECT_TRUE(runs_on(*scenario, Engine::emulator));

  const Scenario emulated = only(*scenario, Engine::emulator);
  EXPECT_THAT(labels(emulated), testing::ElementsAre("collection#3 emulator 200", "collection#4 emulator 1000",
                                                     "metric-distribution#2 emulator 1000"));
  EXPECT_EQ(emulated.engine, Engine::emulator);
  EXPECT_FALSE(runs_on(emulated, Engine::sim));
  EXPECT_THROW(only(emulated, Engine::sim), std::logic_error);
}

TEST(Simulation, AScenarioWithoutCasesIsOnItsEngine) {
  Scenario scenario;
  EXPECT_TRUE(runs_on(scenario, Engine::emulator));
  EXPECT_FALSE(runs_on(scenario, Engine::sim));
  EXPECT_EQ(only(scenario, Engine::emulator).engine, Engine::emulator);
}

TEST(Simulation, WhatOneEngineCannotRunIsRefusedForItsEntries) {
  const std::string both = "engine: [emulator, sim]\n";
  EXPECT_TRUE(parse(minimal(both)));
  EXPECT_TRUE(parse(minimal(both, "[global-min, ./mine.so]")));
  EXPECT_THAT(parse(minimal("mode: centralized\ncontroller: {southbound: frr-vtysh}\n" + both)).error().message,
              HasSubstr("\"frr-vtysh\" orders FRRouting"));
  // The command's own value takes the place of both.
  const auto one = with_values(minimal(both), {"engine=sim"});
  ASSERT_TRUE(one) << one.error().message;
  const auto simulated = parse(*one);
  ASSERT_TRUE(simulated) << simulated.error().message;
  EXPECT_FALSE(runs_on(*simulated, Engine::emulator));
  EXPECT_EQ(simulated->cases.size(), 1U);
}

// What is compared there is what distributed.yaml measures, on either engine.
TEST(Simulation, SimVsRealHasTheValuesOfDistributed) {
  const auto load = [](const char* name) {
    const auto read = load_scenario(fmt::format("{}/scenarios/{}.yaml", CATS_SOURCE_DIR, name), catalogue());
    if (!read) throw std::runtime_error(read.error().message);
    return *read;
  };
  const auto values = [](const Scenario& whole) {
    std::vector<std::string> found;
    for (const Case& entry : whole.cases) {
      const Scenario& one = *entry.scenario;
      if (entry.test == "collection") continue;  // 5.0
      found.push_back(fmt::format("{} {} T {} W {} {} {} x{} work {} quota {} {} {}", entry.test, one.algorithm.name,
                                  one.interval.count(), one.metrics.window.count(), one.metrics.steer_by,
                                  one.tests.at(0).parameters.dump(), one.trials.min, one.workload.work.mean.count(),
                                  one.service.quota_cores, one.seed, cpsel::to_json(one.metrics.declared).dump()));
    }
    return found;
  };
  const auto expected = values(load("distributed"));
  ASSERT_EQ(expected.size(), 6U);
  const Scenario both = load("sim-vs-real");
  for (const Engine engine : {Engine::emulator, Engine::sim}) EXPECT_EQ(values(only(both, engine)), expected);
}

TEST(Simulation, WhatARealControllerTheKernelOrOspfDoesIsNotSimulated) {
  std::vector<std::string> refused;
  for (const TestDeclaration& test : catalogue().tests)
    if (!test.emulator_only.empty()) refused.push_back(test.name);
  EXPECT_THAT(refused, testing::UnorderedElementsAre("denial-of-service", "exception-handling", "forwarding-capacity",
                                                     "session-capacity", "topology-discovery"));
}

TEST(Simulation, ShippedScenariosSayWhatToLeaveOut) {
  const auto load = [](const char* name, const std::vector<std::string>& values) {
    return load_scenario(fmt::format("{}/scenarios/{}.yaml", CATS_SOURCE_DIR, name), catalogue(), values);
  };
  const auto failover = load("failover", {"engine=sim"});
  EXPECT_TRUE(failover) << failover.error().message;
  const auto controller = load("controller", {"engine=sim"});
  ASSERT_FALSE(controller);
  const std::string& why = controller.error().message;
  for (const char* test :
       {"session-capacity", "forwarding-capacity", "exception-handling", "denial-of-service", "topology-discovery"})
    EXPECT_THAT(why, HasSubstr(fmt::format("\"{}\" measures ", test)));
  const std::string others = "tests=[controller-messages, path-provisioning]";
  EXPECT_THAT(why, HasSubstr(fmt::format("leave it out (--set '{}' takes the others)", others)));
  const auto left = load("controller", {"engine=sim", others});
  EXPECT_TRUE(left) << left.error().message;
}

TEST(Simulation, AnAlgorithmThatNeedsRepliesIsNotSimulatedEither) {
  Catalogue known = catalogue();
  known.algorithms.push_back({"peak-ewma", "", {}, true});
  const auto refused = parse_scenario(minimal("engine: sim\n", "peak-ewma"), "a.yaml", known);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("the simulator's is not told yet"));
}

}  // namespace
}  // namespace cats::scenarios
