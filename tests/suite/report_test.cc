#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/bounds.h"
#include "suite/report/figure.h"
#include "suite/report/json.h"
#include "suite/report/summary.h"
#include "suite/tests/test.h"
#include "tests/suite/fake_run.h"

namespace cats::suite {
namespace {

using testing::HasSubstr;
using testing::Not;

class FigureTest : public testing::Test {
 protected:
  FigureTest() {
    for (int i = 0; i < 3; ++i) {
      trials_[i].index = i;
      result_.trials.push_back({i, 1, 0, {}, {}});
    }
  }
  Figure& add(std::vector<std::vector<double>> samples) {
    std::vector<TrialSamples> rows;
    for (std::size_t i = 0; i < samples.size(); ++i) rows.push_back(TrialSamples::of(trials_[i], samples[i]));
    return add_figure(result_, "f", {"ms", "mean", "dut", "x"}, rows);
  }
  Trial trials_[3];
  TestResult result_;
};

TEST_F(FigureTest, TheValueIsTheMeanOverTrials) {
  const Figure& figure = add({{1, 3}, {4}, {6, 6, 6}});
  EXPECT_EQ(figure.value, 4);  // of 2, 4 and 6, not of the six samples
  EXPECT_EQ(figure.samples, 6);
  EXPECT_EQ(figure.trials, 3);
  EXPECT_EQ(figure.min, 1);
  EXPECT_EQ(figure.p50, 4);
  EXPECT_EQ(figure.max, 6);
  ASSERT_TRUE(figure.ci95);
  EXPECT_NEAR(figure.ci95->lo, 4 - 4.302653 * 2 / std::sqrt(3), 1e-5);
  EXPECT_EQ(result_.trials[1].figures.at(0).second, 4);
}

TEST_F(FigureTest, WhatCouldNotBeComputedIsAnErrorWithItsReason) {
  Figure& figure = add({{}, {}, {}});
  judge(result_, "f", {"<=", 3});
  EXPECT_FALSE(figure.value);
  EXPECT_EQ(figure.verdict, Verdict::error);
  EXPECT_THAT(figure.reason, HasSubstr("no samples"));
  conclude(result_);
  EXPECT_EQ(result_.verdict, Verdict::error);
}

TEST_F(FigureTest, AWideIntervalIsInconclusive) {
  Figure& figure = add({{1}, {2}, {6}});
  judge(result_, "f", {"<=", 4});
  EXPECT_EQ(figure.verdict, Verdict::inconclusive);
  EXPECT_THAT(figure.reason, HasSubstr("must be <= 4"));
}

TEST_F(FigureTest, TwoTrialsAreJudgedByTheirRange) {
  const auto verdict = [this](double bound) {
    result_.figures.clear();
    for (TrialResult& trial : result_.trials) trial.figures.clear();
    Figure& figure = add({{1}, {3}});
    judge(result_, "f", {"<=", bound});
    return *figure.verdict;
  };
  EXPECT_EQ(verdict(3), Verdict::pass);
  EXPECT_EQ(verdict(2.5), Verdict::inconclusive);
  EXPECT_EQ(verdict(0.5), Verdict::fail);
}

TEST_F(FigureTest, ZeroInManyStatesItsBound) {
  Figure& figure = add({{0}, {0}, {0}});
  judge_exact(figure, 0, 600, "sessions");
  EXPECT_EQ(figure.verdict, Verdict::pass);
  EXPECT_EQ(figure.theory["zero_supports_rate_below"], 0.005);
  Figure& none = add({{0}, {0}, {0}});
  judge_exact(none, 0, 0, "sessions");
  EXPECT_EQ(none.verdict, Verdict::error);
}

TEST(Json, FloatsAreShortestAndNothingIsInfinite) {
  EXPECT_EQ(write_json({{"a", 0.1}, {"b", 35.0}, {"c", 1.0 / 3}, {"d", {1, 2.5}}, {"e", nullptr}}),
            "{\n  \"a\": 0.1,\n  \"b\": 35,\n  \"c\": 0.3333333333333333,\n  \"d\": [1, 2.5],\n  \"e\": null\n}\n");
  EXPECT_THROW(write_json({{"a", std::numeric_limits<double>::quiet_NaN()}}), std::logic_error);
  EXPECT_THROW(write_json({{"a", std::numeric_limits<double>::infinity()}}), std::logic_error);
}

TEST(Json, AnotherSchemaIsRefused) {
  const auto report = parse_report(R"({"schema": "catsbench.report/9"})");
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("catsbench.report/9"));
  EXPECT_FALSE(parse_report("nonsense"));
  EXPECT_FALSE(parse_report(R"({"schema": "catsbench.report/1"})"));
}

Report small(Verdict verdict) {
  Report report;
  report.run = {{"started_utc", "now"}, {"quick", true}};
  report.scenario = {{"name", "small"}};
  TestResult& test = report.tests.emplace_back();
  test.name = "a-test";
  test.mode = "distributed";
  test.algorithm = "global-min";
  test.verdict = verdict;
  test.reason = verdict == Verdict::pass ? "" : "some_figure_ms: 70 ms [65, 75], must be <= 60";
  Figure figure;
  figure.unit = "ms";
  figure.statistic = "p99";
  figure.value = 70;
  figure.ci95 = stats::Interval{65, 75};
  figure.bound = stats::Bound{"<=", 60};
  figure.verdict = verdict;
  test.figures.emplace_back("some_figure_ms", figure);
  report.warnings.push_back({"a-test", "", std::string(200, 'w') + " end"});
  return report;
}

TEST(ExitStatus, ComesFromTheWorstVerdict) {
  EXPECT_EQ(exit_status(small(Verdict::pass)), 0);
  EXPECT_EQ(exit_status(small(Verdict::not_applicable)), 0);
  EXPECT_EQ(exit_status(small(Verdict::fail)), 1);
  EXPECT_EQ(exit_status(small(Verdict::inconclusive)), 1);
  EXPECT_EQ(exit_status(small(Verdict::error)), 3);
  EXPECT_EQ(exit_status(Report{}), 3);
}

TEST(Summary, ShowsTheFigureAgainstItsBound) {
  const std::string text = summary(small(Verdict::fail), {.directory = "runs/x"});
  EXPECT_THAT(text, HasSubstr("fail           a-test"));
  EXPECT_THAT(text, HasSubstr("some_figure_ms (p99)  70 ms  65 to 75       <= 60  fail"));
  EXPECT_THAT(text, HasSubstr("Run directory: runs/x"));
  EXPECT_THAT(text, HasSubstr("Exit status 1: a test failed"));
  EXPECT_THAT(text, HasSubstr("not conforming"));
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(summary(small(Verdict::inconclusive), {}), HasSubstr("more trials may decide"));
}

TEST(Summary, ColoursAndNarrowTerminals) {
  EXPECT_THAT(summary(small(Verdict::fail), {.directory = {}, .colour = true}), HasSubstr("\033[1;31mfail"));
  const std::string narrow = summary(small(Verdict::fail), {.directory = {}, .colour = false, .width = 60});
  for (std::size_t start = 0; start < narrow.size();) {
    const std::size_t end = narrow.find('\n', start);
    const std::string line = narrow.substr(start, end - start);
    if (line.find("wwww") == std::string::npos) {
      EXPECT_LE(line.size(), 85U) << line;
    }
    start = end + 1;
  }
}

// Bounds may name what the report holds, and nothing else.
TEST(Declarations, EveryFigureOfTheGoodRunIsDeclaredWithItsUnit) {
  const auto report = parse_report(read_file(kTestFolder + "golden/report.json"));
  ASSERT_TRUE(report) << report.error().message;
  for (const TestResult& result : report->tests)
    for (const auto& [figure, value] : result.figures) {
      const auto bound =
          scenarios::parse_bound(fmt::format("{}.{} <= 1{}", result.name, figure, value.unit == "1" ? "" : value.unit),
                                 scenarios::declared_tests(all_tests()));
      EXPECT_TRUE(bound) << bound.error().message;
    }
}

}  // namespace
}  // namespace cats::suite
