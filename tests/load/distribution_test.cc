#include "load/distribution.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "sim/statistics.h"

namespace cats::load {
namespace {

sim::RunningSum draws(Distribution distribution, int n = 400'000) {
  RandomStream random(1, "draws");
  sim::RunningSum sum;
  for (int i = 0; i < n; ++i) sum.add(distribution.draw(random));
  return sum;
}

TEST(Distribution, HasTheMomentsThatItSays) {
  const sim::RunningSum exponential = draws(Distribution::exponential(3));
  EXPECT_NEAR(exponential.mean(), 3, 0.02);
  EXPECT_NEAR(exponential.variance(), 9, 0.2);
  const sim::RunningSum lognormal = draws(Distribution::lognormal(3, 1.5));
  EXPECT_NEAR(lognormal.mean(), 3, 0.01);
  EXPECT_NEAR(lognormal.variance(), 2.25, 0.08);
  const sim::RunningSum pareto = draws(Distribution::pareto(3, 4));
  EXPECT_NEAR(pareto.mean(), 3, 0.02);
  EXPECT_NEAR(pareto.variance(), 9.0 / 8, 0.12);  // mean²/(α(α − 2))
  EXPECT_GE(pareto.min(), 2.25);
  const sim::RunningSum same = draws(Distribution::deterministic(3), 100);
  EXPECT_EQ(same.mean(), 3);
  EXPECT_EQ(same.variance(), 0);
}

TEST(Distribution, ParetoHasItsTail) {
  RandomStream random(2, "tail");
  Distribution pareto = Distribution::pareto(3, 1.5);  // from 1 on, no variance
  constexpr int kDraws = 400'000;
  int beyond = 0;
  for (int i = 0; i < kDraws; ++i) beyond += pareto.draw(random) > 100 ? 1 : 0;
  EXPECT_NEAR(beyond, kDraws * std::pow(100, -1.5), 4 * std::sqrt(kDraws * std::pow(100, -1.5)));
}

TEST(Distribution, ReplaysInOrderAndStartsAgain) {
  Distribution distribution = Distribution::replay(std::make_shared<std::vector<double>>(std::vector<double>{1, 0, 5}));
  RandomStream random(1, "");
  for (const double expected : {1.0, 0.0, 5.0, 1.0, 0.0}) EXPECT_EQ(distribution.draw(random), expected);
  EXPECT_EQ(distribution.mean(), 2);
}

TEST(Distribution, ReplayMayBeginAnywhere) {
  const Distribution whole = Distribution::replay(std::make_shared<std::vector<double>>(std::vector<double>{1, 2, 3}));
  std::array<int, 4> first{};
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RandomStream random(seed, "first");
    Distribution begun = whole.begun_anywhere(random);
    const double value = begun.draw(random);
    ++first.at(static_cast<std::size_t>(value));
    EXPECT_EQ(begun.draw(random), value == 3 ? 1 : value + 1);
  }
  for (const int count : {first[1], first[2], first[3]}) EXPECT_NEAR(count, 100, 40);
  RandomStream one(1, "");
  RandomStream other(1, "");
  Distribution::exponential(1).begun_anywhere(one);
  EXPECT_EQ(one.bits(), other.bits());
}

TEST(Distribution, RefusesWhatIsOutOfRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(Distribution::exponential(0), std::invalid_argument);
  EXPECT_THROW(Distribution::exponential(nan), std::invalid_argument);
  EXPECT_THROW(Distribution::deterministic(-1), std::invalid_argument);
  EXPECT_NO_THROW(Distribution::deterministic(0));
  EXPECT_THROW(Distribution::lognormal(1, 0), std::invalid_argument);
  EXPECT_THROW(Distribution::pareto(1, 1), std::invalid_argument);
  EXPECT_THROW(Distribution::replay(nullptr), std::invalid_argument);
  EXPECT_THROW(Distribution::replay(std::make_shared<std::vector<double>>()), std::invalid_argument);
  EXPECT_THROW(Distribution::replay(std::make_shared<std::vector<double>>(std::vector<double>{1, -1})),
               std::invalid_argument);
}

TEST(Distribution, DurationsAreRoundedAndBounded) {
  RandomStream random(1, "");
  EXPECT_EQ(Distribution::deterministic(1.5e-9).draw_duration(random), Duration(2));
  EXPECT_EQ(Distribution::deterministic(0.2).draw_duration(random), std::chrono::milliseconds(200));
  EXPECT_EQ(Distribution::deterministic(1e300).draw_duration(random), kLongest);
}

TEST(Distribution, TheDrawsAreTheSameEverywhere) {
  RandomStream random(3, "bits");
  std::uint64_t bits = 0;
  for (Distribution distribution :
       {Distribution::exponential(2), Distribution::lognormal(2, 3), Distribution::pareto(2, 1.2)})
    for (int i = 0; i < 10'000; ++i) bits = mix64(bits ^ std::bit_cast<std::uint64_t>(distribution.draw(random)));
  EXPECT_EQ(bits, 0x9102294d90d41e50U);
}

}  // namespace
}  // namespace cats::load
