// Arrival processes, distributions and traces of a scenario's workload.
#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "scenarios/scenario.h"
#include "tests/scenarios/catalogue.h"
#include "tests/support/temporary_directory.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;
using load::RandomDuration;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::string with_workload(const std::string& workload, const std::string& tests = "[collection]") {
  return R"(name: loads
topology: three-sites
interval: 1s
metrics:
  steer_by: available_compute
  declared:
    - {type: available_compute, level: L0, unit: percent, statistics: mean, format: int}
algorithm: global-min
tests: )" +
         tests + "\nworkload: " + workload + "\n";
}

Workload parse(const std::string& workload) {
  const auto scenario = parse_scenario(with_workload(workload), "a.yaml", catalogue());
  EXPECT_TRUE(scenario) << scenario.error().message;
  return scenario ? scenario->workload : Workload{};
}

TEST(Workload, PlainValuesMeanWhatTheyAlwaysDid) {
  const Workload workload = parse("{short: {rate: 5/s}}");
  EXPECT_EQ(workload.brief->arrivals.process, Arrivals::poisson);
  EXPECT_EQ(workload.work.law, RandomDuration::Law::deterministic);
  EXPECT_EQ(workload.work.mean, 200us);
  EXPECT_EQ(workload.flows.duration.law, RandomDuration::Law::exponential);
  EXPECT_EQ(workload.flows.duration.mean, 1s);
  EXPECT_TRUE(workload.traces.empty());
}

TEST(Workload, AMapSaysMore) {
  const Workload workload = parse(R"({
    short: {rate: 5/s, requests: 2, arrivals: {process: modulated, states: [{level: 1, stay: 2s}, {level: 4, stay: 1s}]}},
    flows: {duration: {distribution: log-normal, mean: 2s, deviation: 3s},
            arrivals: {process: daily, period: 60s, curve: [{at: 6h, level: 1}, {at: 18h, level: 2}]}},
    work: {distribution: pareto, mean: 4ms, shape: 2.5}})");
  ASSERT_EQ(workload.brief->arrivals.states.size(), 2U);
  EXPECT_EQ(workload.brief->arrivals.states[1].level, 4);
  EXPECT_EQ(workload.brief->arrivals.states[1].stay, 1s);
  EXPECT_EQ(workload.brief->rate, 5);
  EXPECT_EQ(workload.flows.arrivals.period, 60s);
  EXPECT_EQ(workload.flows.arrivals.curve[0].at, 15s);  // of a day of 60 s
  EXPECT_EQ(workload.flows.arrivals.curve[1].at, 45s);
  EXPECT_EQ(workload.flows.duration.deviation, 3s);
  EXPECT_EQ(workload.work.shape, 2.5);
  EXPECT_EQ(workload.mean_flow_duration(), 8ms);
}

TEST(Workload, TheWarmUpTakesTheMeanWork) {
  const auto scenario =
      parse_scenario(with_workload("{short: {rate: 1/s, requests: 4}, work: {distribution: exponential, mean: 1s}}"),
                     "a.yaml", catalogue());
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->warm_up, 20s);
}

TEST(Workload, WhatHasNoVarianceIsWarnedOf) {
  const auto warnings = [](const std::string& workload) {
    return parse_scenario(with_workload(workload), "a.yaml", catalogue())->warnings;
  };
  EXPECT_THAT(warnings("{work: {distribution: pareto, mean: 1ms, shape: 2}}"),
              ElementsAre(HasSubstr("workload.work: a Pareto distribution of shape 2 has no variance")));
  EXPECT_THAT(warnings("{flows: {duration: {distribution: pareto, mean: 1s, shape: 1.5}}}"),
              ElementsAre(HasSubstr("workload.flows.duration: ")));
  EXPECT_THAT(warnings("{work: {distribution: pareto, mean: 1ms, shape: 2.1}}"), ElementsAre());
}

