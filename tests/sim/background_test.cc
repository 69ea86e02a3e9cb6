// A scenario's background load.
#include "sim/background.h"

#include <gtest/gtest.h>

namespace cats::sim {
namespace {

using namespace std::chrono_literals;

scenarios::BackgroundLoad load(const char* shape, Duration start, std::optional<Duration> end, double cores) {
  scenarios::BackgroundLoad load;
  load.shape = shape;
  load.start = start;
  load.end = end;
  load.cores = cores;
  return load;
}

// What it says at each look, by its own next_change().
std::vector<std::pair<double, double>> changes(const BackgroundSchedule& schedule, Duration until) {
  std::vector<std::pair<double, double>> seen{{0, schedule.at(0s).background}};
  for (auto at = schedule.next_change(0s); at && *at <= until; at = schedule.next_change(*at))
    if (schedule.at(*at).background != seen.back().second)
      seen.emplace_back(to_seconds(*at), schedule.at(*at).background);
  return seen;
}
using Changes = std::vector<std::pair<double, double>>;

TEST(BackgroundSchedule, StepsAreSeenAtTheNextLook) {
  const BackgroundSchedule schedule(0.2, {load("step", 250ms, 1s, 0.05), load("step", 500ms, {}, 0.25)});
  EXPECT_EQ(changes(schedule, 10s), (Changes{{0, 0}, {0.3, 0.05}, {0.5, 0.3}, {1, 0.25}}));
  EXPECT_EQ(schedule.at(299ms).background, 0);
  EXPECT_EQ(schedule.next_change(1s), std::nullopt);
  EXPECT_EQ(schedule.at(1s).cores, 0.2);
}

TEST(BackgroundSchedule, SquareWavesGoOn) {
  auto wave = load("square", 1s, {}, 0.5);
  wave.period = 2s;
  const BackgroundSchedule schedule(1, {wave});
  EXPECT_EQ(changes(schedule, 5s), (Changes{{0, 0}, {1, 0.5}, {2, 0}, {3, 0.5}, {4, 0}, {5, 0.5}}));
}

TEST(BackgroundSchedule, RampsAreLookedAtTenTimesASecond) {
  auto ramp = load("ramp", 1s, 2s, 1);
  ramp.from = 0.5;
  const BackgroundSchedule schedule(1, {ramp});
  const auto seen = changes(schedule, 10s);
  ASSERT_EQ(seen.size(), 12);
  EXPECT_DOUBLE_EQ(seen[1].second, 0.5);
  EXPECT_DOUBLE_EQ(seen[2].second, 0.55);
  EXPECT_DOUBLE_EQ(seen[10].second, 0.95);
  EXPECT_EQ(seen[11], (std::pair<double, double>(2, 0)));
}

TEST(BackgroundSchedule, ANeighbourTakesFromTheCpuNotFromTheQuota) {
  std::vector<scenarios::BackgroundLoad> loads{load("step", 1s, {}, 0.3), load("step", 2s, {}, 0.3),
                                               load("step", 3s, {}, 5)};
  for (auto& one : loads) one.neighbour = true;
  const BackgroundSchedule schedule(0.6, loads);
  EXPECT_EQ(schedule.at(0s).cores, 0.6);
  EXPECT_EQ(schedule.at(1s).cores, 0.6);  // 0.7 are left
  EXPECT_DOUBLE_EQ(schedule.at(2s).cores, 0.5);
  EXPECT_DOUBLE_EQ(schedule.at(3s).cores, 0.5);
  EXPECT_EQ(schedule.at(3s).background, 0);
}

}  // namespace
}  // namespace cats::sim
