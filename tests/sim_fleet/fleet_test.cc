#include "sim/fleet/fleet.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim_fleet/fleets.h"

namespace cats::sim::fleet {
namespace {

// Poisson arrivals that are split at random are Poisson arrivals: each site is M/M/1.
TEST(Fleet, RandomSplitMakesMm1) {
  Settings settings = equal_sites(10, 4, 600);
  settings.algorithm = "ecmp";
  const Sums sums = run(settings, 20s, 400s);
  EXPECT_NEAR(sums.mean_latency_s(), 0.025, 0.03 * 0.025);
  EXPECT_NEAR(to_seconds(sums.latency.percentile(0.99)), -std::log(0.01) * 0.025, 0.05 * 0.115);
  EXPECT_NEAR(evenness_used(sums).mean, 0.6, 0.01);
  EXPECT_NEAR(evenness_offered(sums).mean, 0.6, 0.01);
  EXPECT_NEAR(static_cast<double>(sums.flows), 240'000, 5 * std::sqrt(240'000));
  EXPECT_EQ(sums.windows, 400u);
}

// Turns make arrivals at a site more even than random ones, and queues shorter.
TEST(Fleet, RoundRobinWaitsLess) {
  Settings settings = equal_sites(10, 1, 600);
  const Sums turns = run_with(settings, "round-robin", 10s, 100s);
  const Sums hashed = run_with(settings, "ecmp", 10s, 100s);
  EXPECT_LT(turns.mean_latency_s(), 0.85 * hashed.mean_latency_s());
  EXPECT_LT(var(turns), 0.001);
  for (const SiteSums& site : turns.sites)
    EXPECT_NEAR(static_cast<double>(site.flows), static_cast<double>(turns.flows) / 10, 2);
}

// All sites tell at once, and all flows fall between two updates: whoever was best gets all of them, from everywhere.
TEST(Fleet, GlobalMinHerdsWithinOneUpdate) {
  for (const std::size_t ingresses : {1u, 5u}) {
    Settings settings = equal_sites(10, ingresses, 100);
    settings.algorithm = "global-min";
    settings.updates.interval = 10s;
    settings.updates.phases = Updates::Phases::together;
    const Sums sums = run(settings, 10300ms, 9s);
    EXPECT_EQ(std::ranges::count_if(sums.sites, [](const SiteSums& site) { return site.flows > 0; }), 1);
    EXPECT_DOUBLE_EQ(var(sums), 1.8);
  }
}

// Flows of 5 s; what is compared is how evenly they are spread at a time.
class Staleness : public testing::Test {
 protected:
  static Settings settings(const std::string& algorithm, Duration interval) {
    Settings settings = equal_sites(10, 1, 20);
    for (Site& site : settings.sites) site.station = {.workers = 200, .capacity = {.cores = 200}};
    settings.demand = load::Distribution::exponential(5);
    settings.algorithm = algorithm;
    settings.metric.raw = Metric::Raw::queue;
    settings.updates.interval = interval;
    settings.updates.window = std::min<Duration>(interval, 20ms);
    settings.batch = 0ms;
    settings.ingresses[0].delay = 1ms;
    settings.watch = 100ms;
    return settings;
  }
  static double spread(const Settings& settings) { return run(settings, 20s, 200s).var_time_averaged(); }
  static double spread(const std::string& algorithm, Duration interval) {
    return spread(settings(algorithm, interval));
  }
};

TEST_F(Staleness, GlobalMinIsBelowEcmpWithFreshMetricsAndAboveWithOldOnes) {
  const double hashed = spread("ecmp", 1s);
  EXPECT_NEAR(hashed, 0.25, 0.03);  // E|X − 10|/10 of a Poisson count of mean 10
  EXPECT_LT(spread("global-min", 50ms), 0.5 * hashed);
  EXPECT_GT(spread("global-min", 5s), 3 * hashed);
  EXPECT_GT(spread("global-min", 30s), 0.8 * 1.8);  // not far from the worst
}

TEST_F(Staleness, WhoRemembersItsOwnFlowsStaysLow) {
  const double hashed = spread("ecmp", 1s);
  for (const char* algorithm : {"load-interpretation", "global-min-local"})
    for (const Duration interval : {Duration(50ms), Duration(1s), Duration(5s)})
      EXPECT_LT(spread(algorithm, interval), hashed) << algorithm << ", T = " << to_seconds(interval) << " s";
}

// Scores are eleven steps: sites that differ by less look alike, and the first of them gets all.
TEST_F(Staleness, QuantisationLosesWhatItRounds) {
  Settings one = settings("global-min", 50ms);
  const double raw = spread(one);
  one.metric.level = cpsel::Level::l1;
  one.metric.queue.b = 100;
  one.metric.quantised = false;
  EXPECT_NEAR(spread(one), raw, 0.01);
  one.metric.quantised = true;
  EXPECT_GT(spread(one), 2 * raw);
}

// The draft's variance calls equal shares best, whatever the sites can do.
TEST(Fleet, UnequalCapacitiesTurnTheDraftsVarianceAround) {
  Settings settings = equal_sites(3, 1, 490);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::uint32_t cores = 4u >> i;
    settings.sites[i].station = {
        .workers = cores, .queue_limit = 100, .capacity = {.cores = static_cast<double>(cores)}};
  }
  const Sums hashed = run_with(settings, "ecmp", 10s, 100s);
  EXPECT_GT(evenness_offered(hashed).peak, 1.5);
  EXPECT_GT(hashed.refused, 0u);
  for (const char* algorithm : {"capacity", "inverse-load", "load-interpretation"}) {
    const Sums other = run_with(settings, algorithm, 10s, 100s);
    EXPECT_LT(var(hashed), var(other)) << algorithm;
    EXPECT_LT(evenness_offered(other).peak, 1) << algorithm;
    EXPECT_LT(imbalance(other), imbalance(hashed)) << algorithm;
  }
}

