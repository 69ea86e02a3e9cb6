#include "sim/station.h"

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace cats::sim {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since) { return Instant(since); }

// Departures until none is left: tag and time in ms.
std::vector<std::pair<std::uint64_t, double>> drain(Station& station) {
  std::vector<std::pair<std::uint64_t, double>> seen;
  while (const auto when = station.next_departure()) {
    const Job job = station.depart(*when);
    seen.emplace_back(job.tag, to_ms(when->time_since_epoch()));
  }
  return seen;
}
using Seen = std::vector<std::pair<std::uint64_t, double>>;

TEST(Station, OneWorkerTakesOneAfterAnother) {
  Station station({});
  EXPECT_EQ(station.arrive(at(0ms), 1, 10ms), Station::Admission::started);
  EXPECT_EQ(station.arrive(at(1ms), 2, 5ms), Station::Admission::queued);
  EXPECT_EQ(station.arrive(at(2ms), 3, 1ms), Station::Admission::queued);
  EXPECT_EQ(station.in_service(), 1);
  EXPECT_EQ(station.waiting(), 2);
  EXPECT_EQ(drain(station), (Seen{{1, 10}, {2, 15}, {3, 16}}));
}

TEST(Station, TellsWhenAJobArrivedAndStarted) {
  Station station({});
  station.arrive(at(0ms), 1, 10ms);
  station.arrive(at(4ms), 2, 5ms);
  station.depart(at(10ms));
  const Job job = station.depart(at(15ms));
  EXPECT_EQ(job.arrived, at(4ms));
  EXPECT_EQ(job.started, at(10ms));
}

TEST(Station, RefusesWhatFindsTheQueueFull) {
  Station station({.workers = 2, .queue_limit = 1, .capacity = {.cores = 2}});
  EXPECT_EQ(station.arrive(at(0ms), 1, 10ms), Station::Admission::started);
  EXPECT_EQ(station.arrive(at(0ms), 2, 20ms), Station::Admission::started);
  EXPECT_EQ(station.arrive(at(0ms), 3, 5ms), Station::Admission::queued);
  EXPECT_EQ(station.arrive(at(1ms), 4, 5ms), Station::Admission::refused);
  EXPECT_EQ(drain(station), (Seen{{1, 10}, {3, 15}, {2, 20}}));
  EXPECT_EQ(station.totals(at(20ms)).refused, 1);
  EXPECT_EQ(station.totals(at(20ms)).arrived, 4);
}

TEST(Station, SharesOneProcessor) {
  Station station({.workers = Station::kUnlimited});
  station.arrive(at(0ms), 1, 10ms);
  station.arrive(at(4ms), 2, 2ms);  // both at half speed: 2 ends at 8, 1 has had 6 by then
  EXPECT_EQ(drain(station), (Seen{{2, 8}, {1, 12}}));
}

TEST(Station, TheOneThatStartedFirstEndsFirst) {
  Station station({.workers = Station::kUnlimited});
  for (std::uint64_t tag = 0; tag < 20; ++tag) station.arrive(at(0ms), tag, 1ms);
  const auto seen = drain(station);
  for (std::uint64_t tag = 0; tag < 20; ++tag) EXPECT_EQ(seen.at(tag), (std::pair<std::uint64_t, double>(tag, 20)));
}

TEST(Station, WorkersUnderAQuotaShareIt) {
  Station station({.workers = 2, .capacity = {.cores = 0.2}});
  station.arrive(at(0ms), 1, 2ms);  // alone at 0.2
  EXPECT_EQ(station.next_departure(), at(10ms));
  station.arrive(at(5ms), 2, 2ms);  // at 0.1 each: 1 has 1 ms to go
  station.arrive(at(5ms), 3, 2ms);  // waits
  EXPECT_EQ(drain(station), (Seen{{1, 15}, {2, 25}, {3, 30}}));
}

TEST(Station, CapacityMayChangeMeanwhileAndBeNone) {
  Station station({});
  station.arrive(at(0ms), 1, 10ms);
  station.set_capacity(at(2ms), {.cores = 0.5});
  EXPECT_EQ(station.next_departure(), at(18ms));
  station.set_capacity(at(4ms), {.cores = 0});
  EXPECT_FALSE(station.next_departure());
  station.set_capacity(at(100ms), {.cores = 4});  // one worker is on one core at most
  EXPECT_EQ(station.next_departure(), at(107ms));
}

