// `fleet` of a scenario (docs/scenario-format.md, "Fleets").
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "suite/tests/test.h"
#include "tests/scenarios/catalogue.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// `fleet`: more keys of it.
std::string with(const std::string& fleet = "", const std::string& more = "") {
  return fmt::format(R"(name: small
fleet:
  sites: 100
{}interval: 1s
algorithm: p2c
tests: [fleet]
{})",
                     fleet, more);
}

Expected<Scenario> parse(const std::string& text) { return parse_scenario(text, "a.yaml", catalogue()); }

Scenario read(const std::string& text) {
  auto scenario = parse(text);
  if (!scenario) throw std::runtime_error(scenario.error().message);
  return *std::move(scenario);
}

std::string refusal(const std::string& text) {
  const auto scenario = parse(text);
  return scenario ? "" : scenario.error().message;
}

TEST(FleetSection, HasDefaults) {
  const Scenario scenario = read(with());
  EXPECT_EQ(scenario.engine, Engine::sim);  // nothing else has so many
  EXPECT_EQ(scenario.topology, "");
  EXPECT_FALSE(scenario.age_limit);
  EXPECT_EQ(scenario.metrics.window, 1s);
  EXPECT_EQ(scenario.warm_up, 10s);
  EXPECT_THAT(scenario.warnings, IsEmpty());
  const Fleet& fleet = *scenario.fleet;
  EXPECT_EQ(fleet.sites, 100);
  EXPECT_EQ(fleet.ingresses, 1);
  EXPECT_EQ(fleet.cores(), 100);
  EXPECT_DOUBLE_EQ(fleet.flows_per_second(), 7000);
  EXPECT_EQ(fleet.work.law, load::RandomDuration::Law::exponential);
  EXPECT_FALSE(fleet.workers);
  EXPECT_FALSE(fleet.disturbance());
  EXPECT_EQ(suite::conditions_of(*suite::find_test("fleet"), scenario).engine, "sim");
}

TEST(FleetSection, EveryKeyIsReadAndMayBeStudied) {
  const Scenario whole = read(read_file(CATS_SOURCE_DIR "/tests/scenarios/good/fleet.yaml"));
  ASSERT_THAT(whole.cases, SizeIs(4));
  const Fleet& first = *whole.fleet;
  EXPECT_THAT(first.capacity, ElementsAre(4, 2, 1));
  EXPECT_EQ(first.capacity_text(), "4:2:1");
  EXPECT_EQ(first.cores(), 4 + 2 + 1 + 4 + 2 + 1 + 4 + 2 + 1 + 4);
  EXPECT_DOUBLE_EQ(first.load, 0.8);
  EXPECT_EQ(first.arrivals.process, load::Arrivals::modulated);
  EXPECT_EQ(first.work.law, load::RandomDuration::Law::log_normal);
  EXPECT_EQ(first.delay, 10ms);
  EXPECT_EQ(first.delay_spread, 30ms);
  EXPECT_EQ(first.collect, 100ms);
  EXPECT_EQ(first.metric.raw, Fleet::Raw::queue);
  EXPECT_EQ(first.metric.level, cpsel::Level::l1);
  EXPECT_FALSE(first.metric.quantised);
  EXPECT_EQ(first.metric.full_queue, 40);
  EXPECT_DOUBLE_EQ(first.updates.threshold, 0.05);
  EXPECT_EQ(first.updates.hold, 500ms);
  EXPECT_EQ(first.updates.silence, 10s);
  EXPECT_EQ(first.updates.phases, Fleet::Phases::together);
  EXPECT_EQ(first.crowd->factor, 3);
  EXPECT_EQ(first.outage->of, Fleet::Lost::routes);
  EXPECT_DOUBLE_EQ(first.outage->share, 0.2);
  EXPECT_EQ(first.disturbance()->from, 5s);
  EXPECT_EQ(first.disturbance()->to, 20s);
  EXPECT_EQ(first.workers, 8);
  EXPECT_EQ(whole.service.queue_limit, 50);
  EXPECT_EQ(whole.metrics.window, 100ms);
  EXPECT_EQ(whole.simulation.bgp_batch, 20ms);
  EXPECT_DOUBLE_EQ(whole.simulation.update_loss, 0.01);

  const Scenario& last = *whole.cases.back().scenario;
  EXPECT_EQ(last.fleet->sites, 1000);
  EXPECT_EQ(last.interval, 1s);
  EXPECT_FALSE(last.fleet->crowd);  // the test's own values
  EXPECT_EQ(last.fleet->outage->of, Fleet::Lost::controller);
  EXPECT_EQ(last.fleet->outage->at, 2s);
  EXPECT_EQ(last.fleet->delay, 10ms);
}

