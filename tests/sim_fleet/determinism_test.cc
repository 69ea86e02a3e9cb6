// The same seed gives the same sums to the bit; and what a fleet keeps does not grow with what has passed.
#include <cstdlib>
#include <malloc.h>
#include <new>

#include <gtest/gtest.h>

#include "tests/sim_fleet/fleets.h"

namespace {

std::size_t g_alive = 0;  // octets

}  // namespace

void* operator new(std::size_t size, const std::nothrow_t& /*how*/) noexcept {
  void* const memory = std::malloc(size);
  if (memory != nullptr) g_alive += ::malloc_usable_size(memory);
  return memory;
}
void* operator new(std::size_t size) {
  void* const memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  g_alive -= ::malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace cats::sim::fleet {
namespace {

std::vector<double> all(const Sums& sums) {
  std::vector<double> values = {static_cast<double>(sums.flows),
                                static_cast<double>(sums.served()),
                                static_cast<double>(sums.lost),
                                static_cast<double>(sums.unsteered),
                                static_cast<double>(sums.updates_delivered),
                                static_cast<double>(sums.updates_replaced),
                                static_cast<double>(sums.updates_lost),
                                static_cast<double>(sums.decisions),
                                static_cast<double>(sums.probes),
                                sums.latency_sum_s,
                                sums.peak_used,
                                sums.peak_offered,
                                sums.active_var,
                                sums.active_imbalance};
  for (const SiteSums& site : sums.sites)
    for (const double one : {static_cast<double>(site.flows), site.offered_s, site.used_s}) values.push_back(one);
  return values;
}

Settings much_of_everything(const std::string& algorithm) {
  Settings settings = equal_sites(50, 4, 3000);
  settings.algorithm = algorithm;
  settings.update_loss = 0.1;
  settings.age_limit = 5s;
  settings.updates.threshold = 0.01;
  settings.updates.silence = 2s;
  settings.faults = {{Instant(3s), Fault::Kind::site_fails, 7}, {Instant(6s), Fault::Kind::site_returns, 7}};
  return settings;
}

class FleetDeterminism : public testing::TestWithParam<const char*> {};

TEST_P(FleetDeterminism, OneSeedOneCourse) {
  for (const bool controller : {false, true}) {
    if (controller && cpsel::find_algorithm(GetParam())->needs_replies) continue;
    Settings settings = much_of_everything(GetParam());
    if (controller) settings.controller = Controller{};
    const std::vector<double> once = all(run(settings, 2s, 8s, 5));
    EXPECT_EQ(once, all(run(settings, 2s, 8s, 5)));
    EXPECT_NE(once, all(run(settings, 2s, 8s, 6)));
  }
}

// How a run is cut into pieces makes no difference either.
TEST_P(FleetDeterminism, PiecesMakeTheSameWhole) {
  const Settings settings = much_of_everything(GetParam());
  Fleet fleet(settings, 5);
  for (Duration at = 0ms; at <= 10s; at += 7ms) fleet.run_until(Instant(at));
  fleet.run_until(Instant(10s));
  EXPECT_EQ(all(fleet.sums()), all(run(settings, 0s, 10s, 5)));
}

INSTANTIATE_TEST_SUITE_P(Algorithm, FleetDeterminism,
                         testing::Values("ecmp", "round-robin", "global-min", "global-min-local", "p2c", "pid",
                                         "load-interpretation", "inverse-load", "bounded-hash", "peak-ewma", "c3",
                                         "prequal", "exp3"),
                         [](const auto& one) {
                           std::string name = one.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(FleetMemory, DoesNotGrowWithWhatHasPassed) {
  for (const char* algorithm : {"inverse-load", "global-min-local", "c3", "exp3", "prequal"}) {
    Settings settings = equal_sites(50, 4, 2000);
    settings.algorithm = algorithm;
    const std::size_t before = g_alive;
    Fleet fleet(settings, 1);
    fleet.run_until(Instant(50s));
    const double early = static_cast<double>(g_alive - before);
    fleet.run_until(Instant(200s));
    EXPECT_LT(static_cast<double>(g_alive - before), 1.3 * early) << algorithm;
  }
}

TEST(FleetMemory, IsLinearInSitesTimesIngresses) {
  for (const char* algorithm : {"inverse-load", "c3", "exp3", "peak-ewma", "prequal"}) {
    const auto used = [algorithm](std::size_t sites, std::size_t ingresses) {
      const std::size_t before = g_alive;
      Settings settings = equal_sites(sites, ingresses, 1000);
      settings.algorithm = algorithm;
      Fleet fleet(std::move(settings), 1);
      fleet.run_until(Instant(2s));
      return static_cast<double>(g_alive - before);
    };
    const double one = used(1024, 8);
    EXPECT_LT(used(2048, 8), 2.2 * one) << algorithm;
    EXPECT_LT(used(1024, 16), 2.2 * one) << algorithm;
    EXPECT_LT(one / (1024 * 8), 400) << algorithm;  // octets per view of a site
  }
}

}  // namespace
}  // namespace cats::sim::fleet
