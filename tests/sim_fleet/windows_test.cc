// What a fleet tells of each window adds up to its sums.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/sim_fleet/fleets.h"

namespace cats::sim::fleet {
namespace {

TEST(Windows, AddUpToTheSums) {
  Settings settings = equal_sites(8, 3, 700);
  for (Site& site : settings.sites) site.station.queue_limit = 3;  // so that some are refused
  settings.algorithm = "inverse-load";
  settings.watch = 500ms;
  settings.faults = {{Instant(6s), Fault::Kind::site_fails, 1}, {Instant(9s), Fault::Kind::site_returns, 1}};
  settings.failure_detection = 300ms;
  Fleet fleet(settings, 7);
  std::vector<Window> windows;
  fleet.on_window([&](const Window& window) { windows.push_back(window); });
  fleet.run_until(Instant(5s));
  windows.clear();
  fleet.begin_measuring();
  fleet.run_until(Instant(15s));
  const Sums sums = fleet.sums();
  ASSERT_EQ(windows.size(), 20u);
  Window all;
  Histogram latency;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Window& window = windows[i];
    EXPECT_EQ(window.end, Instant(5s + static_cast<int>(i + 1) * 500ms));
    all.flows += window.flows;
    all.refused += window.refused;
    all.lost += window.lost;
    all.updates_sent += window.updates_sent;
    all.updates_delivered += window.updates_delivered;
    all.decisions += window.decisions;
    all.latency_sum_s += window.latency_sum_s;
    all.active += window.active;
    all.active_var += window.active_var;
    all.active_imbalance += window.active_imbalance;
    all.peak_used = std::max(all.peak_used, window.peak_used);
    latency.merge(window.latency);
  }
  EXPECT_EQ(all.flows, sums.flows);
  EXPECT_EQ(all.refused, sums.refused);
  EXPECT_GT(all.refused, 0u);
  EXPECT_EQ(all.lost, sums.lost);
  EXPECT_GT(all.lost, 0u);
  EXPECT_EQ(all.updates_sent, sums.updates_sent);
  EXPECT_EQ(all.updates_delivered, sums.updates_delivered);
  EXPECT_EQ(all.decisions, sums.decisions);
  EXPECT_EQ(latency.count(), sums.served());
  EXPECT_EQ(latency.percentile(0.99), sums.latency.percentile(0.99));
  EXPECT_NEAR(all.latency_sum_s, sums.latency_sum_s, 1e-9 * sums.latency_sum_s);
  EXPECT_EQ(all.active, sums.active);
  EXPECT_EQ(all.active_var, sums.active_var);
  EXPECT_EQ(all.active_imbalance, sums.active_imbalance);
  EXPECT_EQ(all.peak_used, sums.peak_used);
}

TEST(Windows, EveryFlowIsSomewhere) {
  Settings settings = equal_sites(4, 2, 300);
  settings.algorithm = "round-robin";
  for (std::uint32_t site = 0; site < 4; ++site)
    settings.faults.push_back({Instant(8s), Fault::Kind::site_fails, site});
  settings.failure_detection = 200ms;
  const Sums sums = run(settings, 5s, 5s);
  std::uint64_t given = 0;
  for (const SiteSums& site : sums.sites) given += site.flows;
  EXPECT_GT(sums.unsteered, 0u);
  EXPECT_GT(sums.lost, 0u);
  EXPECT_EQ(sums.flows, given + sums.unsteered);
  EXPECT_EQ(given + sums.there_before, sums.served() + sums.refused + sums.lost + sums.there_after);
  EXPECT_EQ(sums.there_after, 0u);
}

TEST(Windows, TellingThemChangesNothing) {
  const Settings settings = equal_sites(10, 2, 500);
  const auto measured = [&](bool told) {
    Fleet fleet(settings, 3);
    if (told) fleet.on_window([](const Window&) {});
    fleet.run_until(Instant(5s));
    fleet.begin_measuring();
    fleet.run_until(Instant(20s));
    return fleet.sums();
  };
  const Sums with = measured(true);
  const Sums without = measured(false);
  EXPECT_EQ(with.flows, without.flows);
  EXPECT_EQ(with.latency_sum_s, without.latency_sum_s);
  EXPECT_EQ(with.active_var, without.active_var);
}

}  // namespace
}  // namespace cats::sim::fleet
