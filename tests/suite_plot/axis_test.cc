#include "suite/plot/axis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::suite::plot {
namespace {

using testing::ElementsAre;

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> found;
  for (const Tick& tick : axis.ticks())
    if (!tick.label.empty()) found.push_back(tick.label);
  return found;
}

TEST(LinearAxis, TicksAreMultiplesOfOneTwoOrFive) {
  EXPECT_THAT(labels({0, 1, Scale::linear}), ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(labels({0, 0.43, Scale::linear}), ElementsAre("0", "0.1", "0.2", "0.3", "0.4", "0.5"));
  EXPECT_THAT(labels({0, 1900, Scale::linear}), ElementsAre("0", "500", "1000", "1500", "2000"));
  EXPECT_THAT(labels({-0.2, 0.3, Scale::linear}), ElementsAre("-0.2", "-0.1", "0", "0.1", "0.2", "0.3"));
  EXPECT_THAT(labels({-0.05, 0.9, Scale::linear}), ElementsAre("-0.2", "0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(labels({101.2, 101.9, Scale::linear}), ElementsAre("101.2", "101.4", "101.6", "101.8", "102.0"));
  EXPECT_THAT(labels({0, 3e-4, Scale::linear}), ElementsAre("0", "0.0001", "0.0002", "0.0003"));
}

TEST(LinearAxis, EndsAtTicksAroundWhatItShows) {
  const Axis axis(0, 0.43, Scale::linear);
  EXPECT_DOUBLE_EQ(axis.place(0), 0);
  EXPECT_DOUBLE_EQ(axis.place(0.25), 0.5);
  EXPECT_DOUBLE_EQ(axis.place(0.5), 1);
  EXPECT_DOUBLE_EQ(axis.place(7), 1);
  EXPECT_DOUBLE_EQ(axis.place(-7), 0);
}

TEST(LinearAxis, OneValueIsShownFromZero) {
  EXPECT_THAT(labels({4, 4, Scale::linear}), ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_THAT(labels({-4, -4, Scale::linear}), ElementsAre("-4", "-3", "-2", "-1", "0"));
  EXPECT_THAT(labels({0, 0, Scale::linear}), ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1.0"));
}

TEST(LogarithmicAxis, FewDecadesHaveTwoAndFiveToo) {
  const Axis axis(0.1, 30, Scale::logarithmic);
  EXPECT_THAT(labels(axis), ElementsAre("0.1", "0.2", "0.5", "1", "2", "5", "10", "20"));
  std::vector<double> small;
  for (const Tick& tick : axis.ticks())
    if (tick.label.empty() && tick.value > 1 && tick.value < 10) small.push_back(tick.value);
  EXPECT_THAT(small, ElementsAre(3, 4, 6, 7, 8, 9));
}

TEST(LogarithmicAxis, DecadesAloneWhenThereAreMore) {
  EXPECT_THAT(labels({10, 1e6, Scale::logarithmic}), ElementsAre("10", "100", "1000", "10000", "100000", "1000000"));
  EXPECT_THAT(labels({1e-3, 1e9, Scale::logarithmic}), ElementsAre("0.01", "1", "100", "10000", "1000000", "1e+08"));
}

TEST(LogarithmicAxis, LessThanADecadeHasRoundNumbers) {
  EXPECT_THAT(labels({0.2, 0.4, Scale::logarithmic}), ElementsAre("0.20", "0.25", "0.30", "0.35", "0.40"));
  EXPECT_THAT(labels({3, 3, Scale::logarithmic}), ElementsAre("2.9", "3.0", "3.1"));
}

TEST(LogarithmicAxis, EqualRatiosAreEquallyFar) {
  const Axis axis(0.1, 10, Scale::logarithmic);
  EXPECT_NEAR(axis.place(1) - axis.place(0.1), axis.place(10) - axis.place(1), 1e-12);
  EXPECT_NEAR(axis.place(1), 0.5, 1e-12);
  EXPECT_GT(axis.place(0.1), 0);
  EXPECT_LT(axis.place(10), 1);
  EXPECT_EQ(axis.place(-1), 0);
}

}  // namespace
}  // namespace cats::suite::plot
