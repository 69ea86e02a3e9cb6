#include "base/ziggurat.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace cats {
namespace {

// Kolmogorov and Smirnov's distance between draws and a distribution, times √n: above 1.95 with a chance of 0.001.
template <class Draw, class Below>
double distance(int n, Draw draw, Below below) {
  std::vector<double> draws(static_cast<std::size_t>(n));
  for (double& x : draws) x = draw();
  std::sort(draws.begin(), draws.end());
  double worst = 0;
  for (std::size_t i = 0; i < draws.size(); ++i) {
    const double share = below(draws[i]);
    worst = std::max({worst, share - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - share});
  }
  return worst * std::sqrt(n);
}

TEST(Ziggurat, DrawsExponentials) {
  RandomStream random(1, "exponential");
  const auto below = [](double x) { return -std::expm1(-x); };
  EXPECT_LT(distance(
                300'000, [&] { return standard_exponential(random); }, below),
            1.95);
  // The test can tell: of a mean of 1.01 it says no.
  EXPECT_GT(distance(
                300'000, [&] { return 1.01 * standard_exponential(random); }, below),
            1.95);
}

TEST(Ziggurat, DrawsNormals) {
  RandomStream random(1, "normal");
  const auto below = [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2)); };
  EXPECT_LT(distance(
                300'000, [&] { return standard_normal(random); }, below),
            1.95);
  EXPECT_GT(distance(
                300'000, [&] { return 1.01 * standard_normal(random) + 0.01; }, below),
            1.95);
}

// The layers' edges and the tails are where a mistake would hide: draws between bounds around them, against binomial
// deviations of 4.
TEST(Ziggurat, HasTheTails) {
  constexpr int kDraws = 3'000'000;
  RandomStream random(2, "tails");
  const double beyond[] = {2, 5, 7.69711747, 8.5};
  const double deviations[] = {1, 2.5, 3.442619, 3.8};
  int exponentials[4] = {};
  int normals[4] = {};
  for (int i = 0; i < kDraws; ++i) {
    const double x = standard_exponential(random);
    const double z = std::abs(standard_normal(random));
    for (int k = 0; k < 4; ++k) {
      exponentials[k] += x > beyond[k] ? 1 : 0;
      normals[k] += z > deviations[k] ? 1 : 0;
    }
  }
  for (int k = 0; k < 4; ++k) {
    const double p = std::exp(-beyond[k]);
    const double q = std::erfc(deviations[k] / std::sqrt(2));
    EXPECT_NEAR(exponentials[k], kDraws * p, 4 * std::sqrt(kDraws * p)) << "beyond " << beyond[k];
    EXPECT_NEAR(normals[k], kDraws * q, 4 * std::sqrt(kDraws * q)) << "beyond " << deviations[k];
  }
}

TEST(Ziggurat, TheDrawsAreTheSameEverywhere) {
  RandomStream random(3, "bits");
  std::uint64_t exponentials = 0;
  std::uint64_t normals = 0;
  for (int i = 0; i < 100'000; ++i) {
    exponentials = mix64(exponentials ^ std::bit_cast<std::uint64_t>(standard_exponential(random)));
    normals = mix64(normals ^ std::bit_cast<std::uint64_t>(standard_normal(random)));
  }
  EXPECT_EQ(exponentials, 0x6d0056d0aa419fe4U);
  EXPECT_EQ(normals, 0x729ba52a3af95fe7U);
}

}  // namespace
}  // namespace cats
