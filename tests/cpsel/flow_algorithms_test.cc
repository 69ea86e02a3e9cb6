// Algorithms that choose for every flow, on sequences small enough to be worked out by hand.
#include <algorithm>
#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cpsel/flow_fixture.h"

namespace cats::cpsel {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

Reply after(Duration latency) { return {.latency = latency}; }
Reply refused(Duration latency) { return {.served = false, .latency = latency}; }

TEST(FlowAlgorithms, NobodyWithoutInstances) {
  for (const char* name : {"c3", "exp3", "peak-ewma", "prequal"}) {
    Flows none(name, 0);
    EXPECT_EQ(none.pick(), FlowAlgorithm::kNobody) << name;
    Flows gone(name, 2);
    gone->withdraw(0);
    EXPECT_THAT(gone.picks(3), ElementsAre(1, 1, 1)) << name;
    gone->withdraw(1);
    EXPECT_EQ(gone.pick(), FlowAlgorithm::kNobody) << name;
    gone->announce(0);
    EXPECT_EQ(gone.pick(), 0u) << name;
    gone.reply(1, after(1ms));  // of the time before
    EXPECT_EQ(gone.pick(), 0u) << name;
  }
}

TEST(FlowAlgorithms, EndsWithoutABeginningAreRefused) {
  Flows flows("peak-ewma", 2);
  EXPECT_THROW(flows->ended({}, {.place = 1}, {}), std::logic_error);
}

// With two instances both are always drawn.
TEST(PeakEwma, TriesWhatItDoesNotKnowWithOneFlow) {
  Flows flows("peak-ewma", 2);
  EXPECT_THAT(flows.picks(2), UnorderedElementsAre(0, 1));
  flows.reply(1, after(50ms));
  EXPECT_THAT(flows.picks(20), testing::Each(1));
}

class KnownPeakEwma : public testing::Test {
 protected:
  void heard(Duration first, Duration second) {
    flows_.picks(2);
    flows_.reply(0, after(first));
    flows_.reply(1, after(second));
  }
  Flows flows_{"peak-ewma", 2, {{"decay_s", 10}}};
};

TEST_F(KnownPeakEwma, CostIsLatencyTimesFlows) {
  heard(10ms, 25ms);
  // 10 and 25; 20 and 25; 30 and 25; 30 and 50; 40 and 50; 50 and 50, a tie.
  EXPECT_THAT(flows_.picks(5), ElementsAre(0, 0, 1, 0, 0));
}

// 100 ms, and after 10 s 10 ms: 100/e + (1 − 1/e)·10 = 43.1 ms.
TEST(PeakEwma, APeakCountsAtOnceAndIsForgottenSlowly) {
  for (const Duration other : {43000us, 43200us}) {
    Flows flows("peak-ewma", 2, {{"decay_s", 10}});
    flows.picks(2);
    flows.reply(0, after(10ms));
    EXPECT_EQ(flows.pick(), 0u);
    flows.reply(0, after(100ms));
    EXPECT_EQ(flows.pick(), 0u);
    flows.at(10s);
    flows.reply(0, after(10ms));
    flows.reply(1, after(other));
    EXPECT_EQ(flows.pick(), other < 43109us ? 1u : 0u);
  }
}

TEST_F(KnownPeakEwma, APeakIsAsHighAsItWas) {
  heard(10ms, 40ms);
  EXPECT_EQ(flows_.pick(), 0u);
  flows_.reply(0, after(41ms));
  EXPECT_EQ(flows_.pick(), 1u);
}

TEST_F(KnownPeakEwma, WhatIsNotHeardOfIsTriedAgain) {
  heard(1000ms, 20ms);
  EXPECT_EQ(flows_.pick(), 1u);
  flows_.at(30s);
  flows_.reply(1, after(60ms));
  EXPECT_EQ(flows_.pick(), 0u);  // 1000·e^−3 = 49.8
}

TEST_F(KnownPeakEwma, ARefusalIsNotAFastReply) {
  flows_.picks(2);
  flows_.reply(0, after(20ms));
  flows_.reply(1, refused(1ms));
  EXPECT_THAT(flows_.picks(20), testing::Each(0));
}

TEST_F(KnownPeakEwma, WhoComesBackIsUnknown) {
  heard(20ms, 1000ms);
  EXPECT_EQ(flows_.pick(), 0u);
  flows_->withdraw(1);
  flows_->announce(1);
  EXPECT_EQ(flows_.pick(), 1u);
}

// Two clients. First R̄ 50 ms, 1/μ̄ 10 ms, q̄ 2; second 200 ms, 40 ms, 0.
TEST(C3, TheScoreDecides) {
  Flows flows("c3", 2, {}, 2);
  EXPECT_THAT(flows.picks(2), UnorderedElementsAre(0, 1));
  flows.reply(0, {.latency = 50ms, .queue = 2, .service = 10ms});
  flows.reply(1, {.latency = 200ms, .queue = 0, .service = 40ms});
  // 0.04 + 3³·0.01 = 0.31 and 0.16 + 1·0.04 = 0.20
  EXPECT_EQ(flows.pick(), 1u);
  // 0.31 and 0.16 + (1 + 2)³·0.04 = 1.24
  EXPECT_EQ(flows.pick(), 0u);
  // 0.04 + (1 + 2 + 2)³·0.01 = 1.29 and 1.24
  EXPECT_EQ(flows.pick(), 1u);
  // 1.29 and 0.16 + 5³·0.04
  EXPECT_EQ(flows.pick(), 0u);
}

// From 60 ms, 60 ms, 0 halfway to 200 ms, 20 ms, 1: 0.13 − 0.04 + 1.5³·0.04 = 0.225.
TEST(C3, AveragesMoveByTheShareOfANewReply) {
  for (const Duration other : {224ms, 226ms}) {
    Flows flows("c3", 2, {{"smoothing", 0.5}});
    flows.picks(2);
    flows.reply(0, {.latency = other, .queue = 0, .service = other});
    flows.reply(1, {.latency = 60ms, .queue = 0, .service = 60ms});
    EXPECT_EQ(flows.pick(), 1u);
    flows.reply(1, {.latency = 200ms, .queue = 1, .service = 20ms});
    EXPECT_EQ(flows.pick(), other < 225ms ? 0u : 1u);
  }
}

TEST(C3, TriesWhatItDoesNotKnowWithOneFlow) {
  Flows flows("c3", 5);
  EXPECT_THAT(flows.picks(5), UnorderedElementsAre(0, 1, 2, 3, 4));
  flows.reply(3, {.latency = 5s, .queue = 9, .service = 1s});
  EXPECT_THAT(flows.picks(10), testing::Each(3));
}

TEST(C3, IngressesBeginElsewhere) {
  std::set<std::uint32_t> first;
  for (std::uint64_t seed = 0; seed < 20; ++seed) first.insert(Flows("c3", 10, {}, 1, seed).pick());
  EXPECT_GT(first.size(), 5u);
}

TEST(C3, ARefusalIsNotAFastReply) {
  Flows flows("c3", 2);
  flows.picks(2);
  flows.reply(0, {.latency = 50ms, .queue = 1, .service = 10ms});
  flows.reply(1, refused(1ms));
  EXPECT_EQ(flows.pick(), 0u);
}

class KnownPrequal : public testing::Test {
 protected:
  // Of requests in flight 5, 1, 2 and 9 the median is 2: the second and third are cold.
  void SetUp() override {
    answer(0, 5, 1ms);
    answer(1, 1, 30ms);
    answer(2, 2, 20ms);
    answer(3, 9, 1ms);
  }
  void answer(std::uint32_t place, std::size_t in_flight, Duration latency) {
    flows_->probed({}, place, {in_flight, latency});
  }
  static Parameters with(const Parameters& more) {
    Parameters all = {{"quantile", 0.5}, {"probes", 0.01}, {"removals", 0}};
    for (const auto& [name, value] : more) all[name] = value;
    return all;
  }

