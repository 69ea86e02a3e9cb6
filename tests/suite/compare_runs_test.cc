#include "suite/compare_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suite/fail_if.h"
#include "tests/suite/entries.h"

namespace cats::suite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<double> kBefore{100, 101, 102, 100, 101, 102, 100, 102};
const std::vector<double> kAfter{120, 121.5, 122, 120, 121, 122, 120.5, 122};  // 20 % more

Report report(std::vector<TestResult> entries) {
  Report result;
  result.run = {{"id", "x"}, {"quick", false}};
  result.scenario = {{"name", "s"}, {"sha256", "1"}};
  result.topology = {{"sha256", "2"}};
  result.environment = {{"cpu_model", "Z80"}, {"cpus", 2}, {"kernel", "6.1"}};
  result.tests = std::move(entries);
  return result;
}

TEST(Differences, NameWhatMakesRunsIncomparable) {
  const Report a = report({});
  EXPECT_THAT(differences(a, a), IsEmpty());
  Report b = a;
  b.scenario["sha256"] = "9";
  b.environment["cpu_model"] = "8086";
  b.environment["kernel"] = nullptr;
  b.run["quick"] = true;
  b.run["id"] = "y";
  EXPECT_THAT(differences(a, b), ElementsAre("scenario file (SHA-256): 1 against 9", "quick: false against true",
                                             "CPU: Z80 against 8086", "kernel: 6.1 against unknown"));
}

TEST(CompareRuns, PairsTrialsOfTheSameSeedAndNoOthers) {
  const Report a = report({entry("pid", {{kPrimary, kBefore}, {"age_ms", kBefore}})});
  Report b = report({entry("pid", {{kPrimary, kAfter}, {"lost", kAfter}})});
  const RunComparison paired = compare_runs(a, b);
  ASSERT_EQ(paired.comparisons.size(), 1u);  // what only one has is not compared
  EXPECT_EQ(paired.comparisons[0].pairs, 8);
  EXPECT_EQ(paired.comparisons[0].verdict, "a lower");
  EXPECT_EQ(paired.comparisons[0].p_adjusted, 2.0 / 256);
  for (TrialResult& trial : b.tests[0].trials) trial.seed += 1000;
  const RunComparison loose = compare_runs(a, b);
  EXPECT_FALSE(loose.comparisons[0].paired);
  EXPECT_DOUBLE_EQ(loose.comparisons[0].effect.value(), paired.comparisons[0].effect.value());
  EXPECT_LT(paired.comparisons[0].ci95->hi - paired.comparisons[0].ci95->lo,
            loose.comparisons[0].ci95->hi - loose.comparisons[0].ci95->lo);
}

TEST(CompareRuns, MatchesEntriesAndSaysWhichHaveNoPartner) {
  auto fast = entry("pid", {{kPrimary, kBefore}});
  fast.interval_ms = 100;
  const Report a = report({entry("pid", {{kPrimary, kBefore}}), fast, entry("ecmp", {{kPrimary, kBefore}})});
  const Report b = report({entry("p2c", {{kPrimary, kAfter}}), fast});
  const RunComparison runs = compare_runs(a, b);
  ASSERT_EQ(runs.entries.size(), 1u);
  EXPECT_EQ(runs.entries[0].a->interval_ms, 100);
  EXPECT_THAT(runs.only_a, ElementsAre("metric-distribution, distributed, pid, T = 1000 ms",
                                       "metric-distribution, distributed, ecmp, T = 1000 ms"));
  EXPECT_THAT(runs.only_b, ElementsAre("metric-distribution, distributed, p2c, T = 1000 ms"));
}

TEST(CompareRuns, AnEntryWithOtherParametersIsMatchedWhenThereIsOnlyOne) {
  auto fast = entry("pid", {{kPrimary, kAfter}});
  fast.interval_ms = 100;
  const Report a = report({entry("pid", {{kPrimary, kBefore}})});
  const Report b = report({fast});
  EXPECT_EQ(compare_runs(a, b).comparisons.at(0).verdict, "a lower");
}

std::vector<FailIfResult> judged(const std::string& condition, const std::vector<double>& after = kAfter) {
  const Report a = report({entry("pid", {{kPrimary, kBefore}}), entry("ecmp", {{kPrimary, kBefore}})});
  const Report b = report({entry("pid", {{kPrimary, after}}), entry("ecmp", {{kPrimary, kBefore}})});
  const auto parsed = parse_fail_if(condition);
  if (!parsed) throw std::invalid_argument(parsed.error().message);
  const auto runs = compare_runs(a, b);
  const auto results = judge(*parsed, runs);
  if (!results) throw std::out_of_range(results.error().message);
  return *results;
}