TEST(Capacity, IsSharedFairlyWithALoadBeside) {
  EXPECT_DOUBLE_EQ((Capacity{.cores = 2}.rate(4)), 0.5);
  EXPECT_DOUBLE_EQ((Capacity{.cores = 8}.rate(4)), 1);
  // It wants less than its share and gets it; it wants more and gets what a worker gets.
  EXPECT_DOUBLE_EQ((Capacity{.cores = 0.2, .background = 0.05}.rate(1)), 0.15);
  EXPECT_DOUBLE_EQ((Capacity{.cores = 0.2, .background = 0.05}.rate(4)), 0.04);
  EXPECT_DOUBLE_EQ((Capacity{.cores = 0.2, .background = 0.5}.rate(1)), 0.1);
  // Two threads share what is wanted beyond one core.
  EXPECT_DOUBLE_EQ((Capacity{.cores = 3, .background = 2}.rate(2)), 0.75);
  EXPECT_DOUBLE_EQ((Capacity{.cores = 0, .background = 2}.rate(2)), 0);
}

TEST(Capacity, WhatALoadBesideGetsIsWhatTheWorkersLeave) {
  const Capacity some{.cores = 0.2, .background = 0.05};
  EXPECT_DOUBLE_EQ(some.beside(0), 0.05);
  EXPECT_NEAR(some.beside(4), 0.04, 1e-12);  // a fifth of the quota is less than it wants
  const Capacity much{.cores = 0.2, .background = 1.5};
  EXPECT_DOUBLE_EQ(much.beside(0), 0.2);
  EXPECT_NEAR(much.beside(2), 0.1, 1e-12);  // two threads of four
  EXPECT_DOUBLE_EQ((Capacity{.cores = 4, .background = 1}.beside(2)), 1);
  EXPECT_DOUBLE_EQ((Capacity{.cores = 1}.beside(3)), 0);
}

TEST(Station, LosesEverythingInTheOrderOfArrival) {
  Station station({.workers = 2, .capacity = {.cores = 2}});
  station.arrive(at(0ms), 1, 9ms);
  station.arrive(at(0ms), 2, 4ms);
  station.arrive(at(1ms), 3, 4ms);
  const auto lost = station.clear(at(2ms));
  ASSERT_EQ(lost.size(), 3);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(lost[i].tag, i + 1);
  EXPECT_EQ(station.jobs(), 0);
  EXPECT_FALSE(station.next_departure());
  EXPECT_EQ(station.totals(at(2ms)).lost, 3);
  station.arrive(at(3ms), 4, 2ms);
  EXPECT_EQ(drain(station), (Seen{{4, 5}}));
}

TEST(Station, AddsUpWhatItDid) {
  Station station({.workers = 2, .capacity = {.cores = 1}});
  station.arrive(at(0ms), 1, 10ms);
  station.arrive(at(5ms), 2, 10ms);
  station.arrive(at(5ms), 3, 10ms);
  const auto totals = station.totals(at(10ms));
  EXPECT_DOUBLE_EQ(totals.cpu_s, 0.010);
  EXPECT_DOUBLE_EQ(totals.capacity_s, 0.010);
  EXPECT_DOUBLE_EQ(totals.in_service_s, 0.005 + 0.010);
  EXPECT_DOUBLE_EQ(totals.waiting_s, 0.005);
}

TEST(Station, RefusesWhatMakesNoSense) {
  Station station({});
  EXPECT_THROW(station.depart(at(1ms)), std::logic_error);
  station.arrive(at(5ms), 1, 1ms);
  EXPECT_THROW(station.arrive(at(4ms), 2, 1ms), std::logic_error);
  EXPECT_THROW(station.arrive(at(5ms), 2, -1ms), std::invalid_argument);
  EXPECT_THROW(station.set_capacity(at(5ms), {.cores = -1}), std::invalid_argument);
  EXPECT_THROW(station.arrive(at(7ms), 2, 1ms), std::logic_error);  // job 1 should have left at 6 ms
  EXPECT_THROW(Station({.workers = 0}), std::invalid_argument);
}

TEST(Station, ACrowdDoesNotStayInMemory) {
  Ring<int> ring;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10000; ++i) ring.push(i);
    for (int i = 0; i < 10000; ++i) ASSERT_EQ(ring.pop(), i);
    EXPECT_TRUE(ring.empty());
    EXPECT_LE(ring.capacity(), 256);
  }
}

}  // namespace
}  // namespace cats::sim
