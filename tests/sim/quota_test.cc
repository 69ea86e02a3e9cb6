// A station under a quota by the period: when threads stand still, to the nanosecond.
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "sim/station.h"

namespace cats::sim {
namespace {

using namespace std::chrono_literals;

Instant since_zero(Duration since) { return Instant(since); }

constexpr Quota kFifth{.cores = 0.2, .period = 10ms};

// 2 ms of CPU time in every 10 ms, on two CPUs.
Station::Settings limited(std::uint32_t workers, double background = 0) {
  return {.workers = workers, .capacity = {.cores = 2, .background = background}, .quota = kFifth};
}

using Ends = std::vector<std::pair<std::uint64_t, Duration>>;

Ends ends_of(Station& station) {
  Ends seen;
  while (const auto when = station.next_departure())
    seen.emplace_back(station.depart(*when).tag, when->time_since_epoch());
  return seen;
}

TEST(StationQuota, AShortJobSeesFullSpeed) {
  Station station(limited(2));
  station.arrive(since_zero(3ms), 1, 200us);
  EXPECT_EQ(ends_of(station), (Ends{{1, 3200us}}));
}

TEST(StationQuota, ALongOneStandsStillWhenTheBudgetIsUsedUp) {
  Station station(limited(2));
  station.arrive(since_zero(0ms), 1, 5ms);  // 0 … 2, 10 … 12, 20 … 21
  EXPECT_EQ(station.next_departure(), since_zero(21ms));
  EXPECT_DOUBLE_EQ(station.totals(since_zero(1500us)).cpu_s, 0.0015);
  EXPECT_DOUBLE_EQ(station.totals(since_zero(2ms)).cpu_s, 0.002);
  EXPECT_DOUBLE_EQ(station.totals(since_zero(9999us)).cpu_s, 0.002);
  EXPECT_DOUBLE_EQ(station.totals(since_zero(11ms)).cpu_s, 0.003);
  EXPECT_DOUBLE_EQ(station.totals(since_zero(11ms)).in_service_s, 0.011);
  EXPECT_EQ(ends_of(station), (Ends{{1, 21ms}}));
}

TEST(StationQuota, TwoJobsUseTheBudgetTwiceAsFast) {
  Station station(limited(2));
  station.arrive(since_zero(0ms), 1, 2ms);  // both 0 … 1 and 10 … 11
  station.arrive(since_zero(0ms), 2, 2ms);
  EXPECT_EQ(ends_of(station), (Ends{{1, 11ms}, {2, 11ms}}));
}

TEST(StationQuota, ThreeJobsShareTwoProcessors) {
  Station station(limited(4));
  for (std::uint64_t tag = 1; tag <= 3; ++tag) station.arrive(since_zero(0ms), tag, 1ms);
  // 2/3 ms each by 1 ms, then the rest.
  EXPECT_EQ(ends_of(station), (Ends{{1, 10500us}, {2, 10500us}, {3, 10500us}}));
}

TEST(StationQuota, AJobThatEndsWithTheBudgetDoesNotWait) {
  Station station(limited(1));
  station.arrive(since_zero(0ms), 1, 2ms);
  station.arrive(since_zero(1ms), 2, 1ms);  // starts at 2, when nothing is left
  EXPECT_EQ(ends_of(station), (Ends{{1, 2ms}, {2, 11ms}}));
}

TEST(StationQuota, WhatAPeriodLeavesIsLostAndIdlenessSavesNothing) {
  Station station(limited(1));
  station.arrive(since_zero(1s + 5ms), 1, 3ms);  // 5 … 7, 10 … 11
  EXPECT_EQ(ends_of(station), (Ends{{1, 1s + 11ms}}));
}

TEST(StationQuota, PeriodsBeginAtTheirPhase) {
  const Quota quota{.cores = 0.2, .period = 10ms, .phase = 3ms};
  Station station({.quota = quota}, since_zero(0ms));
  station.arrive(since_zero(0ms), 1, 3ms);  // 0 … 2, 3 … 4
  EXPECT_EQ(ends_of(station), (Ends{{1, 4ms}}));
  Station later({.quota = quota}, since_zero(8ms));
  later.arrive(since_zero(12ms), 1, 3ms);  // 12 … 13 of a budget that was whole, 13 … 15
  EXPECT_EQ(ends_of(later), (Ends{{1, 15ms}}));
}

TEST(StationQuota, TheLoadBesideUsesTheSameBudget) {
  Station station(limited(2, 1));
  EXPECT_DOUBLE_EQ(station.totals(since_zero(101ms)).beside_s, 0.021);
  // Three threads on two CPUs until 750 us, then two; nothing is left at 1 ms.
  station.arrive(since_zero(1s), 1, 1ms);
  station.arrive(since_zero(1s), 2, 500us);
  EXPECT_EQ(ends_of(station), (Ends{{2, 1s + 750us}, {1, 1s + 10ms + 250us}}));
  const auto totals = station.totals(since_zero(1s + 20ms));
  EXPECT_NEAR(totals.cpu_s, 0.0015, 1e-12);
  EXPECT_NEAR(totals.cpu_s + totals.beside_s, 0.2 * 1.02, 1e-12);
}

TEST(StationQuota, TellsWhenThreadsWillHaveRunForSoLong) {
  Station station(limited(2, 1));
  EXPECT_EQ(station.when_run(2e6), since_zero(2ms));
  EXPECT_EQ(station.when_run(2e6 + 1), since_zero(10ms + 1ns));
  EXPECT_EQ(station.when_run(5e6), since_zero(21ms));
  EXPECT_EQ(Station({}, since_zero(1ms)).when_run(5e6), since_zero(6ms));
  EXPECT_FALSE(Station({.capacity = {.background = 1}, .quota = {.cores = 0, .period = 10ms}}).when_run(1));
}

TEST(StationQuota, ANewQuotaBeginsWithAWholeBudget) {
  Station station(limited(1));
  station.arrive(since_zero(0ms), 1, 5ms);
  station.set_quota(since_zero(5ms), {.cores = 0.4, .period = 10ms});
  EXPECT_EQ(station.next_departure(), since_zero(8ms));
  station.set_quota(since_zero(6ms), {.cores = 0, .period = 10ms});
  EXPECT_FALSE(station.next_departure());
  station.set_quota(since_zero(100ms), {});  // none
  EXPECT_EQ(station.next_departure(), since_zero(102ms));
  EXPECT_NEAR(station.totals(since_zero(102ms)).capacity_s, 0.2 * 0.005 + 0.4 * 0.001 + 2 * 0.002, 1e-12);
}

TEST(StationQuota, ASlowerMachineUsesItLater) {
  Station station(limited(1));
  station.set_capacity(since_zero(0ms), {.cores = 0.5});
  station.arrive(since_zero(0ms), 1, 3ms);  // 0 … 4, 10 … 12
  EXPECT_EQ(station.next_departure(), since_zero(12ms));
  station.set_capacity(since_zero(0ms), {.cores = 0.1});  // less than the quota
  EXPECT_EQ(station.next_departure(), since_zero(30ms));
}

TEST(StationQuota, ASaturatedStationGetsExactlyTheQuotaOverWholePeriods) {
  for (const std::uint32_t workers : {1u, 2u, 3u, 7u})
    for (const double background : {0.0, 1.0, 3.0}) {
      Station station({.workers = workers,
                       .capacity = {.cores = 2, .background = background},
                       .quota = {.cores = 0.2, .period = 10ms, .phase = 4ms}},
                      since_zero(4ms));
      for (std::uint64_t tag = 0; tag < workers; ++tag) station.arrive(since_zero(4ms), tag, 1h);
      for (const Duration passed : {10ms, 20ms, 1230ms, 60000ms}) {
        const auto totals = station.totals(since_zero(4ms + passed));
        EXPECT_NEAR(totals.cpu_s + totals.beside_s, 0.2 * to_seconds(passed), 1e-12) << workers << " " << background;
      }
    }
}

TEST(StationQuota, RefusesWhatMakesNoSense) {
  Station station({});
  EXPECT_THROW(station.set_quota(since_zero(0ms), {.cores = -1, .period = 10ms}), std::invalid_argument);
  EXPECT_THROW(station.set_quota(since_zero(0ms), {.cores = 1, .period = -10ms}), std::invalid_argument);
}

}  // namespace
}  // namespace cats::sim
