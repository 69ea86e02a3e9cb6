#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "suite/stats/statistics.h"

namespace cats::suite::stats {
namespace {

TEST(Statistics, MeanAndDeviation) {
  const std::vector<double> values{2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_DOUBLE_EQ(mean(values), 5);
  EXPECT_NEAR(standard_deviation(values), 2.138089935, 1e-9);
  EXPECT_EQ(standard_deviation(std::vector<double>{3}), 0);
  EXPECT_NEAR(geometric_mean(std::vector<double>{1, 10, 100}), 10, 1e-12);
  EXPECT_THROW(mean({}), std::invalid_argument);
}

TEST(Statistics, PercentilesAreNearestRank) {
  const std::vector<double> five{15, 20, 35, 40, 50};  // the usual textbook example
  EXPECT_EQ(percentile(five, 0.05), 15);
  EXPECT_EQ(percentile(five, 0.30), 20);
  EXPECT_EQ(percentile(five, 0.40), 20);
  EXPECT_EQ(percentile(five, 0.50), 35);
  EXPECT_EQ(percentile(five, 1), 50);
  std::vector<double> hundred;
  for (int i = 100; i > 0; --i) hundred.push_back(i);
  EXPECT_EQ(percentile(hundred, 0.99), 99);
  EXPECT_EQ(percentile(hundred, 0.9), 90);
  EXPECT_EQ(percentile(hundred, 0.001), 1);
}

TEST(Statistics, StudentTAgreesWithTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959964, 1e-6);
  EXPECT_NEAR(student_t_quantile(0.975, 1), 12.706, 0.0005);
  EXPECT_NEAR(student_t_quantile(0.975, 4), 2.776, 0.0005);
  EXPECT_NEAR(student_t_quantile(0.975, 7), 2.365, 0.0005);
  EXPECT_NEAR(student_t_quantile(0.995, 9), 3.250, 0.0005);
  EXPECT_NEAR(student_t_quantile(0.975, 30), 2.042, 0.0005);
}

TEST(Statistics, IntervalOfTheMean) {
  const std::vector<double> values{1, 2, 3, 4, 5};
  const auto interval = mean_interval(values);
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->lo, 3 - 2.776445 * std::sqrt(2.5) / std::sqrt(5), 1e-5);
  EXPECT_NEAR(interval->hi, 3 + 2.776445 * std::sqrt(2.5) / std::sqrt(5), 1e-5);
  EXPECT_FALSE(mean_interval(std::vector<double>{1}));
  EXPECT_EQ(mean_interval(std::vector<double>{4, 4, 4}), (Interval{4, 4}));
}

TEST(Statistics, RatiosAreJudgedOnTheLogScale) {
  const auto interval = ratio_interval(std::vector<double>{0.5, 1, 2});
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->lo * interval->hi, 1, 1e-12);
  EXPECT_FALSE(ratio_interval(std::vector<double>{0.5, 0}));
}

TEST(Statistics, ClopperPearsonAgreesWithTables) {
  const Interval none = share_interval(0, 10, 0.95);
  EXPECT_EQ(none.lo, 0);
  EXPECT_NEAR(none.hi, 0.30850, 1e-5);
  const Interval half = share_interval(5, 10, 0.95);
  EXPECT_NEAR(half.lo, 0.18709, 1e-5);
  EXPECT_NEAR(half.hi, 0.81291, 1e-5);
  const Interval all = share_interval(10, 10, 0.99);
  EXPECT_NEAR(all.lo, 0.58870, 1e-5);
  EXPECT_EQ(all.hi, 1);
  EXPECT_THROW(share_interval(3, 2), std::invalid_argument);
}

TEST(Statistics, RuleOfThree) {
  EXPECT_DOUBLE_EQ(rule_of_three(300), 0.01);
  EXPECT_EQ(rule_of_three(0), 1);
}

TEST(Verdict, ComesFromTheInterval) {
  const Bound at_most{"<=", 3};
  EXPECT_EQ(judge(2, Interval{1, 2.9}, at_most), Verdict::pass);
  EXPECT_EQ(judge(2, Interval{1, 3.1}, at_most), Verdict::inconclusive);
  EXPECT_EQ(judge(4, Interval{3.1, 5}, at_most), Verdict::fail);
  EXPECT_EQ(judge(4, Interval{2, 6}, at_most), Verdict::inconclusive);
  EXPECT_EQ(judge(2, std::nullopt, at_most), Verdict::pass);
  EXPECT_EQ(judge(1, Interval{0.9, 1.1}, {"==", 1}), Verdict::pass);
  EXPECT_EQ(judge(0.99, Interval{0.9, 1.1}, {"==", 1}), Verdict::fail);
}

TEST(Verdict, AViolationThatWasSeenOutranksWhatCouldNotBeMeasured) {
  EXPECT_EQ(worst(Verdict::pass, Verdict::not_applicable), Verdict::pass);
  EXPECT_EQ(worst(Verdict::pass, Verdict::inconclusive), Verdict::inconclusive);
  EXPECT_EQ(worst(Verdict::error, Verdict::inconclusive), Verdict::error);
  EXPECT_EQ(worst(Verdict::error, Verdict::fail), Verdict::fail);
  for (const Verdict v : {Verdict::pass, Verdict::fail, Verdict::inconclusive, Verdict::not_applicable, Verdict::error})
    EXPECT_EQ(parse_verdict(name(v)), v);
}

}  // namespace
}  // namespace cats::suite::stats