TEST(Fleet, TheMeasuredTimeAloneCounts) {
  Settings settings = equal_sites(4, 2, 100);
  settings.algorithm = "round-robin";
  Fleet fleet(settings, 1);
  fleet.run_until(Instant(10s));
  const Sums first = fleet.sums();
  fleet.begin_measuring();
  EXPECT_EQ(fleet.sums().flows, 0u);
  EXPECT_EQ(fleet.sums().served(), 0u);
  fleet.run_until(Instant(30s));
  const Sums second = fleet.sums();
  EXPECT_EQ(second.time, Duration(20s));
  EXPECT_DOUBLE_EQ(second.sites[0].capacity_s, 20);
  EXPECT_NEAR(static_cast<double>(second.flows), 2 * static_cast<double>(first.flows), 400);
  std::uint64_t flows = 0;
  for (const SiteSums& site : second.sites) flows += site.flows;
  EXPECT_EQ(flows, second.flows);
}

std::string refusal_of(const Settings& settings) {
  try {
    const Fleet fleet(settings, 1);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Fleet, RefusesWhatCannotBe) {
  using testing::HasSubstr;
  const Settings right = equal_sites(2, 1, 10);
  EXPECT_EQ(refusal_of(right), "");
  Settings wrong = right;
  wrong.algorithm = "metadata-cost";
  EXPECT_THAT(refusal_of(wrong), HasSubstr("reads metrics beside the load"));
  wrong.algorithm = "global-mix";
  EXPECT_THAT(refusal_of(wrong), HasSubstr("global-min"));
  wrong.algorithm = "c3";
  EXPECT_EQ(refusal_of(wrong), "");
  wrong.controller = Controller{};
  EXPECT_THAT(refusal_of(wrong), HasSubstr("c3 needs replies, which ingresses hear and a controller does not"));
  wrong = right;
  wrong.updates.window = 2s;
  EXPECT_THAT(refusal_of(wrong), HasSubstr("updates.window is 2 s"));
  wrong = right;
  wrong.sites[1].station.capacity.cores = 0;
  EXPECT_THAT(refusal_of(wrong), HasSubstr("site 1 has no capacity"));
  wrong = right;
  wrong.faults = {{.at = Instant(1s), .kind = Fault::Kind::controller_fails}};
  EXPECT_THAT(refusal_of(wrong), HasSubstr("there is none"));
}

}  // namespace
}  // namespace cats::sim::fleet
