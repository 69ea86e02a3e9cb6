#include "base/portable_math.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/random.h"

namespace cats {
namespace {

double ulps(double a, double b) { return std::abs(a - b) / (std::nextafter(std::abs(b), INFINITY) - std::abs(b)); }

TEST(PortableMath, LogIsWithinThreeUlp) {
  RandomStream random(1, "log");
  double worst = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double near_one = 0.5 + 1.5 * random.uniform();
    const double any = std::ldexp(near_one, static_cast<int>(random.below(2000)) - 1000);
    for (const double x : {near_one, any}) worst = std::max(worst, ulps(portable::log(x), std::log(x)));
  }
  EXPECT_LE(worst, 2.5);  // the C library's own error comes on top
  EXPECT_EQ(portable::log(1), 0);
  EXPECT_DOUBLE_EQ(portable::log(5e-324), std::log(5e-324));
}

TEST(PortableMath, ExpIsWithinThreeUlp) {
  RandomStream random(1, "exp");
  double worst = 0;
  for (int i = 0; i < 100'000; ++i)
    for (const double x : {random.uniform(-1, 1), random.uniform(-700, 700)})
      worst = std::max(worst, ulps(portable::exp(x), std::exp(x)));
  EXPECT_LE(worst, 2.5);  // the C library's own error comes on top
  EXPECT_EQ(portable::exp(0), 1);
}

TEST(PortableMath, ExpAtTheEndsOfTheRange) {
  EXPECT_DOUBLE_EQ(portable::exp(709.7), std::exp(709.7));
  EXPECT_DOUBLE_EQ(portable::exp(709.782712893384), std::exp(709.782712893384));
  EXPECT_EQ(portable::exp(710), std::numeric_limits<double>::infinity());
  EXPECT_NEAR(portable::exp(-740) / std::exp(-740), 1, 0.01);  // a denormal of few bits
  EXPECT_EQ(portable::exp(-746), 0);
}

TEST(PortableMath, ErfcIsWithinFiveUlp) {
  RandomStream random(1, "erfc");
  double worst = 0;
  for (int i = 0; i < 100'000; ++i)
    for (const double x : {random.uniform(-1, 1), random.uniform(-7, 7), random.uniform(0, 26.5)})
      worst = std::max(worst, ulps(portable::erfc(x), std::erfc(x)));
  EXPECT_LE(worst, 6);  // the C library's own error comes on top
}

// Beside values of 40 digits.
TEST(PortableMath, ErfcOfKnownPlaces) {
  EXPECT_EQ(portable::erfc(0), 1);
  EXPECT_LE(ulps(portable::erfc(0.5), 0.4795001221869534623172533461080354712635), 2);
  EXPECT_LE(ulps(portable::erfc(1), 0.1572992070502851306587793649173907407039), 5);
  EXPECT_LE(ulps(portable::erfc(2), 0.004677734981047265837930743632747071389108), 5);
  EXPECT_LE(ulps(portable::erfc(5), 1.537459794428034850188343485383378890118e-12), 5);
  EXPECT_LE(ulps(portable::erfc(10), 2.088487583762544757000786294957788611561e-45), 5);
  EXPECT_LE(ulps(portable::erfc(26), 5.663192408856142846475727896926092580329e-296), 5);
  EXPECT_LE(ulps(portable::erfc(-1), 1.842700792949714869341220635082609259296), 2);
}

TEST(PortableMath, ErfcAtTheEndsOfTheRange) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(portable::erfc(infinity), 0);
  EXPECT_EQ(portable::erfc(-infinity), 2);
  EXPECT_EQ(portable::erfc(28), 0);
  EXPECT_EQ(portable::erfc(-6.5), 2);
  EXPECT_NEAR(portable::erfc(27) / std::erfc(27), 1, 1e-6);  // a denormal
  // No steps where one way of computing it ends and another begins.
  for (const double x : {-6.0, -0.5, 0.5})
    EXPECT_GE(portable::erfc(std::nextafter(x, -9)), portable::erfc(std::nextafter(x, 9))) << x;
}

// Every operation rounds once: were the compiler to fuse a product and a sum, or were something left to the C library,
// these would be others on some machine.
TEST(PortableMath, TheBitsAreTheSameEverywhere) {
  RandomStream random(3, "bits");
  std::uint64_t logs = 0;
  std::uint64_t exps = 0;
  std::uint64_t erfcs = 0;
  for (int i = 0; i < 10'000; ++i) {
    logs = mix64(logs ^ std::bit_cast<std::uint64_t>(portable::log(random.uniform(1e-9, 1e9))));
    exps = mix64(exps ^ std::bit_cast<std::uint64_t>(portable::exp(random.uniform(-30, 30))));
  }
  for (int i = 0; i < 10'000; ++i)
    erfcs = mix64(erfcs ^ std::bit_cast<std::uint64_t>(portable::erfc(random.uniform(-7, 27))));
  EXPECT_EQ(logs, 0xa5590232e9a579cbU);
  EXPECT_EQ(exps, 0x31dec19af6b49917U);
  EXPECT_EQ(erfcs, 0x94fbcdf59cbd8ba7U);
}

static_assert(portable::exp(portable::log(8)) > 7.999999999999 && portable::exp(portable::log(8)) < 8.000000000001);

}  // namespace
}  // namespace cats
