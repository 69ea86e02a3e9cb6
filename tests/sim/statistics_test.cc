#include "sim/statistics.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace cats::sim {
namespace {

TEST(RunningSum, MergesAsIfAddedToOne) {
  RandomStream random(4, "sums");
  RunningSum left, right, both;
  for (int i = 0; i < 1000; ++i) {
    const double x = 100 + random.uniform();
    (i % 3 == 0 ? left : right).add(x);
    both.add(x);
  }
  left.merge(right);
  left.merge(RunningSum());
  EXPECT_EQ(left.count(), both.count());
  EXPECT_NEAR(left.mean(), both.mean(), 1e-12);
  EXPECT_NEAR(left.variance(), both.variance(), 1e-12);
  EXPECT_NEAR(left.variance(), 1.0 / 12, 0.005);
  EXPECT_EQ(left.min(), both.min());
  EXPECT_EQ(left.max(), both.max());
  EXPECT_NEAR(left.sum(), left.mean() * 1000, 1e-9);
}

TEST(TimeAverage, WeighsByTime) {
  using namespace std::chrono_literals;
  TimeAverage average(2, Instant(1s));
  EXPECT_EQ(average.mean(Instant(1s)), 2);
  average.set(Instant(3s), 10);
  average.set(Instant(4s), 0);
  EXPECT_DOUBLE_EQ(average.mean(Instant(8s)), (2 * 2 + 10 * 1 + 0 * 4) / 7.0);
  EXPECT_DOUBLE_EQ(average.integral(Instant(8s)), 14);
  EXPECT_EQ(average.max(), 10);
  average.set(Instant(9s), 5);
  average.restart(Instant(10s));
  EXPECT_EQ(average.mean(Instant(12s)), 5);
  EXPECT_EQ(average.max(), 5);
}

}  // namespace
}  // namespace cats::sim
