#include "load/arrival_process.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "sim/statistics.h"

namespace cats::load {
namespace {

using namespace std::chrono_literals;

RandomStream stream(const char* name = "arrivals") { return {1, name}; }

// Arrivals in each of n windows, one after another.
std::vector<int> counts(ArrivalProcess& process, Duration window, int n) {
  std::vector<int> counts(static_cast<std::size_t>(n));
  Instant last{};
  while (const auto when = process.next()) {
    EXPECT_GE(*when, last);
    last = *when;
    const auto index = static_cast<std::size_t>(when->time_since_epoch() / window);
    if (index >= counts.size()) break;
    ++counts[index];
  }
  return counts;
}

sim::RunningSum moments(const std::vector<int>& counts) {
  sim::RunningSum sum;
  for (const int count : counts) sum.add(count);
  return sum;
}

TEST(Arrivals, PoissonCountsHaveTheirMeanAsVariance) {
  const sim::RunningSum sum = moments(counts(*poisson_arrivals(50, stream()), 1s, 4000));
  EXPECT_NEAR(sum.mean(), 50, 4 * std::sqrt(50.0 / 4000));
  EXPECT_NEAR(sum.variance() / sum.mean(), 1, 4 * std::sqrt(2.0 / 4000));
}

TEST(Arrivals, BeginWhereTheyAreToldTo) {
  EXPECT_GE(*poisson_arrivals(1e6, stream(), Instant(5s))->next(), Instant(5s));
  EXPECT_LT(*poisson_arrivals(1e6, stream(), Instant(5s))->next(), Instant(5s + 1ms));
  EXPECT_GE(*constant_arrivals(1e6, stream(), Instant(5s))->next(), Instant(5s));
  EXPECT_GE(*mmpp_arrivals({{1e6, 1}}, stream(), Instant(5s))->next(), Instant(5s));
  EXPECT_GE(*curve_arrivals({{0s, 1e6}}, 10s, stream(), Instant(5s))->next(), Instant(5s));
}

TEST(Arrivals, ConstantOnesDoNotDrift) {
  const auto process = constant_arrivals(3, stream());
  const Instant first = *process->next();
  EXPECT_LT(first, Instant(333'333'334ns));
  Instant last{};
  for (int i = 0; i < 3'000'000; ++i) last = *process->next();
  EXPECT_NEAR(to_seconds(last - first), 1e6, 2e-9);
}

// The variance of counts over t of a two-state process: λ̄t + 2·π₁π₂(λ₁−λ₂)²·(t/r − (1−e^(−rt))/r²), r the sum of the
// two rates of leaving.
TEST(Arrivals, MmppHasItsBurstiness) {
  const auto process = mmpp_arrivals({{100, 2}, {10, 3}}, stream());
  constexpr int kWindows = 20'000;
  const sim::RunningSum sum = moments(counts(*process, 1s, kWindows));
  const double r = 1 / 2.0 + 1 / 3.0;
  const double mean = 0.4 * 100 + 0.6 * 10;
  const double variance = mean + 2 * 0.4 * 0.6 * 90 * 90 * (1 / r - (1 - std::exp(-r)) / (r * r));
  EXPECT_NEAR(sum.mean(), mean, 4 * std::sqrt(variance / kWindows * (1 + r) / r));
  EXPECT_NEAR(sum.variance(), variance, 0.05 * variance);
}

TEST(Arrivals, MmppStatesMayBeSilentAndTheFirstIsDrawnByItsShareOfTime) {
  int silent = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed)
    silent += *mmpp_arrivals({{1000, 1}, {0, 3}}, RandomStream(seed, "first"))->next() > Instant(100ms) ? 1 : 0;
  EXPECT_NEAR(silent, 750 * std::exp(-0.1 / 3), 4 * std::sqrt(1000 * 0.75 * 0.25));
}

TEST(Arrivals, CurveFollowsItsPointsEveryPeriod) {
  // A period of 10 s: 100/s at 2 s, 300/s at 6 s; back at 100/s at 12 s, so 200/s half-way there, at 9 s.
  const auto process = curve_arrivals({{2s, 100}, {6s, 300}}, 10s, stream());
  constexpr int kPeriods = 400;
  const auto seen = counts(*process, 1s, 10 * kPeriods);
  const auto rate = [](double t) {
    const double t2 = t < 2 ? t + 10 : t;
    return t2 <= 6 ? 100 + (t2 - 2) * 50 : 300 - (t2 - 6) * 200 / 6;
  };
  for (std::size_t second = 0; second < 10; ++second) {
    double sum = 0;
    for (std::size_t period = 0; period < kPeriods; ++period) sum += seen[10 * period + second];
    const double expected = kPeriods * rate(static_cast<double>(second) + 0.5);  // straight within each second
    EXPECT_NEAR(sum, expected, 4 * std::sqrt(expected)) << second;
  }
}

TEST(Arrivals, CurveMayRestAtNothing) {
  const auto seen = counts(*curve_arrivals({{0s, 0}, {1s, 0}, {2s, 100}, {3s, 0}, {4s, 0}}, 10s, stream()), 1s, 1000);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (i % 10 == 1 || i % 10 == 2) continue;
    EXPECT_EQ(seen[i], 0) << i;
  }
  EXPECT_NEAR(moments(seen).sum(), 100 * 100, 4 * 100);
}

