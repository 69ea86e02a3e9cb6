#include "suite/report/engines_table.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "suite/report/assumptions.h"
#include "suite/report/json.h"
#include "suite/report/summary.h"

namespace cats::suite {
namespace {

using stats::Interval;
using testing::HasSubstr;
using testing::Not;

struct Given {
  std::string figure;
  std::optional<double> value;
  std::optional<Interval> ci95 = std::nullopt;
};

TestResult entry_on(const std::string& engine, const std::vector<Given>& figures) {
  TestResult result;
  result.name = "service-latency";
  result.mode = "distributed";
  result.engine = engine;
  result.algorithm = "global-min";
  result.interval_ms = 1000;
  result.parameters = {{"steps", 4.0}, {"workload.work", "1ms"}};
  result.study = {{"engine", engine}, {"workload.work", "1ms"}};
  result.verdict = Verdict::pass;
  for (const Given& given : figures) {
    Figure figure;
    figure.unit = "ms";
    figure.statistic = "mean";
    figure.value = given.value;
    figure.ci95 = given.ci95;
    result.figures.emplace_back(given.figure, figure);
  }
  return result;
}

std::vector<TestResult> two_engines() {
  return {entry_on("emulator", {{"reaction_ms", 800, Interval{700, 900}},
                                {"reaction_ms.programming", 0.31, Interval{0.305, 0.315}},
                                {"latency_ms.before", 0.5, Interval{0.4, 0.6}},
                                {"missed_switches", 0},
                                {"blind_switches", 0},
                                {"delta_t_ms", 340.8},
                                {"sla_share.after", std::nullopt}}),
          entry_on("sim", {{"reaction_ms", 760, Interval{740, 780}},
                           {"reaction_ms.programming", 0.3},
                           {"latency_ms.before", 1.2},
                           {"missed_switches", 0},
                           {"blind_switches", 2},
                           {"sla_share.after", std::nullopt}})};
}

TEST(EnginesTable, HasBothValuesTheDifferenceAndWhatItIsPutDownTo) {
  EXPECT_EQ(
      engines_table(two_engines()),
      "    figure                   emulator  95 % interval   simulator  95 % interval  difference  verdict\n"
      "  service-latency, distributed, global-min, T = 1000 ms, workload.work 1ms\n"
      "    reaction_ms              800       700 to 900      760        740 to 780     -5.0 %      within the "
      "interval\n"
      "    reaction_ms.programming  0.31      0.305 to 0.315  0.3                       -3.2 %      within 10 %\n"
      "    latency_ms.before        0.5       0.4 to 0.6      1.2                       +140.0 %    differs: one "
      "budget for all CPUs\n"
      "    missed_switches          0                         0                         +0.0 %      within 10 %\n"
      "    blind_switches           0                         2                                     differs: not "
      "explained\n"
      "    delta_t_ms               340.8                     none                                  not compared: "
      "simulator: no such figure\n"
      "  6 figures: 1 within the interval, 2 within 10 %, 2 differ (1 not explained), 1 not compared\n"
      "  one budget for all CPUs: a site's threads share a quota's period evenly, and what is left of it is lost\n");
}

TEST(EnginesTable, IsEmptyWhereNothingDiffersByEngineAlone) {
  EXPECT_EQ(engines_table({}), "");
  const auto changed = [](auto change) {
    auto entries = two_engines();
    change(entries[1]);
    return agreements(entries).size();
  };
  EXPECT_EQ(changed([](TestResult&) {}), 6U);
  EXPECT_EQ(changed([](TestResult& b) { b.engine = "emulator"; }), 0U);
  EXPECT_EQ(changed([](TestResult& b) { b.name = "utilization"; }), 0U);
  EXPECT_EQ(changed([](TestResult& b) { b.mode = "hybrid"; }), 0U);
  EXPECT_EQ(changed([](TestResult& b) { b.algorithm = "ecmp"; }), 0U);
  EXPECT_EQ(changed([](TestResult& b) { b.interval_ms = 200; }), 0U);
  EXPECT_EQ(changed([](TestResult& b) { b.parameters["steps"] = 5.0; }), 0U);
  EXPECT_EQ(changed([](TestResult& b) { b.metrics.push_back({{"type", "x"}}); }), 0U);
  EXPECT_EQ(changed([](TestResult& b) { b.study["workload.work"] = "2ms"; }), 0U);
}

// The verdict by the emulator's interval, else by a tenth of its value, to the limit.
TEST(EnginesTable, JudgesByTheIntervalAndThenByTheShare) {
  const auto verdict = [](double emulated, std::optional<Interval> ci95, double simulated) {
    return agreements({entry_on("emulator", {{"reaction_ms", emulated, ci95}}),
                       entry_on("sim", {{"reaction_ms", simulated, Interval{0, 1e9}}})})
        .at(0);
  };
  EXPECT_EQ(verdict(100, Interval{50, 150}, 150).verdict, kWithinInterval);
  EXPECT_EQ(verdict(100, Interval{99, 101}, 110).verdict, kWithinShare);
  EXPECT_EQ(verdict(100, Interval{99, 101}, 90).verdict, kWithinShare);
  EXPECT_EQ(verdict(100, Interval{99, 101}, 111).verdict, kDiffers);
  EXPECT_EQ(verdict(100, Interval{99, 101}, 111).assumption, kNotExplained);
  EXPECT_EQ(verdict(100, std::nullopt, 105).verdict, kWithinShare);
  EXPECT_EQ(verdict(-100, std::nullopt, -105).verdict, kWithinShare);
  EXPECT_DOUBLE_EQ(verdict(-100, std::nullopt, -105).difference.value(), -0.05);
  EXPECT_EQ(verdict(0, std::nullopt, 0).verdict, kWithinShare);
  const Agreement of_nothing = verdict(0, std::nullopt, 1);
  EXPECT_EQ(of_nothing.verdict, kDiffers);
  EXPECT_FALSE(of_nothing.difference);
  EXPECT_THAT(of_nothing.reason, HasSubstr("no share of"));
}

TEST(EnginesTable, WhatOneSideLacksIsNotCompared) {
  auto entries = two_engines();
  entries[0].figures[0].second.value.reset();
  entries[0].figures[0].second.reason = "no reaction was seen";
  const Figure extra = entries[1].figures[0].second;
  entries[1].figures.emplace_back("extra", extra);
  const auto lines = agreements(entries);
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_EQ(lines[0].verdict, kNotCompared);
  EXPECT_EQ(lines[0].reason, "emulator: no reaction was seen");
  EXPECT_EQ(lines[6].figure, "extra");
  EXPECT_EQ(lines[6].reason, "emulator: no such figure");
  EXPECT_EQ(lines[6].simulator, 760);
  for (const Agreement& line : lines) EXPECT_NE(line.figure, "sla_share.after");  // neither has a value
}

TEST(EnginesTable, EachEntryHasOneCounterpart) {
  std::vector<TestResult> entries = two_engines();
  const auto again = two_engines();
  entries.insert(entries.end(), again.begin(), again.end());
  EXPECT_EQ(agreements(entries).size(), 12U);
  entries.pop_back();
  EXPECT_EQ(agreements(entries).size(), 6U);
}

TEST(EnginesTable, StandsInTheSummaryAndInTheReportOfARunThatHasBoth) {
  Report report;
  report.tests = two_engines();
  EXPECT_THAT(summary(report, {}), HasSubstr("\nSimulator against emulator ("));
  const auto json = to_json(report).at("agreement");
  ASSERT_EQ(json.size(), 6U);
  EXPECT_EQ(json[2].at("assumption"), "one budget for all CPUs");
  EXPECT_EQ(json[2].at("conditions").at("algorithm"), "global-min");
  EXPECT_EQ(json[0].at("emulator_ci95"), nlohmann::ordered_json::array({700.0, 900.0}));
  EXPECT_FALSE(json[0].contains("assumption"));
  EXPECT_TRUE(json[4].at("difference").is_null());
  report.tests.resize(1);
  EXPECT_THAT(summary(report, {}), Not(HasSubstr("Simulator against")));
  EXPECT_FALSE(to_json(report).contains("agreement"));
}

TEST(EnginesTable, AFailedCheckSaysInWhichWorldItWasMade) {
  Report report;
  report.preflight.push_back({{"check", "tunnels"}, {"ok", false}, {"detail", "none"}, {"engine", "sim"}});
  EXPECT_THAT(summary(report, {}), HasSubstr("sim: tunnels: none"));
}

std::string put_down_to(const std::string& test, const std::string& figure, const std::string& algorithm = "global-min",
                        const std::string& mode = "distributed") {
  TestResult result;
  result.name = test;
  result.algorithm = algorithm;
  result.mode = mode;
  const Assumption* found = assumption_for(result, figure);
  return found == nullptr ? "" : std::string(found->name);
}

TEST(Assumptions, AreOfWhatTheyTouchDirectly) {
  EXPECT_EQ(put_down_to("service-latency", "latency_ms.during.p99.9"), "no jitter");
  EXPECT_EQ(put_down_to("service-latency", "latency_ms.during"), "one budget for all CPUs");
  EXPECT_EQ(put_down_to("service-latency", "reaction_ms"), "");  // a sum of stages
  EXPECT_EQ(put_down_to("service-latency", "reaction_ms.sampling"), "");
  EXPECT_EQ(put_down_to("metric-distribution", "interval_error_ms.bgp"), "no jitter");
  EXPECT_EQ(put_down_to("metric-distribution", "lost"), "");
  EXPECT_EQ(put_down_to("metric-distribution", "distribution_delay_ms"), "FRR's window");
  EXPECT_EQ(put_down_to("metric-distribution", "distribution_delay_ms.r2"), "constant receipt");
  EXPECT_EQ(put_down_to("metric-distribution", "distribution_delay_ms", "global-min", "centralized"), "");
  EXPECT_EQ(put_down_to("utilization", "utilisation.es1.ecmp"), "another multipath hash");
  EXPECT_EQ(put_down_to("utilization", "utilisation.es1"), "");
  EXPECT_EQ(put_down_to("lb-variance", "var", "ecmp"), "another multipath hash");
  EXPECT_EQ(put_down_to("lb-variance", "var", "round-robin"), "");
  EXPECT_EQ(put_down_to("lb-variance", "miscounted_flows", "ecmp"), "");
}

// Readers find there what each means, and nothing is called otherwise.
TEST(Assumptions, AreThoseOfTheDocumentation) {
  const std::string page = read_file(CATS_SOURCE_DIR "/docs/simulator.md");
  const std::size_t begin = page.find("## Against the emulator");
  ASSERT_NE(begin, std::string::npos);
  const std::string section = page.substr(begin, page.find("\n## ", begin + 1) - begin);
  std::set<std::string_view> names;
  for (const Assumption& assumption : assumptions()) {
    EXPECT_TRUE(names.insert(assumption.name).second) << assumption.name;
    EXPECT_THAT(section, HasSubstr("| **" + std::string(assumption.name) + "** |"));
  }
  std::size_t rows = 0;
  for (std::size_t at = section.find("| **"); at != std::string::npos; at = section.find("| **", at + 1)) ++rows;
  EXPECT_EQ(rows, names.size());
}

}  // namespace
}  // namespace cats::suite
