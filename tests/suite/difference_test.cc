// Comparisons against worked examples of the literature. Other numbers can be checked by hand from the lines beside
// them.
#include "suite/stats/difference.h"

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suite/stats/enough.h"
#include "suite/stats/sign_flip.h"

namespace cats::suite::stats {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

// Hours of sleep gained under two drugs by the same ten patients ("Student", Biometrika 1908).
const std::vector<double> kDextro{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
const std::vector<double> kLaevo{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

TEST(SignFlip, FisherOnDarwinsMaize) {
  // The Design of Experiments (1935), section 21: 863 of 2^15 sums are at least 314, so two-sided 1726 of 32768.
  const std::vector<double> eighths{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
  EXPECT_DOUBLE_EQ(sign_flip_p(eighths), 1726.0 / 32768);
}

TEST(SignFlip, SmallCasesByHand) {
  EXPECT_EQ(sign_flip_p(std::vector<double>{5}), 1);                      // ±5 are as extreme as each other
  EXPECT_DOUBLE_EQ(sign_flip_p(std::vector<double>{1, 2, 3}), 0.25);      // only +++ and −−− of 8
  EXPECT_DOUBLE_EQ(sign_flip_p(std::vector<double>{1, 2, -3}), 1);        // the sum is 0
  EXPECT_DOUBLE_EQ(sign_flip_p(std::vector<double>{-1, 2, 3}), 0.5);      // |sums|: 6, 4, 2, 0 twice each; seen 4
  EXPECT_DOUBLE_EQ(sign_flip_p(std::vector<double>{0.1, 0.2, -0.3}), 1);  // 0 but for rounding
  EXPECT_THROW(sign_flip_p({}), std::invalid_argument);
}

TEST(SignFlip, TheLeastPIsTwoPatterns) {
  for (const std::size_t n : {5u, 8u, 20u, 30u})
    EXPECT_DOUBLE_EQ(sign_flip_p(std::vector<double>(n, 1.5)), std::ldexp(2.0, -static_cast<int>(n)));
}

TEST(SignFlip, DrawnPatternsAgreeWithCountedOnes) {
  // Pairs that do not differ change no sum, so 20 of them bring an exact case above the limit.
  std::vector<double> values{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
  values.resize(35, 0);
  ASSERT_GT(values.size(), kExactPairs);
  // Standard error of 99999 draws at p = 0.0527: 0.0007.
  EXPECT_NEAR(sign_flip_p(values), 1726.0 / 32768, 0.003);
  EXPECT_EQ(sign_flip_p(values), sign_flip_p(values));
  EXPECT_DOUBLE_EQ(sign_flip_p(std::vector<double>(50, 1.0)), 1.0 / (kSignFlipDraws + 1));
}

TEST(Paired, StudentsSleep) {
  const auto result = compare_paired(kDextro, kLaevo);
  ASSERT_TRUE(result);
  // t = 4.0621, 9 degrees of freedom, 95 % interval 0.7001 to 2.4599.
  EXPECT_NEAR(result->effect, 1.58, 1e-12);
  EXPECT_NEAR(result->ci95.lo, 0.7001, 5e-5);
  EXPECT_NEAR(result->ci95.hi, 2.4599, 5e-5);
  // One pair does not differ, nine have one sign: 2·2 of 2^10 patterns.
  EXPECT_DOUBLE_EQ(result->p, 4.0 / 1024);
  // d_z = 1.58/1.23 = 1.28456; J(9) = 0.913875.
  EXPECT_NEAR(result->effect_size.value(), 1.17392, 1e-5);
  EXPECT_EQ(order(*result), Order::a_lower);
  EXPECT_EQ(result->a, 10);
}

TEST(Unpaired, WelchOnTheSameNumbers) {
  const auto result = compare_unpaired(kDextro, kLaevo);
  ASSERT_TRUE(result);
  // t = 1.8608, 17.776 degrees of freedom, p = 0.07939, interval −0.2055 to 3.3655.
  EXPECT_NEAR(result->effect, 1.58, 1e-12);
  EXPECT_NEAR(result->ci95.lo, -0.2055, 5e-5);
  EXPECT_NEAR(result->ci95.hi, 3.3655, 5e-5);
  EXPECT_NEAR(result->p, 0.07939, 5e-6);
  // d = 0.832181 with the pooled deviation; J(18) = 0.957646.
  EXPECT_NEAR(result->effect_size.value(), 0.796935, 1e-6);
  EXPECT_EQ(order(*result), Order::not_seen);
  EXPECT_FALSE(result->paired);
}

TEST(Paired, RatiosAreComparedOnLogarithms) {
  const auto result = compare_paired(std::vector<double>{1, 2, 4}, std::vector<double>{2, 4, 4}, Scale::ratio);
  ASSERT_TRUE(result);
  // ln 2, ln 2, 0: mean ⅔ ln 2, deviation ln 2/√3, t(2) = 4.302653.
  EXPECT_NEAR(result->effect, std::pow(2, 2.0 / 3), 1e-12);
  EXPECT_NEAR(std::log(result->ci95.hi), (2 + 4.302653) / 3 * std::log(2), 1e-6);
  EXPECT_NEAR(std::log(result->ci95.lo), (2 - 4.302653) / 3 * std::log(2), 1e-6);
  EXPECT_EQ(order(*result), Order::not_seen);
}

TEST(Paired, NothingVaries) {
  const auto same = compare_paired(std::vector<double>{3, 4, 5}, std::vector<double>{3, 4, 5});
  ASSERT_TRUE(same);
  EXPECT_EQ(same->ci95, (Interval{0, 0}));
  EXPECT_EQ(same->p, 1);
  EXPECT_FALSE(same->effect_size);
  EXPECT_EQ(order(*same), Order::not_seen);
  const auto rounded = compare_paired(std::vector<double>{0.1 + 0.2, 0.3}, std::vector<double>{0.3, 0.1 + 0.2});
  EXPECT_EQ(rounded->effect, 0);
  const auto shifted = compare_paired(std::vector<double>{3, 4, 5}, std::vector<double>{2, 3, 4});
  EXPECT_EQ(shifted->ci95, (Interval{-1, -1}));
  EXPECT_EQ(shifted->p, 0.25);
  EXPECT_EQ(order(*shifted), Order::b_lower);
}

TEST(Unpaired, NothingVaries) {
  const std::vector<double> fours{4, 4, 4};
  const auto result = compare_unpaired(std::vector<double>{3, 3, 3}, fours);
  EXPECT_EQ(result->ci95, (Interval{1, 1}));
  EXPECT_DOUBLE_EQ(result->p, 0.1);  // 2 of the 20 ways to choose three of six
  EXPECT_EQ(compare_unpaired(fours, fours)->p, 1);
}

TEST(Differences, SayWhyNothingCanBeSaid) {
  const std::vector<double> one{1}, two{1, 2}, zero{0, 1};
  EXPECT_THAT(compare_paired(one, one).error().message, HasSubstr("1 pairs"));
  EXPECT_THAT(compare_paired(one, two).error().message, HasSubstr("cannot be paired"));
  EXPECT_THAT(compare_paired(two, zero, Scale::ratio).error().message, HasSubstr("not positive: 0"));
  EXPECT_THAT(compare_unpaired(one, two).error().message, HasSubstr("1 values against 2"));
}

TEST(Holm, StepsDown) {
  // 0.005·4, 0.01·3, 0.03·2, and 0.04·1, which may not be below the one before it.
  const std::vector<double> p{0.01, 0.04, 0.03, 0.005};
  EXPECT_THAT(holm(p), ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.06, 1e-12), DoubleNear(0.06, 1e-12),
                                   DoubleNear(0.02, 1e-12)));
  EXPECT_THAT(holm(std::vector<double>{0.7, 0.6}), ElementsAre(1, 1));
  EXPECT_TRUE(holm({}).empty());
}

TEST(Correction, HasClosedFormsAndHedgesApproximation) {
  EXPECT_NEAR(small_sample_correction(2), 1 / std::sqrt(M_PI), 1e-12);
  EXPECT_NEAR(small_sample_correction(4), std::sqrt(2 / M_PI), 1e-12);
  EXPECT_NEAR(small_sample_correction(50), 1 - 3.0 / (4 * 50 - 1), 5e-5);
  EXPECT_EQ(small_sample_correction(1), 0);
}

TEST(Enough, MeasuresHalfTheInterval) {
  // 8 values of mean 100 and deviation √(8/7): half the interval is 2.364624·√(8/7)/√8 = 0.893744.
  const std::vector<double> values{99, 101, 99, 101, 99, 101, 99, 101};
  EXPECT_FALSE(enough(values, 0.00893));
  EXPECT_TRUE(enough(values, 0.00894));
  EXPECT_TRUE(enough(std::vector<double>{7, 7, 7}, 0.001));
  EXPECT_FALSE(enough(std::vector<double>{7, 7}, 0.5));
  EXPECT_FALSE(enough(std::vector<double>{-1, 1, -1, 1}, 1000));  // around 0 nothing is relative
  EXPECT_TRUE(enough(std::vector<double>{-99, -101, -100}, 0.03));
}

TEST(Enough, RatiosHaveTheirOwnScale) {
  // Logarithms −x, 0, x with x = ln 1.01: half the interval is the factor e^(4.302653·x/√3) = 1.02502.
  const std::vector<double> values{1 / 1.01, 1, 1.01};
  EXPECT_FALSE(enough(values, 0.0250, Scale::ratio));
  EXPECT_TRUE(enough(values, 0.0251, Scale::ratio));
  EXPECT_FALSE(enough(std::vector<double>{0, 1, 1}, 10, Scale::ratio));
}

}  // namespace
}  // namespace cats::suite::stats
