// Several stations and a choice among them, against queueing theory.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/sim/closed_forms.h"
#include "tests/sim/network.h"

namespace cats::sim::test {
namespace {

constexpr std::size_t kStations = 4;
constexpr double kLoad = 0.7;

std::size_t anyone(const std::vector<Station>& stations, RandomStream& random) { return random.below(stations.size()); }

auto in_turn() {
  return [next = std::size_t{0}](const std::vector<Station>& stations, RandomStream&) mutable {
    return next++ % stations.size();
  };
}

// Of equal ones any.
std::size_t shortest_queue(const std::vector<Station>& stations, RandomStream& random) {
  std::size_t best = 0;
  std::uint64_t equal = 0;
  for (std::size_t i = 0; i < stations.size(); ++i) {
    if (stations[i].jobs() < stations[best].jobs()) equal = 0;
    if (stations[i].jobs() > stations[best].jobs()) continue;
    if (random.below(++equal) == 0) best = i;
  }
  return best;
}

std::size_t better_of_two(const std::vector<Station>& stations, RandomStream& random) {
  const std::size_t a = random.below(stations.size());
  const std::size_t b = (a + 1 + random.below(stations.size() - 1)) % stations.size();
  return stations[b].jobs() < stations[a].jobs() ? b : a;
}

NetworkSettings four() { return {.stations = kStations, .rate = kLoad * kStations, .jobs = 40'000}; }

TEST(Choices, RandomSplitIsMm1AtEachStation) {
  NetworkSettings settings = four();
  settings.choose = anyone;
  expect_mean(replicate(settings), mean_sojourn, 1 / (1 - kLoad), 0.04, "sojourn");
}

TEST(Choices, RoundRobinIsErlangGapsAtEachStation) {
  NetworkSettings settings = four();
  settings.choose = in_turn();
  expect_mean(replicate(settings), mean_sojourn, ekm1_sojourn(kStations, kLoad, 1), 0.04, "sojourn");
}

// No choice without knowledge of what is to come beats one queue for all; join-shortest-queue beats round robin.
TEST(Choices, JoinShortestQueueLiesBetweenItsBounds) {
  NetworkSettings settings = four();
  settings.choose = shortest_queue;
  const auto interval = interval_of(replicate(settings), mean_sojourn);
  EXPECT_GT(interval.lo, 1 + mmc_wait(kStations, kLoad * kStations, 1));
  EXPECT_LT(interval.hi, ekm1_sojourn(kStations, kLoad, 1));
  EXPECT_LT(interval.hi / interval.lo, 1.06);
}

// The limit of many stations: 100 are within 2 % of it.
TEST(Choices, TheBetterOfTwo) {
  NetworkSettings settings{.stations = 100, .rate = kLoad * 100, .warm_up = 5000, .jobs = 40'000};
  settings.choose = better_of_two;
  const auto interval = interval_of(replicate(settings), mean_sojourn);
  EXPECT_LT(interval.lo, 1.02 * two_choices_sojourn(kLoad));
  EXPECT_GT(interval.hi, two_choices_sojourn(kLoad));
  EXPECT_LT(interval.hi / interval.lo, 1.04);
}

}  // namespace
}  // namespace cats::sim::test
