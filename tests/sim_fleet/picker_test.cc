#include "sim/fleet/picker.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::sim::fleet {
namespace {

std::vector<std::uint32_t> picks(SmoothPicker& picker, int count) {
  std::vector<std::uint32_t> result;
  for (int i = 0; i < count; ++i) result.push_back(picker.pick());
  return result;
}

// The most by which a count is ever off its share.
double most_off(SmoothPicker& picker, const std::vector<double>& weights, int count) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> counts(weights.size());
  double most = 0;
  for (int n = 1; n <= count; ++n) {
    counts[picker.pick()] += 1;
    for (std::size_t i = 0; i < weights.size(); ++i) most = std::max(most, std::abs(counts[i] - n * weights[i] / sum));
  }
  return most;
}

TEST(SmoothPicker, NobodyWithoutWeights) {
  SmoothPicker picker(3);
  EXPECT_EQ(picker.pick(), SmoothPicker::kNobody);
  picker.set_weights(std::vector<double>{0, 0, 0});
  EXPECT_EQ(picker.pick(), SmoothPicker::kNobody);
}

TEST(SmoothPicker, OneHasAll) {
  SmoothPicker picker(3);
  picker.set_weights(std::vector<double>{0, 0.3, 0});
  EXPECT_THAT(picks(picker, 3), testing::ElementsAre(1, 1, 1));
}

TEST(SmoothPicker, EqualWeightsTakeTurns) {
  SmoothPicker picker(4);
  picker.set_weights(std::vector<double>(4, 0.25));
  for (int turn = 0; turn < 5; ++turn) EXPECT_THAT(picks(picker, 4), testing::UnorderedElementsAre(0, 1, 2, 3));
}

// Also of those among whom some have no weight, and after a beginning of its own.
TEST(SmoothPicker, EqualWeightsKeepTheirTurns) {
  constexpr int kSites = 50;
  std::vector<double> weights(kSites, 0.02);
  for (std::size_t i = 0; i < weights.size(); i += 7) weights[i] = 0;
  const int n = static_cast<int>(std::ranges::count_if(weights, [](double one) { return one > 0; }));
  SmoothPicker picker(weights.size());
  RandomStream random(1, "a");
  picker.stagger(random);
  picker.set_weights(weights);
  const auto sequence = picks(picker, 20 * n);
  for (std::size_t i = 0; i + static_cast<std::size_t>(n) < sequence.size(); ++i)
    EXPECT_EQ(sequence[i], sequence[i + static_cast<std::size_t>(n)]) << "at " << i;
  std::vector<std::uint32_t> round(sequence.begin(), sequence.begin() + n);
  std::ranges::sort(round);
  EXPECT_EQ(std::ranges::adjacent_find(round), round.end());
  for (const std::uint32_t i : round) EXPECT_GT(weights[i], 0) << i;
}

// In the middle of a round others begin, and then turns again: shares hold over all of it.
TEST(SmoothPicker, TurnsGoOnFromWhatWasOwed) {
  const std::vector<double> equal{1, 1, 1, 1};
  const std::vector<double> other{5, 3, 1, 1};
  SmoothPicker picker(4);
  std::vector<double> counts(4);
  for (int round = 0; round < 500; ++round) {
    picker.set_weights(equal);
    for (const std::uint32_t i : picks(picker, 2)) counts[i] += 1;
    picker.set_weights(other);
    for (const std::uint32_t i : picks(picker, 5)) counts[i] += 1;
  }
  EXPECT_NEAR(counts[0], 250 + 1250, 2);
  EXPECT_NEAR(counts[1], 250 + 750, 2);
  EXPECT_NEAR(counts[2], 250 + 250, 2);
  EXPECT_NEAR(counts[3], 250 + 250, 2);
}

TEST(SmoothPicker, SpreadsHeavyOnes) {
  SmoothPicker picker(3);
  picker.set_weights(std::vector<double>{4, 2, 1});
  const auto sequence = picks(picker, 70);
  for (std::size_t i = 0; i + 2 < sequence.size(); ++i)
    EXPECT_FALSE(sequence[i] == 0 && sequence[i + 1] == 0 && sequence[i + 2] == 0) << "at " << i;
  EXPECT_EQ(std::count(sequence.begin(), sequence.end(), 0u), 40);
  EXPECT_EQ(std::count(sequence.begin(), sequence.end(), 2u), 10);
}

// Weights that differ by eight orders of magnitude are beyond what the calendar has near by.
TEST(SmoothPicker, TinySharesAreKeptToo) {
  std::vector<double> weights(200);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = std::pow(10.0, -static_cast<double>(i % 9));
  SmoothPicker picker(weights.size());
  picker.set_weights(weights);
  EXPECT_LE(most_off(picker, weights, 100'000), 1 + 1e-6);
}

TEST(SmoothPicker, TenThousand) {
  std::vector<double> weights(10'000);
  RandomStream random(1, "weights");
  for (double& weight : weights) weight = random.uniform();
  SmoothPicker picker(weights.size());
  picker.set_weights(weights);
  std::vector<double> counts(weights.size());
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (int n = 1; n <= 100'000; ++n) {
    const std::uint32_t i = picker.pick();
    counts[i] += 1;
    ASSERT_LE(std::abs(counts[i] - n * weights[i] / sum), 1 + 1e-6);
  }
  for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_LE(std::abs(counts[i] - 1e5 * weights[i] / sum), 1 + 1e-6);
}

// What was owed under old weights is paid under new ones: shares hold over both together.
TEST(SmoothPicker, NewWeightsGoOnFromTheOld) {
  const std::vector<double> one{0.5, 0.3, 0.2};
  const std::vector<double> other{0.2, 0.3, 0.5};
  SmoothPicker picker(3);
  std::vector<double> counts(3);
  for (int round = 0; round < 1000; ++round) {
    picker.set_weights(round % 2 == 0 ? one : other);
    for (const std::uint32_t i : picks(picker, 1)) counts[i] += 1;
  }
  EXPECT_NEAR(counts[0], 350, 2);
  EXPECT_NEAR(counts[1], 300, 2);
  EXPECT_NEAR(counts[2], 350, 2);
}

TEST(SmoothPicker, WhoLosesItsWeightIsNotPicked) {
  SmoothPicker picker(3);
  picker.set_weights(std::vector<double>{1, 1, 1});
  picks(picker, 2);
  picker.set_weights(std::vector<double>{1, 0, 1});
  const auto sequence = picks(picker, 100);
  EXPECT_EQ(std::count(sequence.begin(), sequence.end(), 1u), 0);
  EXPECT_NEAR(static_cast<double>(std::count(sequence.begin(), sequence.end(), 0u)), 50, 1);
}

TEST(SmoothPicker, StaggeredOnesDifferAndKeepTheirShares) {
  const std::vector<double> weights(100, 1);
  std::vector<std::vector<std::uint32_t>> sequences;
  for (const char* name : {"a", "b"}) {
    SmoothPicker picker(weights.size());
    RandomStream random(1, name);
    picker.stagger(random);
    picker.set_weights(weights);
    sequences.push_back(picks(picker, 100));
    EXPECT_LE(most_off(picker, weights, 1000), 2);
  }
  EXPECT_NE(sequences[0], sequences[1]);
}

}  // namespace
}  // namespace cats::sim::fleet