TEST(Arrivals, OfATraceEnd) {
  const auto times = std::make_shared<std::vector<Duration>>(std::vector<Duration>{0s, 1s, 1s, 5s});
  const auto process = trace_arrivals(times, Instant(10s));
  for (const Duration expected : {10s, 11s, 11s, 15s}) EXPECT_EQ(process->next(), Instant(expected));
  EXPECT_EQ(process->next(), std::nullopt);
  EXPECT_EQ(process->next(), std::nullopt);
}

TEST(Arrivals, OfATraceMayComeAgain) {
  const auto times = std::make_shared<std::vector<Duration>>(std::vector<Duration>{0s, 1s});
  const auto process = trace_arrivals(times, Instant(10s), 3s);
  for (const Duration expected : {10s, 11s, 13s, 14s, 16s}) EXPECT_EQ(process->next(), Instant(expected));
  EXPECT_THROW(trace_arrivals(times, Instant(), 1s), std::invalid_argument);
  EXPECT_THROW(trace_arrivals(std::make_shared<std::vector<Duration>>(), Instant(), 1s), std::invalid_argument);
}

TEST(Arrivals, RefuseWhatIsOutOfRange) {
  EXPECT_THROW(poisson_arrivals(0, stream()), std::invalid_argument);
  EXPECT_THROW(constant_arrivals(-1, stream()), std::invalid_argument);
  EXPECT_THROW(mmpp_arrivals({}, stream()), std::invalid_argument);
  EXPECT_THROW(mmpp_arrivals({{1, 0}}, stream()), std::invalid_argument);
  EXPECT_THROW(mmpp_arrivals({{0, 1}, {0, 1}}, stream()), std::invalid_argument);
  EXPECT_THROW(curve_arrivals({}, 10s, stream()), std::invalid_argument);
  EXPECT_THROW(curve_arrivals({{0s, 0}}, 10s, stream()), std::invalid_argument);
  EXPECT_THROW(curve_arrivals({{0s, 1}, {10s, 1}}, 10s, stream()), std::invalid_argument);
  EXPECT_THROW(curve_arrivals({{2s, 1}, {2s, 3}}, 10s, stream()), std::invalid_argument);
  EXPECT_THROW(trace_arrivals(std::make_shared<std::vector<Duration>>(std::vector<Duration>{2s, 1s})),
               std::invalid_argument);
}

TEST(Arrivals, ADrawElsewhereDisturbsNothing) {
  const auto alone = poisson_arrivals(10, stream("a"));
  const auto one = poisson_arrivals(10, stream("a"));
  const auto other = poisson_arrivals(10, stream("b"));
  for (int i = 0; i < 100; ++i) {
    other->next();
    EXPECT_EQ(alone->next(), one->next());
  }
}

}  // namespace
}  // namespace cats::load
