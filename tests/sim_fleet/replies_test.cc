// Algorithms that choose for every flow by what they hear of others, in fleets.
#include "sim/fleet/replies.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "sim/fleet/latency_near.h"
#include "tests/sim_fleet/fleets.h"

namespace cats::sim::fleet {
namespace {

const std::vector<const char*> kByReplies = {"peak-ewma", "c3", "prequal", "exp3"};

// Sites at 0.7 of what they can do, a tenth of a millisecond away.
Settings near_sites(std::size_t sites, std::size_t ingresses) {
  Settings settings = equal_sites(sites, ingresses, 70 * static_cast<double>(sites));
  for (Ingress& ingress : settings.ingresses) ingress.delay = 100us;
  return settings;
}

double p99_s(const Sums& sums) { return to_seconds(sums.latency.percentile(0.99)); }

TEST(FleetReplies, EveryFlowIsSteeredAndServed) {
  for (const char* algorithm : kByReplies) {
    Settings settings = near_sites(10, 3);
    settings.algorithm = algorithm;
    const Sums sums = run(settings, 10s, 50s);
    EXPECT_NEAR(static_cast<double>(sums.flows), 35'000, 5 * std::sqrt(35'000)) << algorithm;
    // exp3 fills the queue of the site that it favours before it turns to another.
    const double waiting = algorithm == std::string("exp3") ? 0.1 * static_cast<double>(sums.flows) : 300;
    EXPECT_NEAR(static_cast<double>(sums.served()), static_cast<double>(sums.flows), waiting) << algorithm;
    EXPECT_EQ(sums.unsteered, 0u) << algorithm;
    EXPECT_EQ(sums.decisions, 0u) << algorithm;
    EXPECT_EQ(sums.refused + sums.lost, 0u) << algorithm;
    const double probes = algorithm == std::string("prequal") ? 3 * static_cast<double>(sums.flows) : 0;
    EXPECT_EQ(static_cast<double>(sums.probes), probes) << algorithm;
  }
}

// Hashing makes each site M/M/1: p99 is 4.6 · 10 ms/0.3.
TEST(FleetReplies, FreshOnesCutTheTail) {
  const double hashed = p99_s(run_with(near_sites(10, 2), "ecmp", 10s, 100s));
  EXPECT_NEAR(hashed, -std::log(0.01) * 0.01 / 0.3, 0.015);
  for (const char* algorithm : {"peak-ewma", "c3", "prequal"})
    EXPECT_LT(p99_s(run_with(near_sites(10, 2), algorithm, 10s, 100s)), 0.7 * hashed) << algorithm;
}

// One of four works at a tenth of the others' speed: more than an even share of the flows would overload it.
TEST(FleetReplies, ASlowSiteGetsLittle) {
  Settings settings = near_sites(4, 1);
  for (Ingress& ingress : settings.ingresses)
    ingress.arrivals = [](RandomStream random) { return load::poisson_arrivals(120, random); };
  settings.sites[2].station.capacity.cores = 0.1;
  settings.sites[2].station.queue_limit = 20;
  for (const char* algorithm : kByReplies) {
    settings.algorithm = algorithm;
    settings.parameters.clear();
    if (algorithm == std::string("exp3")) settings.parameters["sla_ms"] = 50;
    const Sums sums = run(settings, 60s, 100s);
    EXPECT_LT(static_cast<double>(sums.sites[2].flows), 0.12 * static_cast<double>(sums.flows)) << algorithm;
    EXPECT_GT(sums.sites[2].flows, 0u) << algorithm;
  }
}

// Flows to a site that is down are lost, and that is heard; when it is withdrawn, none goes there any more.
TEST(FleetReplies, AFailedSiteIsLeft) {
  for (const char* algorithm : kByReplies) {
    Settings settings = near_sites(4, 2);
    for (Ingress& ingress : settings.ingresses)
      ingress.arrivals = [](RandomStream random) { return load::poisson_arrivals(50, random); };
    settings.algorithm = algorithm;
    settings.failure_detection = 30s;
    settings.faults = {{Instant(20s), Fault::Kind::site_fails, 1}, {Instant(80s), Fault::Kind::site_returns, 1}};
    Fleet fleet(settings, 1);
    const auto next = [&fleet](Duration until) {
      fleet.begin_measuring();
      fleet.run_until(Instant(until));
      return fleet.sums();
    };
    next(20s - 1ns);
    next(30s);
    const Sums failing = next(50s);
    // An even share would be a quarter.
    EXPECT_LT(static_cast<double>(failing.lost), 0.15 * static_cast<double>(failing.flows)) << algorithm;
    next(50100ms);
    const Sums without = next(80s);
    EXPECT_EQ(without.sites[1].flows, 0u) << algorithm;
    EXPECT_EQ(without.lost + without.unsteered, 0u) << algorithm;
    next(80100ms);
    const Sums again = next(110s);
    EXPECT_GT(static_cast<double>(again.sites[1].flows), 0.02 * static_cast<double>(again.flows)) << algorithm;
    EXPECT_EQ(again.lost, 0u) << algorithm;
  }
}

TEST(FleetReplies, SitesTellHowEachFlowEnded) {
  class Heard final : public FlowEnds {
   public:
    void served(std::uint32_t site, const Job& flow) override { ends.emplace_back(site, flow.tag); }
    void failed(std::uint32_t site, std::span<const Job> flows) override {
      for (const Job& flow : flows) lost.emplace_back(site, flow.tag);
    }
    std::vector<std::pair<std::uint32_t, std::uint64_t>> ends;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> lost;
  };
  Settings settings = equal_sites(2, 1, 1);
  settings.sites[1].station.queue_limit = 1;
  Engine engine;
  Sites sites(engine, settings, 1, [](const Update&) {});
  Heard heard;
  sites.tell_ends(heard);
  EXPECT_TRUE(sites.arrive(0, 10ms, 7));
  EXPECT_TRUE(sites.arrive(1, 10ms, 8));
  EXPECT_TRUE(sites.arrive(1, 20ms, 9));
  EXPECT_FALSE(sites.arrive(1, 10ms, 10));  // the queue is full
  engine.run_until(Instant(15ms));
  EXPECT_EQ(heard.ends, (std::vector<std::pair<std::uint32_t, std::uint64_t>>{{0, 7}, {1, 8}}));
  sites.fail(1);
  EXPECT_EQ(heard.lost, (std::vector<std::pair<std::uint32_t, std::uint64_t>>{{1, 9}}));
  EXPECT_TRUE(sites.down(1));
  EXPECT_FALSE(sites.arrive(1, 10ms, 11));
}

// The latency that decides whether exp3 has its reward is the time at the site and both ways. Sites serve each flow in
// exactly 10 ms, and the way is 5 ms each: all meet 20 ms, none meets 19.9 ms.
TEST(FleetReplies, ALatencyIsTheTimeAtTheSiteAndBothWays) {
  Settings settings = equal_sites(2, 1, 5);
  settings.demand = load::Distribution::deterministic(0.01);
  settings.ingresses[0].delay = 5ms;
  settings.algorithm = "exp3";
  const auto furthest = [&settings](double sla_ms) {
    settings.parameters = {{"sla_ms", sla_ms}};
    const Sums sums = run(settings, 0s, 400s);
    const auto first = static_cast<double>(sums.sites[0].flows);
    return std::abs(2 * first / static_cast<double>(sums.flows) - 1);
  };
  EXPECT_LT(furthest(19.9), 0.08);  // no reward: an even coin
  EXPECT_GT(furthest(20.1), 0.15);  // rewards, and so chances that wander off
}

// With replies that come late many flows are given out by the same knowledge.
TEST(FleetReplies, LateOnesAreWorthLess) {
  Settings settings = near_sites(10, 2);
  const double fresh = p99_s(run_with(settings, "prequal", 10s, 100s));
  for (Ingress& ingress : settings.ingresses) ingress.delay = 200ms;
  EXPECT_GT(p99_s(run_with(settings, "prequal", 10s, 100s)), 1.2 * fresh);
}

TEST(LatencyNear, IsTheMedianOfThoseThatFoundAsMany) {
  LatencyNear near;
  EXPECT_EQ(near.estimate(3), Duration(0));
  near.record(3, 30ms);
  EXPECT_EQ(near.estimate(3), 30ms);
  for (const Duration one : {10ms, 50ms, 20ms}) near.record(3, one);
  EXPECT_EQ(near.estimate(3), 20ms);  // the lower of the two in the middle
  for (int i = 0; i < 7; ++i) near.record(3, 70ms);
  EXPECT_EQ(near.estimate(3), 70ms);  // the last seven count
}

TEST(LatencyNear, ElseOfTheNearest) {
  LatencyNear near;
  near.record(2, 2ms);
  near.record(8, 8ms);
  EXPECT_EQ(near.estimate(0), 2ms);
  EXPECT_EQ(near.estimate(4), 2ms);
  EXPECT_EQ(near.estimate(5), 2ms);
  EXPECT_EQ(near.estimate(6), 8ms);
  EXPECT_EQ(near.estimate(1'000'000), 8ms);
  near.record(1'000'000, 1s);
  near.record(20, 20ms);
  EXPECT_EQ(near.estimate(1'100'000), 1s);
  EXPECT_EQ(near.estimate(23), 20ms);
}

}  // namespace
}  // namespace cats::sim::fleet
