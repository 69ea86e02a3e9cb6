#include "suite/comparisons.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suite/report/json.h"
#include "suite/tests/test.h"
#include "tests/suite/entries.h"

namespace cats::suite {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<double> kLow{10, 11, 12, 10, 11, 12, 10, 11};
const std::vector<double> kHigh{15, 16.5, 17, 15, 16, 17.5, 15, 16};  // 5, 5.5, 5, 5, 5, 5.5, 5, 5 more

TEST(Comparisons, OfAlgorithmsArePairedByTrial) {
  const auto all = compare_entries({entry("ecmp", {{kPrimary, kHigh}}), entry("pid", {{kPrimary, kLow}})});
  ASSERT_EQ(all.size(), 1u);
  const Comparison& c = all[0];
  EXPECT_EQ(c.test, "metric-distribution");
  EXPECT_EQ(c.figure, kPrimary);
  EXPECT_EQ(c.a, "ecmp");
  EXPECT_EQ(c.b, "pid");
  EXPECT_EQ(c.pairs, 8);
  EXPECT_DOUBLE_EQ(c.effect.value(), -5.125);
  // Six of 5 and two of 5.5: deviation √((6·0.125² + 2·0.375²)/7) = 0.2314550; t(7) = 2.364624.
  EXPECT_NEAR(c.ci95->lo, -5.125 - 2.364624 * 0.2314550 / std::sqrt(8), 1e-5);
  EXPECT_DOUBLE_EQ(c.p.value(), 2.0 / 256);
  EXPECT_EQ(c.p_adjusted, c.p);
  EXPECT_EQ(c.verdict, "b lower");
  EXPECT_EQ(c.conditions["mode"], "distributed");
  EXPECT_EQ(c.conditions["parameters"]["measure_s"], 15);
  EXPECT_FALSE(c.conditions.contains("algorithm"));
}

TEST(Comparisons, EveryPairOfAlgorithmsIsOneFamily) {
  const auto all = compare_entries(
      {entry("ecmp", {{kPrimary, kHigh}}), entry("pid", {{kPrimary, kLow}}), entry("p2c", {{kPrimary, kLow}})});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_DOUBLE_EQ(all[0].p_adjusted.value(), 3 * 2.0 / 256);
  EXPECT_DOUBLE_EQ(all[1].p_adjusted.value(), 3 * 2.0 / 256);
  EXPECT_EQ(all[2].p_adjusted, 1);
  EXPECT_EQ(all[2].verdict, "no difference seen");
}

TEST(Comparisons, ACombinationIsAFamilyOfItsOwn) {
  std::vector<TestResult> entries;
  for (const double interval : {100.0, 200.0})
    for (const char* algorithm : {"ecmp", "pid"}) {
      entries.push_back(entry(algorithm, {{kPrimary, std::string(algorithm) == "pid" ? kLow : kHigh}}));
      entries.back().interval_ms = interval;
    }
  const auto all = compare_entries(entries);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].conditions["interval_ms"], 100);
  EXPECT_EQ(all[1].conditions["interval_ms"], 200);
  for (const Comparison& c : all) EXPECT_EQ(c.p_adjusted, c.p);
  const std::string table = comparison_table(all);
  EXPECT_THAT(table, HasSubstr("metric-distribution, interval_ms 100"));
  EXPECT_THAT(table, HasSubstr("pid lower"));
}

TEST(Comparisons, WhatDiffersInMoreThanOneThingIsNotCompared) {
  auto other = entry("pid", {{kPrimary, kLow}});
  const auto compared = [&](auto change) {
    auto b = other;
    change(b);
    return compare_entries({entry("ecmp", {{kPrimary, kHigh}}), b}).size();
  };
  EXPECT_EQ(compared([](TestResult&) {}), 1u);
  EXPECT_EQ(compared([](TestResult& b) { b.mode = "centralized"; }), 0u);
  EXPECT_EQ(compared([](TestResult& b) { b.mode = "centralized", b.algorithm = "ecmp"; }), 1u);
  EXPECT_EQ(compared([](TestResult& b) { b.algorithm = "ecmp"; }), 0u);  // the same entry twice
  EXPECT_EQ(compared([](TestResult& b) { b.interval_ms = 2; }), 0u);
  EXPECT_EQ(compared([](TestResult& b) { b.engine = "sim"; }), 0u);
  EXPECT_EQ(compared([](TestResult& b) { b.engine = "sim", b.algorithm = "ecmp"; }), 1u);
  EXPECT_EQ(compared([](TestResult& b) { b.engine = "sim", b.algorithm = "ecmp", b.mode = "hybrid"; }), 0u);
  EXPECT_EQ(compared([](TestResult& b) { b.name = "collection"; }), 0u);
  EXPECT_EQ(compared([](TestResult& b) { b.parameters["measure_s"] = 16; }), 0u);
  EXPECT_EQ(compared([](TestResult& b) { b.metrics.push_back({{"type", "x"}}); }), 0u);
}

// What a study over `mode` leaves: entries with the same seeds that say their mode, and nothing else, differently.
TEST(Comparisons, EveryPairOfModesIsOneFamily) {
  std::vector<TestResult> entries;
  for (const char* mode : {"distributed", "centralized", "hybrid"}) {
    entries.push_back(entry("pid", {{kPrimary, entries.empty() ? kLow : kHigh}}));
    entries.back().mode = mode;
    entries.back().study = {{"mode", mode}};
  }
  const auto all = compare_entries(entries);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].a, "distributed");
  EXPECT_EQ(all[0].b, "centralized");
  EXPECT_EQ(all[0].verdict, "a lower");
  EXPECT_EQ(all[2].a, "centralized");
  EXPECT_EQ(all[2].b, "hybrid");
  EXPECT_EQ(all[2].verdict, "no difference seen");
  EXPECT_EQ(all[0].conditions["algorithm"], "pid");
  EXPECT_FALSE(all[0].conditions.contains("mode"));
  EXPECT_DOUBLE_EQ(all[0].p_adjusted.value(), 3 * 2.0 / 256);
  EXPECT_THAT(comparison_table(all), HasSubstr("distributed lower"));
}

