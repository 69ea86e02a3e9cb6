// Each algorithm on boards small enough to be worked out by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cpsel/algorithm_fixture.h"

namespace cats::cpsel {
namespace {

using namespace std::chrono_literals;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;

auto near(const std::vector<double>& expected, double within = 1e-12) {
  return Pointwise(testing::DoubleNear(within), expected);
}

TEST(Capacity, SharesOfCapacityWhateverTheLoad) {
  EXPECT_THAT(Board("capacity").loads({0.9, 0.1, 0}).capacities({1, 2, 4}).weights(), near({1. / 7, 2. / 7, 4. / 7}));
}

TEST(InverseLoad, CapacityOverLoad) {
  // 1/(0.05 + 0.15) = 5, 2/(0.05 + 0.75) = 2.5, an idle one 1/0.05 = 20.
  EXPECT_THAT(Board("inverse-load").loads({0.15, 0.75, 0}).capacities({1, 2, 1}).weights(),
              near({5 / 27.5, 2.5 / 27.5, 20 / 27.5}));
  EXPECT_THAT(Board("inverse-load", {{"epsilon", 0.5}}).loads({0, 0.5}).weights(), near({2. / 3, 1. / 3}));
}

TEST(P2c, WeightsByRank) {
  // N = 4: 2(N−r)/(N(N−1)) is 6/12, 4/12, 2/12, 0.
  EXPECT_THAT(Board("p2c").loads({0.5, 0.1, 0.9, 0.3}).weights(), near({2. / 12, 6. / 12, 0, 4. / 12}));
  // Two that tie for the ranks 2 and 3 share (4 + 2)/12.
  EXPECT_THAT(Board("p2c").loads({0.5, 0.1, 0.9, 0.5}).weights(), near({3. / 12, 6. / 12, 0, 3. / 12}));
  EXPECT_THAT(Board("p2c").loads({0.5}).weights(), ElementsAre(1));
}

TEST(BoundedHash, NobodyGetsMoreThanTheBound) {
  // One point each: arcs differ widely, so the bound binds.
  const auto weights = Board("bounded-hash", {{"points", 1}}).loads({0, 0, 0, 0}).weights();
  EXPECT_THAT(weights, testing::Each(testing::Le(1.25 / 4 + 1e-12)));
  EXPECT_THAT(weights, testing::Contains(DoubleNear(1.25 / 4, 1e-12)));
  // Without a bound that binds, shares are the arcs', and one that leaves moves no other's share but upwards.
  Board ring("bounded-hash", {{"bound", 100}});
  const auto four = ring.loads({0, 0, 0, 0}).weights();
  const auto three = ring.loads({0, 0, 0}).weights();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_GE(three[i], four[i] - 1e-12);
  EXPECT_THAT(four, testing::Each(DoubleNear(0.25, 0.1)));
}

TEST(GlobalMinLocal, CountsWhatItSentSinceTheReport) {
  Board board("global-min-local", {{"smoothing", 1}});
  board.loads({0.30, 0.20});
  EXPECT_THAT(board.weights(), ElementsAre(0, 1));  // no estimate yet: global-min
  // The second reports 0.20·1 after 10 flows: a flow costs 0.02.
  board[1].flows_before_report = 10;
  ++board[1].report;
  board[1].flows_since_report = 5;  // 0.20 + 5·0.02 = 0.30: a tie, lowest CSCI-ID
  EXPECT_THAT(board.weights(), ElementsAre(1, 0));
  board[1].flows_since_report = 4;  // 0.28
  EXPECT_THAT(board.weights(), ElementsAre(0, 1));
  board[1].flows_since_report = 9;  // 0.20 + 9·0.02/2 = 0.29 with twice the capacity
  board.capacities({1, 2});
  EXPECT_THAT(board.weights(), ElementsAre(0, 1));
}

class LoadInterpretation : public testing::Test {
 protected:
  // A flow costs 0.01: the first reports load 0.2 after 20 flows. λ is 10/s. Loads 0.2, 0.3, 0.6.
  void SetUp() override {
    board_.loads({0.2, 0.3, 0.6});
    board_.choose();
    board_[0].flows_before_report = 20;
    ++board_[0].report;
  }
  std::vector<double> at_age(Duration age) {
    for (std::size_t i = 0; i < 3; ++i) board_[i].age = age;
    return board_.weights(1s, 10);
  }
  Board board_{"load-interpretation", {{"smoothing", 1}}};
};

TEST_F(LoadInterpretation, AFreshBoardIsGlobalMin) { EXPECT_THAT(at_age(0s), ElementsAre(1, 0, 0)); }

TEST_F(LoadInterpretation, WaterFindsItsLevel) {
  // 10/s · 3 s · 0.01 = 0.3 of water: 0.1 lifts the first to 0.3, 0.2 more lifts both to 0.4.
  EXPECT_THAT(at_age(3s), near({0.2 / 0.3, 0.1 / 0.3, 0}));
  // 1.2: 0.1 + 2·0.3 = 0.7 lifts two to 0.6, 0.5 more lifts three to 0.6 + 1/6.
  const double level = 0.6 + 0.5 / 3;
  EXPECT_THAT(at_age(12s), near({(level - 0.2) / 1.2, (level - 0.3) / 1.2, (level - 0.6) / 1.2}));
}

TEST_F(LoadInterpretation, AnOldBoardIsCapacity) {
  board_.capacities({1, 2, 1});
  EXPECT_THAT(at_age(100000s), near({0.25, 0.5, 0.25}, 1e-4));
}

TEST_F(LoadInterpretation, EqualLowestShareByCapacity) {
  EXPECT_THAT(Board("load-interpretation").loads({0.2, 0.2, 0.6}).capacities({1, 3, 1}).weights(),
              near({0.25, 0.75, 0}));
}

// w = 0.5, reference the first. d 10, 20; c 50, 80; p 100, 100.
//   first: 0.5·1 + 0.5·1 = 1; second: 0.5·(20·50)/(10·80) + 0.5·1 = 0.5·1.25 + 0.5 = 1.125
TEST(MetadataCost, WorkedExample) {
  Board board("metadata-cost");
  board.loads({0, 0});
  board.values(0) = {{"processing_delay", 10}, {"available_compute", 50}, {"site_preference", 100}};
  board.values(1) = {{"processing_delay", 20}, {"available_compute", 80}, {"site_preference", 100}};
  EXPECT_THAT(board.weights(), ElementsAre(1, 0));
  board.values(1)["available_compute"] = 100;  // 0.5·1 + 0.5 = 1: a tie
  EXPECT_THAT(board.weights(), ElementsAre(1, 0));
  board.values(1)["available_compute"] = 101;
  EXPECT_THAT(board.weights(), ElementsAre(0, 1));
  board.values(0)["site_preference"] = 200;  // preference: 0.5·200/100 = 1 against 0.5
  EXPECT_THAT(board.weights(), ElementsAre(1, 0));
  board.values(0).erase("site_preference");  // lacked by one: equal
  EXPECT_THAT(board.weights(), ElementsAre(0, 1));
  board.values(0)["available_compute"] = 0;  // floored
  EXPECT_THAT(board.weights(), ElementsAre(0, 1));
}

// Delay and preference disagree. Reference a (d 10, p 10): a 1, b 0.5·40/10 + 0.5·10/50 = 2.1: a.
// Reference b (d 40, p 50): a 0.5·10/40 + 0.5·50/10 = 2.625, b 1: b.
TEST(MetadataCost, SaysWhenTheReferenceDecides) {
  Board board("metadata-cost");
  board.loads({0, 0});
  board.values(0) = {{"processing_delay", 10}, {"site_preference", 10}};
  board.values(1) = {{"processing_delay", 40}, {"site_preference", 50}};
  const Choice choice = board.choose();
  EXPECT_THAT(choice.weights, ElementsAre(1, 0));
  EXPECT_EQ(choice.note, "reference 2001:2::1; with 2001:2::2 it would be 2001:2::2");
  board.values(1) = board.values(0);
  EXPECT_EQ(board.choose().note, "reference 2001:2::1");
}

}  // namespace
}  // namespace cats::cpsel