TEST(FleetSection, DeclaresWhatItsSitesTell) {
  const auto declared = [](const std::string& metric) {
    const Scenario scenario = read(with("  metric: " + metric + "\n"));
    EXPECT_EQ(scenario.metrics.steer_by, scenario.metrics.declared.front().type);
    EXPECT_THAT(cpsel::problems(scenario.metrics.declared), IsEmpty()) << metric;
    std::vector<std::string> names;
    for (const auto& one : scenario.metrics.declared) names.push_back(one.type);
    return names;
  };
  EXPECT_THAT(declared("{raw: utilisation}"), ElementsAre("cpu_utilisation"));
  EXPECT_THAT(declared("{raw: queue}"), ElementsAre("queue_length"));
  EXPECT_THAT(declared("{level: L1}"), ElementsAre("compute_norm", "cpu_utilisation"));
  EXPECT_THAT(declared("{raw: queue, level: L1}"), ElementsAre("compute_norm", "queue_length"));
  EXPECT_THAT(declared("{level: L2, full_queue: 5}"), ElementsAre("norm_fi", "cpu_utilisation", "queue_length"));
}

TEST(FleetSection, WorkIsADurationOrADistribution) {
  EXPECT_EQ(read(with("  work: 20ms\n")).fleet->work.law, load::RandomDuration::Law::deterministic);
  const Scenario heavy = read(with("  work: {distribution: pareto, mean: 20ms, shape: 1.5}\n"));
  EXPECT_THAT(heavy.warnings, testing::Contains(HasSubstr("fleet.work: a Pareto distribution of shape 1.5")));
  EXPECT_EQ(least_warm_up(read(with("  work: 5s\n"))), 25s);
}

TEST(FleetSection, OneCapacityNeedsNoQuotes) {
  EXPECT_THAT(read(with("  capacity: 2.5\n")).fleet->capacity, ElementsAre(2.5));
  EXPECT_THAT(read(with("  capacity: 4:2:1\n")).fleet->capacity, ElementsAre(4, 2, 1));
  EXPECT_THAT(read(with("  capacity: [\"1\", \"4:2:1\"]\n")).cases, SizeIs(2));
}

TEST(FleetSection, AnAgeLimitIsThereWhenItIsGiven) {
  EXPECT_EQ(read(with("", "age_limit: 3s\n")).age_limit, 3s);
  EXPECT_THAT(refusal(with("", "age_limit: 1s\n")), HasSubstr("is not longer than the interval"));
}

TEST(FleetSection, TheEmulatorIsRefusedWithTheRemedy) {
  EXPECT_TRUE(parse(with("", "engine: sim\n")));
  EXPECT_THAT(refusal(with("", "engine: emulator\n")),
              HasSubstr("engine: no machine can emulate a fleet: write \"engine: sim\", or leave it away"));
  EXPECT_THAT(refusal(with("", "engine: [sim, emulator]\n")), HasSubstr("no machine can emulate a fleet"));
}

TEST(FleetSection, WhatHappensMustBeMeasured) {
  const std::string crowd = "  crowd: {at: 20s, for: 10s, factor: 3}\n";
  EXPECT_TRUE(parse(with(crowd)));
  EXPECT_THAT(refusal(with("  crowd: {at: 55s, for: 10s, factor: 3}\n")), HasSubstr("within the 1min that the test"));
  std::string shorter = with(crowd);
  shorter.replace(shorter.find("[fleet]"), 7, "[{fleet: {measure: 25s}}]");
  EXPECT_THAT(refusal(shorter), HasSubstr("fleet.crowd: it is not over within the 25s that the test measures"));
}

// The emulator's ingresses and those of a topology see no replies; a fleet's are told.
TEST(FleetSection, AlgorithmsThatNeedRepliesAreForFleets) {
  Catalogue known = catalogue();
  known.algorithms.push_back({"peak-ewma", "", {}, true});
  std::string text = with();
  text.replace(text.find("p2c"), 3, "peak-ewma");
  const auto scenario = parse_scenario(text, "a.yaml", known);
  EXPECT_TRUE(scenario) << scenario.error().message;
}

TEST(FleetSection, AlgorithmsThatItCannotRunAreRefused) {
  const auto refused = [](const char* algorithm) {
    std::string text = with();
    return refusal(text.replace(text.find("p2c"), 3, algorithm));
  };
  EXPECT_THAT(refused("metadata-cost"), HasSubstr("\"metadata-cost\" reads several metrics"));
  EXPECT_THAT(refused("./mine.so"), HasSubstr("a library of your own runs in the emulator only"));
}

}  // namespace
}  // namespace cats::scenarios