bool held(const std::string& condition, const std::vector<double>& after = kAfter) {
  const auto results = judged(condition, after);
  return std::ranges::any_of(results, [](const FailIfResult& result) { return result.held; });
}

TEST(FailIf, TheWholeIntervalMustBeBeyond) {
  EXPECT_TRUE(held("metric-distribution.pid > +10%"));
  EXPECT_TRUE(held("metric-distribution.pid>=15 %"));
  EXPECT_FALSE(held("metric-distribution.pid > +19.9%"));  // 19.7 to 20.1 %: the mean is beyond, the interval not
  EXPECT_FALSE(held("metric-distribution.pid > +25%"));
  EXPECT_FALSE(held("metric-distribution.pid < -10%"));
  EXPECT_TRUE(held("metric-distribution.pid > 19"));  // in ms
  EXPECT_FALSE(held("metric-distribution.pid > 21"));
  EXPECT_FALSE(held("metric-distribution.ecmp > +0%"));
  EXPECT_TRUE(held("metric-distribution.distribution_delay_ms > +10%"));  // of any entry
  EXPECT_TRUE(held("metric-distribution.pid.distribution_delay_ms > +10%"));
  EXPECT_EQ(judged("metric-distribution.distribution_delay_ms > 0").size(), 2u);
  EXPECT_EQ(judged("metric-distribution.pid > 0").size(), 1u);
}

TEST(FailIf, AFigureThatWasZero) {
  const std::vector<double> none(8, 0), some{1, 2, 1, 2, 1, 2, 1, 2};
  const Report a = report({entry("pid", {{kPrimary, none}})});
  const Report b = report({entry("pid", {{kPrimary, some}})});
  const auto up = compare_runs(a, b);
  const auto same = compare_runs(a, a);
  const FailIf condition = *parse_fail_if("metric-distribution.pid > +10%");
  EXPECT_TRUE(judge(condition, up)->at(0).held);
  EXPECT_FALSE(judge(condition, same)->at(0).held);
}

TEST(FailIf, WhatWasNotMeasuredIsNoPass) {
  const Report a = report({entry("pid", {{kPrimary, {1}}})});
  const auto runs = compare_runs(a, a);
  const auto results = judge(*parse_fail_if("metric-distribution.pid > +10%"), runs);
  ASSERT_TRUE(results);
  EXPECT_FALSE(results->at(0).change);
  EXPECT_THAT(results->at(0).reason, HasSubstr("at least 2"));
}

TEST(FailIf, ErrorsNameThePlaceAndWhatIsAllowed) {
  const auto error = [](const char* text) { return parse_fail_if(text).error().message; };
  EXPECT_THAT(error("lb-variance.pid"), HasSubstr("character 16: there is no comparison"));
  EXPECT_THAT(error("pid > 1%"), HasSubstr("character 1: \"pid\" is not TEST.FIGURE"));
  EXPECT_THAT(error("a.b == 1%"), HasSubstr("character 5: \"==\" is no comparison"));
  EXPECT_THAT(error("a.b > much"), HasSubstr("character 7: \"much\" is no change"));
  EXPECT_THAT(error("a.b > +-1%"), HasSubstr("is no change"));
  EXPECT_THAT(error("a.b > inf"), HasSubstr("is no change"));
  EXPECT_THAT(error("a.b >"), HasSubstr("character 6"));
  EXPECT_THAT(error("a.b > 1 ms"), HasSubstr("character 9: \"ms\" after the number: only % may"));
  EXPECT_THAT(error("a.b > 1"
                    " x"),
              HasSubstr("write TEST.FIGURE or TEST.ALGORITHM"));
}

TEST(FailIf, UnknownNamesGetNearMisses) {
  const auto error = [](const char* text) {
    try {
      judged(text);
    } catch (const std::out_of_range& e) {
      return std::string(e.what());
    }
    return std::string("judged");
  };
  EXPECT_THAT(error("metric-distributon.pid > 1"), HasSubstr("did you mean \"metric-distribution\"?"));
  EXPECT_THAT(error("metric-distribution.distribution_delay > 1"),
              HasSubstr("there are distribution_delay_ms, ecmp or pid"));
  EXPECT_THAT(error("metric-distribution.distribution_delay_m > 1"),
              HasSubstr("did you mean \"distribution_delay_ms\"?"));
  EXPECT_THAT(error("metric-distribution.pid.age > 1"), HasSubstr("has no figure or algorithm \"pid.age\""));
}

}  // namespace
}  // namespace cats::suite