  Flows flows_{"prequal", 4, with({})};
};

TEST_F(KnownPrequal, TheColdOfTheLowestLatencyElseTheFewestInFlight) {
  EXPECT_EQ(flows_.pick(), 2u);  // and has 3 in flight now: hot
  EXPECT_EQ(flows_.pick(), 1u);  // 2: still cold
  EXPECT_EQ(flows_.pick(), 1u);  // 3
  answer(2, 7, 1ms);             // the newest counts; the median of 1, 2, 5, 7, 9 is 5
  EXPECT_EQ(flows_.pick(), 0u);  // cold again: 5, 1 ms; 6 then
  EXPECT_EQ(flows_.pick(), 1u);
  EXPECT_EQ(flows_.pick(), 1u);
  EXPECT_EQ(flows_.pick(), 1u);  // 6: all are hot
  EXPECT_EQ(flows_.pick(), 0u);  // 6, the older
  EXPECT_EQ(flows_.pick(), 1u);
  EXPECT_EQ(flows_.pick(), 0u);  // 7 each: 0, 1 and 2
}

TEST_F(KnownPrequal, OldAnswersAreDropped) {
  flows_.at(1s);
  EXPECT_EQ(flows_.pick(), 2u);
  flows_.at(1001ms);
  const auto picks = flows_.picks(100);
  EXPECT_EQ(std::set<std::uint32_t>(picks.begin(), picks.end()).size(), 4u);
}

TEST_F(KnownPrequal, WithdrawnOnesLeaveThePool) {
  flows_->withdraw(2);
  EXPECT_EQ(flows_.pick(), 1u);
  answer(2, 0, 1ms);  // on its way when it was withdrawn
  EXPECT_EQ(flows_.pick(), 1u);
}

class KnownPrequalWithRemovals : public KnownPrequal {
 protected:
  KnownPrequalWithRemovals() { flows_ = Flows("prequal", 4, with({{"removals", 1}})); }
};

TEST_F(KnownPrequalWithRemovals, InTurnTheOldestAndTheWorst) {
  EXPECT_EQ(flows_.pick(), 2u);  // the oldest was 0
  EXPECT_EQ(flows_.pick(), 1u);  // the worst was 3
  EXPECT_EQ(flows_.pick(), 1u);  // the oldest was 1: 2 alone is left, and no choice
  const auto picks = flows_.picks(100);
  EXPECT_EQ(std::set<std::uint32_t>(picks.begin(), picks.end()).size(), 4u);
}

// b = max(1, (1 + δ)/((1 − 2/100)·3 − 0)).
TEST(Prequal, AnAnswerIsUsedSoOften) {
  for (const int uses : {1, 3}) {
    Flows flows("prequal", 100, {{"pool", 2}, {"probes", 3}, {"removals", 0}, {"delta", uses * 2.94 - 1}});
    flows->probed({}, 7, {.in_flight = 0, .latency = 1ms});
    flows->probed({}, 8, {.in_flight = 50, .latency = 90ms});
    EXPECT_THAT(flows.picks(uses), testing::Each(7));
    const auto random = flows.picks(50);  // one answer is left, which is no choice
    EXPECT_LT(std::ranges::count(random, 7u), 5);
    EXPECT_LT(std::ranges::count(random, 8u), 5);
  }
}

TEST(Prequal, ProbesAreDistinctAndAsManyAsAsked) {
  Flows flows("prequal", 5, {{"probes", 2.5}});
  std::vector<int> counts(5);
  for (int i = 0; i < 1000; ++i) {
    flows.pick();
    const auto probes = flows->probes();
    EXPECT_EQ(probes.size(), i % 2 == 0 ? 2u : 3u);
    EXPECT_EQ(std::set<std::uint32_t>(probes.begin(), probes.end()).size(), probes.size());
    for (const std::uint32_t one : probes) ++counts[one];
  }
  for (const int one : counts) EXPECT_NEAR(one, 500, 60);
  Flows few("prequal", 2, {{"probes", 3}});
  few.pick();
  EXPECT_THAT(few->probes(), UnorderedElementsAre(0, 1));
}

// γ = 0.5, two arms: p = 1/2 each. A reward for the one: w = exp(0.5·2/2) = e^½, p = ½·w/(1 + w) + ¼.
TEST(Exp3, TheChancesFollowFromRewards) {
  Flows flows("exp3", 2, {{"gamma", 0.5}, {"sla_ms", 20}});
  const auto first = flows.pick_noted();
  EXPECT_DOUBLE_EQ(first.note, 0.5);
  flows.reply(first.place, after(20ms));
  const double p = 0.5 * std::exp(0.5) / (1 + std::exp(0.5)) + 0.25;
  const auto second = flows.pick_noted();
  EXPECT_NEAR(second.note, second.place == first.place ? p : 1 - p, 1e-12);
  flows.reply(second.place, after(21ms));  // missed it
  const auto third = flows.pick_noted();
  EXPECT_NEAR(third.note, third.place == first.place ? p : 1 - p, 1e-12);
  flows.reply(third.place, refused(1ms));  // neither
  const auto fourth = flows.pick_noted();
  EXPECT_NEAR(fourth.note, fourth.place == first.place ? p : 1 - p, 1e-12);
}

TEST(Exp3, LearnsWhoMeetsTheSla) {
  Flows flows("exp3", 4);
  std::vector<int> late(4);
  for (int i = 0; i < 4000; ++i) {
    const std::uint32_t place = flows.pick();
    if (i >= 2000) ++late[place];
    flows.reply(place, after(place == 2 ? 10ms : 30ms));
  }
  // All but what explores, 3/4 of a tenth.
  EXPECT_NEAR(late[2], 2000 * 0.925, 60);
}

// For ever: weights are brought down before they are too large, and shares stay.
TEST(Exp3, WeightsDoNotOverflow) {
  Flows flows("exp3", 2, {{"gamma", 1}});
  for (int i = 0; i < 10'000; ++i) {
    const auto pick = flows.pick_noted();
    ASSERT_DOUBLE_EQ(pick.note, 0.5);
    flows.reply(pick.place, after(1ms));
  }
  Flows one("exp3", 2);
  for (int i = 0; i < 20'000; ++i) {
    const auto pick = one.pick_noted();
    ASSERT_TRUE(pick.note >= 0.05 - 1e-12 && pick.note <= 0.95 + 1e-12) << pick.note;
    one.reply(pick.place, pick.place == 0 ? after(1ms) : after(1s));
  }
}

TEST(Exp3, WhoComesBeginsWithTheMeanWeight) {
  Flows flows("exp3", 3);
  flows->withdraw(2);
  for (int i = 0; i < 500; ++i) {
    const std::uint32_t place = flows.pick();
    flows.reply(place, place == 0 ? after(1ms) : after(1s));
  }
  flows->announce(2);
  auto pick = flows.pick_noted();
  while (pick.place != 2) pick = flows.pick_noted();
  EXPECT_NEAR(pick.note, 0.9 * (0.5 / 1.5) + 0.1 / 3, 1e-9);
}

}  // namespace
}  // namespace cats::cpsel
