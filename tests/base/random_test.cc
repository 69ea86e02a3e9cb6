#include "base/random.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace cats {
namespace {

// These draws are part of what makes a run reproducible: if they change, every seed means another run.
TEST(RandomStream, TheSameSeedAndNameGiveTheSameDrawsForEver) {
  RandomStream stream(1, "arrivals");
  const std::array<std::uint64_t, 3> draws{stream.bits(), stream.bits(), stream.bits()};
  RandomStream again(1, "arrivals");
  for (const auto draw : draws) EXPECT_EQ(again.bits(), draw);
  EXPECT_EQ(mix64(0), 0xe220a8397b1dcdafULL);
}

TEST(RandomStream, NamesAndSeedsSeparateStreams) {
  EXPECT_NE(RandomStream(1, "a").bits(), RandomStream(1, "b").bits());
  EXPECT_NE(RandomStream(1, "a").bits(), RandomStream(2, "a").bits());
}

TEST(RandomStream, HasTheMomentsOfItsDistributions) {
  RandomStream stream(7, "moments");
  constexpr int kDraws = 200000;
  double sum = 0, square = 0, uniform = 0;
  std::array<int, 5> counts{};
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.exponential(2.0);
    sum += x;
    square += x * x;
    uniform += stream.uniform();
    ++counts.at(stream.below(5));
  }
  EXPECT_NEAR(sum / kDraws, 2.0, 0.03);
  EXPECT_NEAR(square / kDraws, 8.0, 0.3);
  EXPECT_NEAR(uniform / kDraws, 0.5, 0.005);
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 5, 800);
}

}  // namespace
}  // namespace cats
