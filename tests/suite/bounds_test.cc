#include "suite/bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suite/report/json.h"
#include "suite/tests/test.h"
#include "tests/suite/entries.h"

namespace cats::suite {
namespace {

using testing::HasSubstr;

scenarios::FigureBound at_most(double value) {
  return {"metric-distribution.distribution_delay_ms <= x", "metric-distribution", kPrimary, "<=", value};
}

const std::vector<double> kDelays{10, 11, 12, 10, 11};  // interval 9.76 to 11.84

BoundResult judged(double value, const TestResult& result = entry("pid", {{kPrimary, kDelays}})) {
  const auto results = judge_bounds({at_most(value)}, {result});
  EXPECT_EQ(results.size(), 1u);
  return results.at(0);
}

TEST(JudgedBounds, ComeFromTheInterval) {
  EXPECT_EQ(judged(12).verdict, Verdict::pass);
  EXPECT_EQ(judged(9).verdict, Verdict::fail);
  EXPECT_EQ(judged(11).verdict, Verdict::inconclusive);
  EXPECT_THAT(judged(9).reason, HasSubstr("must be <= 9"));
  EXPECT_EQ(judged(12).reason, "");
  EXPECT_EQ(judged(12).unit, "ms");
}

TEST(JudgedBounds, WhatWasNotMeasuredIsAnError) {
  auto lacking = entry("pid", {{kPrimary, kDelays}});
  lacking.trials[1].error = "the machine was busy";
  EXPECT_EQ(judged(12, lacking).verdict, Verdict::error);
  EXPECT_THAT(judged(12, lacking).reason, HasSubstr("trial 1 could not be taken: the machine was busy"));
  auto apart = entry("ecmp", {{kPrimary, kDelays}});
  apart.figures[0].second.verdict = Verdict::not_applicable;
  apart.figures[0].second.reason = "ecmp ignores metrics";
  EXPECT_EQ(judged(12, apart).verdict, Verdict::error);
  EXPECT_THAT(judged(12, entry("pid", {{"age_ms", kDelays}})).reason, HasSubstr("no such figure"));
  const auto none = judge_bounds({at_most(1)}, {});
  EXPECT_EQ(none.at(0).verdict, Verdict::error);
}

TEST(JudgedBounds, HoldForEveryEntryOfTheTest) {
  const auto fast = entry("pid", {{kPrimary, kDelays}});
  const auto slow = entry("ecmp", {{kPrimary, {20, 21, 22, 20, 21}}});
  const auto results = judge_bounds({at_most(12)}, {fast, slow});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].verdict, Verdict::pass);
  EXPECT_EQ(results[1].verdict, Verdict::fail);
  EXPECT_EQ(results[1].conditions["algorithm"], "ecmp");
  EXPECT_EQ(verify_status(results), 1);
  EXPECT_THAT(bound_table(results), HasSubstr("does not hold"));
}

TEST(JudgedBounds, ExitStatus) {
  EXPECT_EQ(verify_status({judged(12)}), 0);
  EXPECT_EQ(verify_status({judged(12), judged(11)}), 3);
  EXPECT_EQ(verify_status({judged(9), judged(11)}), 1);
  EXPECT_EQ(verify_status(judge_bounds({at_most(1)}, {})), 3);
  EXPECT_EQ(verify_status({}), 3);
}

TEST(JudgedBounds, ReadBackTheSame) {
  for (const double value : {9, 11, 12}) {
    const BoundResult result = judged(value);
    EXPECT_EQ(bound_from_json(nlohmann::ordered_json::parse(write_json(to_json(result)))), result);
  }
}

}  // namespace
}  // namespace cats::suite