TEST(Workload, ATestsOwnDistributionTakesThePlaceOfTheWhole) {
  const auto scenario =
      parse_scenario(with_workload("{work: {distribution: pareto, mean: 1ms, shape: 3}}",
                                   "[collection: {workload: {work: {distribution: exponential, mean: 2ms}}}, "
                                   "utilization: {workload: {work: {mean: 3ms}}}]"),
                     "a.yaml", catalogue());
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->cases[0].scenario->workload.work.law, RandomDuration::Law::exponential);
  EXPECT_EQ(scenario->cases[1].scenario->workload.work.law, RandomDuration::Law::pareto);
  EXPECT_EQ(scenario->cases[1].scenario->workload.work.mean, 3ms);
}

TEST(Workload, ProcessesAndDistributionsAreStudied) {
  const auto scenario = load_scenario(CATS_SOURCE_DIR "/tests/scenarios/good/workload.yaml", catalogue());
  ASSERT_TRUE(scenario) << scenario.error().message;
  // Rates × (four processes, and a trace with two repetitions) × works; lb-variance has its own work.
  EXPECT_EQ(scenario->cases.size(), 2U * 6 * 4 + 2 * 6);
  std::set<std::string> laws;
  for (const Case& entry : scenario->cases) laws.insert(to_string(entry.scenario->workload.work.law));
  EXPECT_THAT(laws, ElementsAre("deterministic", "exponential", "pareto", "trace"));
}

class Traces : public testing::Test {
 protected:
  Traces() { write_file(directory_ / "a.yaml", text_); }
  Expected<Scenario> load() { return load_scenario(directory_ / "a.yaml", catalogue()); }

  support::TemporaryDirectory directory_;
  std::string text_ = with_workload(
      "{short: {arrivals: {process: trace, file: data/times.csv}}, work: {distribution: trace, file: work.csv}}");
};

TEST_F(Traces, AreReadBesideTheScenario) {
  fs::create_directory(directory_ / "data");
  write_file(directory_ / "data/times.csv", "1\n2\n4\n");
  write_file(directory_ / "work.csv", "0.001\n0.002\n");
  const auto scenario = load();
  ASSERT_TRUE(scenario) << scenario.error().message;
  const Workload& workload = scenario->workload;
  EXPECT_EQ(workload.brief->rate, 0.75);
  EXPECT_THAT(*workload.brief->arrivals.times, ElementsAre(1s, 2s, 4s));
  EXPECT_EQ(workload.work.mean, 1500us);
  ASSERT_EQ(workload.traces.size(), 2U);
  EXPECT_EQ(workload.traces[0].name, "data/times.csv");
  EXPECT_EQ(workload.traces[0].file, directory_ / "data/times.csv");
  EXPECT_EQ(workload.traces[1].sha256, sha256("0.001\n0.002\n"));
}

TEST_F(Traces, ARunDirectoryHasCopies) {
  fs::create_directory(directory_ / "traces");
  write_file(directory_ / "traces/times.csv", "2\n");
  write_file(directory_ / "traces/work.csv", "0.005\n");
  const auto repeated = load();
  ASSERT_TRUE(repeated) << repeated.error().message;
  EXPECT_EQ(repeated->workload.brief->rate, 0.5);
  // What lies beside it is not the run's.
  write_file(directory_ / "work.csv", "0.001\n");
  EXPECT_EQ(load()->workload.work.mean, 1ms);
  const auto of_the_run = parse_scenario(text_, "a.yaml", catalogue(), directory_.path());
  ASSERT_TRUE(of_the_run) << of_the_run.error().message;
  EXPECT_EQ(of_the_run->workload.work.mean, 5ms);
  // Text alone opens nothing.
  EXPECT_TRUE(parse_scenario(text_, "a.yaml", catalogue()));
}

TEST_F(Traces, AreMissedByName) {
  const auto scenario = load();
  ASSERT_FALSE(scenario);
  EXPECT_THAT(scenario.error().message, HasSubstr("workload.work.file: \"work.csv\": there is no file "));
}

}  // namespace
}  // namespace cats::scenarios