// The same trials in both worlds: seeds come from test and index.
TEST(Comparisons, EnginesAreComparedBesideAlgorithms) {
  std::vector<TestResult> entries;
  for (const char* engine : {"emulator", "sim"})
    for (const char* algorithm : {"ecmp", "pid"}) {
      entries.push_back(entry(algorithm, {{kPrimary, std::string(engine) == "sim" ? kHigh : kLow}}));
      entries.back().engine = engine;
      entries.back().study = {{"engine", engine}, {"algorithm", algorithm}};
    }
  const auto all = compare_entries(entries);
  ASSERT_EQ(all.size(), 4u);  // the algorithms on either engine, the engines with either algorithm
  const auto engines = std::count_if(all.begin(), all.end(), [](const Comparison& c) { return c.a == "emulator"; });
  ASSERT_EQ(engines, 2);
  for (const Comparison& c : all) {
    const bool of_engines = c.a == "emulator";
    EXPECT_EQ(c.b, of_engines ? "sim" : "pid");
    EXPECT_EQ(c.conditions.contains("engine"), !of_engines);
    EXPECT_EQ(c.conditions.contains("algorithm"), of_engines);
    EXPECT_EQ(c.pairs, 8);
    EXPECT_EQ(c.verdict, of_engines ? "a lower" : "no difference seen");
    EXPECT_EQ(c.p_adjusted, c.p);  // each a family of its own
  }
  EXPECT_THAT(comparison_table(all), HasSubstr("emulator lower"));
}

TEST(Comparisons, AMissingTrialDropsThePair) {
  auto b = entry("pid", {{kPrimary, kLow}});
  b.trials[2].error = "the machine was busy";
  b.trials[5].figures[0].second.reset();
  const auto all = compare_entries({entry("ecmp", {{kPrimary, kHigh}}), b});
  EXPECT_EQ(all.at(0).pairs, 6);
  EXPECT_DOUBLE_EQ(all[0].effect.value(), -(5 + 5.5 + 5 + 5 + 5 + 5) / 6);
}

TEST(Comparisons, DifferentSeedsAreNotPaired) {
  auto b = entry("pid", {{kPrimary, kLow}});
  b.trials[3].seed = 7;
  const auto all = compare_entries({entry("ecmp", {{kPrimary, kHigh}}), b});
  EXPECT_EQ(all.at(0).verdict, "not compared");
  EXPECT_THAT(all[0].reason, HasSubstr("trial 3 has seed 103 in a and 7 in b"));
  EXPECT_FALSE(all[0].p_adjusted);
  const Comparison loose = compare_figure(entry("ecmp", {{kPrimary, kHigh}}), b, kPrimary, true);
  EXPECT_FALSE(loose.paired);
  EXPECT_EQ(loose.verdict, "b lower");
}

TEST(Comparisons, FewPairsSayWhatTheyCannotShow) {
  const auto cut = [](std::vector<double> values) {
    values.resize(5);
    return values;
  };
  const auto five = compare_entries({entry("ecmp", {{kPrimary, cut(kHigh)}}), entry("pid", {{kPrimary, cut(kLow)}})});
  EXPECT_EQ(five.at(0).verdict, "b lower");
  EXPECT_THAT(five[0].reason, HasSubstr("cannot be below 0.0625"));
  const auto one = compare_entries({entry("ecmp", {{kPrimary, {1}}}), entry("pid", {{kPrimary, {2}}})});
  EXPECT_EQ(one.at(0).verdict, "not compared");
}

TEST(Comparisons, OnlyFiguresThatTheTestNamesAndThatAreNotExact) {
  EXPECT_THAT(compare_entries({entry("a", {{"age_ms", kLow}}), entry("b", {{"age_ms", kHigh}})}), IsEmpty());
  auto exact = entry("a", {{kPrimary, kLow}});
  exact.figures[0].second.bound = stats::Bound{"==", 0};
  EXPECT_THAT(compare_entries({exact, entry("b", {{kPrimary, kHigh}})}), IsEmpty());
}

TEST(Comparisons, RatiosKeepTheirScale) {
  auto a = entry("a", {{kPrimary, kLow}});
  a.figures[0].second.ci_method = kRatioMethod;
  const auto all = compare_entries({a, entry("b", {{kPrimary, {20, 22, 24, 20, 22, 24, 20, 22}}})});
  EXPECT_EQ(all.at(0).scale, stats::Scale::ratio);
  EXPECT_NEAR(all[0].effect.value(), 2, 1e-12);
  EXPECT_EQ(all[0].verdict, "a lower");
}

TEST(Comparisons, ReadBackTheSame) {
  const auto all = compare_entries({entry("ecmp", {{kPrimary, kHigh}}), entry("pid", {{kPrimary, kLow}})});
  EXPECT_EQ(comparison_from_json(nlohmann::ordered_json::parse(write_json(to_json(all.at(0))))), all[0]);
}

TEST(Comparisons, EveryTestComparesItsPrimaryFigure) {
  for (const suite::Test* test : all_tests())
    EXPECT_THAT(test->compared_figures(), testing::Contains(test->primary_figure()));
}

}  // namespace
}  // namespace cats::suite
