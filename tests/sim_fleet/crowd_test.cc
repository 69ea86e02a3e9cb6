#include "sim/fleet/crowd.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "load/patterns.h"

namespace cats::sim::fleet {
namespace {

using namespace std::chrono_literals;

std::vector<Instant> arrivals(double rate, Instant begin, Duration length, double factor, Instant end) {
  auto process = crowded_arrivals(load::make_arrivals(load::Arrivals::constant, rate, RandomStream(1, "crowd"), {}),
                                  begin, length, factor);
  std::vector<Instant> times;
  for (auto next = process->next(); next && *next <= end; next = process->next()) times.push_back(*next);
  return times;
}

std::size_t between(const std::vector<Instant>& times, Duration from, Duration to) {
  std::size_t count = 0;
  for (const Instant t : times) count += Instant(from) < t && t <= Instant(to) ? 1 : 0;
  return count;
}

TEST(Crowd, ComesAtSoManyTimesThePaceAndGoesAgain) {
  for (const double factor : {0.5, 3.0, 7.3}) {
    const auto times = arrivals(1000, Instant(10s), 5s, factor, Instant(30s));
    EXPECT_NEAR(static_cast<double>(between(times, 0s, 10s)), 10000, 2) << factor;
    EXPECT_NEAR(static_cast<double>(between(times, 10s, 15s)), 5000 * factor, 2) << factor;
    EXPECT_NEAR(static_cast<double>(between(times, 15s, 30s)), 15000, 2) << factor;
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end())) << factor;
  }
}

TEST(Crowd, LeavesWhatIsBeforeItAsItWas) {
  const auto plain = arrivals(10, Instant(10s), 5s, 1, Instant(30s));
  const auto crowded = arrivals(10, Instant(10s), 5s, 4, Instant(10s));
  ASSERT_EQ(crowded.size(), between(plain, 0s, 10s));
  for (std::size_t i = 0; i < crowded.size(); ++i) EXPECT_EQ(crowded[i], plain[i]);
}

TEST(Crowd, EndsWithItsArrivals) {
  const auto times = std::make_shared<const std::vector<Duration>>(std::vector<Duration>{1s, 2s, 4s});
  auto process = crowded_arrivals(load::trace_arrivals(times), Instant(1s), 1s, 2);
  EXPECT_EQ(process->next(), Instant(1s));
  EXPECT_EQ(process->next(), Instant(1500ms));
  EXPECT_EQ(process->next(), Instant(3s));  // 2 s of its own time have passed within the crowd
  EXPECT_EQ(process->next(), std::nullopt);
}

TEST(Crowd, RefusesWhatIsNoPace) {
  const auto plain = [] { return load::poisson_arrivals(1, RandomStream(1, "x")); };
  EXPECT_THROW(crowded_arrivals(plain(), {}, 1s, 0), std::invalid_argument);
  EXPECT_THROW(crowded_arrivals(plain(), {}, -1s, 2), std::invalid_argument);
}

}  // namespace
}  // namespace cats::sim::fleet
