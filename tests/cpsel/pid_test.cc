// pid-a80 and pid step by step, worked out by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cpsel/algorithm_fixture.h"

namespace cats::cpsel {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

auto near(const std::vector<double>& expected) { return testing::Pointwise(testing::DoubleNear(1e-12), expected); }

// Two instances, T = 1 s, kp = 0.1·dt, kd = 1.
//
// t = 0, loads 0.6, 0.2: ū = 0.4, e = −0.2, +0.2. First step: dt = 0 and Δe = 0, so s = 0: weights stay 1, 1.
//
// t = 1, loads 0.8, 0.4: ū = 0.6, e = −0.2, +0.2, Δe = 0. s = 0.1·1·(∓0.2)/0.6 = ∓1/30.
//   first: m = 1/(1 + 1/30) = 30/31; second: m = 31/30. Sum 30/31 + 31/30 = 1861/930.
//   Re-centred to mean 1: first 900/930 · 1860/1861 = 1800/1861, second 1922/1861. Output 900/1861, 961/1861.
//
// t = 2, loads 0.5, 0.3: ū = 0.4, e = −0.1, +0.1, Δe = +0.1, −0.1.
//   first: s = (0.1·(−0.1) + 1·0.1/1)/0.4 = 0.09/0.4 = 0.225, m = 1.225
//   second: s = −0.225, m = 1/1.225
//   raw: 1800/1861·1.225 = 2205/1861, 1922/1861/1.225. Output: the first over the sum of both.
TEST(PidA80, WorkedExample) {
  Board board("pid-a80");
  EXPECT_THAT(board.loads({0.6, 0.2}).weights(), near({0.5, 0.5}));
  EXPECT_THAT(board.loads({0.8, 0.4}).weights(1s), near({900. / 1861, 961. / 1861}));
  const double first = 1800. / 1861 * 1.225;
  const double second = 1922. / 1861 / 1.225;
  EXPECT_THAT(board.loads({0.5, 0.3}).weights(1s), near({first / (first + second), second / (first + second)}));
}

// The same loads 2 s later: kp doubles, and the slope of the error halves.
TEST(PidA80, GainsGoByTime) {
  Board board("pid-a80");
  board.loads({0.6, 0.2}).weights();
  // ū = 0.4, e = −0.1, +0.1, Δe = ±0.1 over 2 s: s = ±(−0.1·2·0.1 + 0.05)/0.4 = ±0.075.
  const double first = 1.075;
  const double second = 1 / 1.075;
  EXPECT_THAT(board.loads({0.5, 0.3}).weights(2s), near({first / (first + second), second / (first + second)}));
}

TEST(PidA80, OnlyTheInstanceThatReportedMoves) {
  Board board("pid-a80");
  board.loads({0.6, 0.2}).weights();
  board[0].load = 0.4;  // ū = 0.3
  ++board[0].report;
  // first: e = −0.1, Δe = +0.1: s = (−0.01 + 0.1)/0.3 = 0.3; the second has its raw weight 1.
  EXPECT_THAT(board.weights(1s), near({1.3 / 2.3, 1 / 2.3}));
  EXPECT_THAT(board.weights(1s), near({1.3 / 2.3, 1 / 2.3}));
  // Now the second: 2 s after its last step. ū = 0.3, e = 0.1, Δe = 0.1 − 0.2: s = (0.1·2·0.1 − 0.1/2)/0.3 = −0.1.
  ++board[1].report;
  const double second = 1 / 1.15 / 1.1;  // re-centred before: 1.3/1.15, 1/1.15
  EXPECT_THAT(board.weights(0s), near({1.3 / 1.15 / (1.3 / 1.15 + second), second / (1.3 / 1.15 + second)}));
}

TEST(PidA80, ReportsOfZeroLoadMoveNothing) {
  Board board("pid-a80");
  board.loads({0.6, 0.2}).weights();
  board.loads({0.6, 0.2}).weights(1s);
  board[1].load = 0;
  ++board[1].report;
  const auto before = board[1].last_weight;
  EXPECT_DOUBLE_EQ(board.weights(1s)[1], before);
  EXPECT_THAT(Board("pid-a80").loads({0, 0}).weights(), ElementsAre(0.5, 0.5));
}

TEST(PidA80, WeightsStayWithinTenfold) {
  Board board("pid-a80", {{"kp", 10}});
  std::vector<double> weights;
  for (int i = 0; i < 50; ++i) weights = board.loads({0.9, 0.1, 0.1}).weights(1s);
  // Raw weights 0.1 and at most 10, re-centred: the loser keeps some share, so that it is tried again.
  EXPECT_GT(weights[0], 0.004);
  EXPECT_LT(weights[0], 0.05);
}

// kp = 0.1, kd = 0.3, per update whatever the time between. Loads 0.6, 0.2: s = 0.1·(∓0.2)/0.4 = ∓0.05.
// Then 0.5, 0.3: e = ∓0.1, Δe = ±0.1: s = ±(−0.01 + 0.03)/0.4 = ±0.05: back where it was.
TEST(Pid, WorkedExample) {
  Board board("pid");
  const double a = 1 / 1.05;
  const double b = 1.05;
  EXPECT_THAT(board.loads({0.6, 0.2}).weights(), near({a / (a + b), b / (a + b)}));
  EXPECT_THAT(board.loads({0.5, 0.3}).weights(7s), near({0.5, 0.5}));
}

// ki = 0.1 alone: Σe is ∓0.2, ∓0.4, then held at ∓0.5.
TEST(Pid, TheSumOfErrorsIsClamped) {
  Board board("pid", {{"kp", 0}, {"kd", 0}, {"ki", 0.1}, {"sum_limit", 0.5}});
  double ratio = 1;
  for (const double sum : {0.2, 0.4, 0.5, 0.5}) {
    const auto weights = board.loads({0.6, 0.2}).weights(1s);
    const double m = 1 + 0.1 * sum / 0.4;
    ratio *= m * m;
    EXPECT_NEAR(weights[1] / weights[0], ratio, 1e-12);
  }
}

TEST(Pid, AnInstanceThatLeftBeginsAnew) {
  Board board("pid");
  board.loads({0.6, 0.2, 0.2}).weights();
  const auto two = board.loads({0.6, 0.2}).weights();
  const auto three = board.loads({0.6, 0.2, 0.2}).weights();
  EXPECT_GT(two[1], 0.5);
  EXPECT_LT(three[2], three[1]);
}

TEST(Pid, WarnsOfGainsThatSwing) {
  const auto warning = [](const char* algorithm, const Parameters& given, Duration interval) {
    return warning_of(algorithm, *complete(algorithm, given), interval);
  };
  EXPECT_FALSE(warning("pid", {}, 1s));
  EXPECT_FALSE(warning("pid", {{"kp", 0.2}, {"kd", 0.89}}, 1s));
  EXPECT_THAT(warning("pid", {{"kp", 0.2}, {"kd", 0.9}}, 1s).value_or(""), HasSubstr("1 − kp/2 = 0.9"));
  EXPECT_TRUE(warning("pid-a80", {}, 1s));   // kd/T = 1
  EXPECT_FALSE(warning("pid-a80", {}, 3s));  // 1/3 < 1 − 0.15
  EXPECT_TRUE(warning("pid-a80", {}, 30s));  // 1 − 1.5
  EXPECT_FALSE(warning("global-min", {}, 1s));
}

// A load that follows weights within one update: the errors of pid shrink, those of pid-a80 at T = 1 s grow.
double spread_after(const char* algorithm, int updates) {
  Board board(algorithm);
  std::vector<double> loads = {0.52, 0.48};
  for (int i = 0; i < updates; ++i) loads = board.loads(loads).weights(i == 0 ? 0s : 1s);
  return std::abs(loads[0] - loads[1]);
}

TEST(Pid, SettlesWhereA80Swings) {
  EXPECT_LT(spread_after("pid", 60), 0.002);
  EXPECT_GT(spread_after("pid-a80", 60), 0.04);
}

}  // namespace
}  // namespace cats::cpsel
