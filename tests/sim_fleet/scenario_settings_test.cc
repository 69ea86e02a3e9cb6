// What a scenario says of a fleet is what is made of it.
#include "sim/fleet/scenario_settings.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/fleet/fleet.h"
#include "tests/sim_fleet/described.h"

namespace cats::sim::fleet {
namespace {

using scenarios::Scenario;
using Described = scenarios::Fleet;
using testing::ElementsAre;
using testing::Field;
using testing::SizeIs;

Settings settings(const Scenario& scenario, std::uint64_t seed = 1) {
  return settings_of(scenario, seed, Instant(10s), 1s);
}

TEST(ScenarioSettings, CapacitiesComeInTurnWithAWorkerPerCore) {
  Scenario scenario = described(5, 1);
  scenario.fleet->capacity = {4, 2, 0.5};
  scenario.service.queue_limit = 7;
  const auto sites = settings(scenario).sites;
  ASSERT_THAT(sites, SizeIs(5));
  EXPECT_EQ(sites[0].station.capacity.cores, 4);
  EXPECT_EQ(sites[2].station.capacity.cores, 0.5);
  EXPECT_EQ(sites[4].station.capacity.cores, 2);
  EXPECT_EQ(sites[0].station.workers, 4u);
  EXPECT_EQ(sites[2].station.workers, 1u);
  EXPECT_EQ(sites[1].station.queue_limit, 7u);
  scenario.fleet->workers = 16;
  EXPECT_EQ(settings(scenario).sites[2].station.workers, 16u);
}

TEST(ScenarioSettings, TheLoadIsSharedByTheIngresses) {
  Scenario scenario = described(10, 4);
  scenario.fleet->capacity = {3, 1};
  scenario.fleet->load = 0.5;  // of 20 cores: 10 s of CPU time a second, 10 ms of a flow
  EXPECT_DOUBLE_EQ(scenario.fleet->flows_per_second(), 250);
  Fleet fleet(settings(scenario), 1);
  fleet.run_until(Instant(20s));
  EXPECT_NEAR(static_cast<double>(fleet.sums().flows), 20000, 600);
}

TEST(ScenarioSettings, DelaysAreSpreadOverTheIngresses) {
  Scenario scenario = described(2, 3);
  scenario.fleet->delay = 10ms;
  scenario.fleet->delay_spread = 30ms;
  const auto ingresses = settings(scenario).ingresses;
  ASSERT_THAT(ingresses, SizeIs(3));
  EXPECT_EQ(ingresses[0].delay, 10ms);
  EXPECT_EQ(ingresses[1].delay, 25ms);
  EXPECT_EQ(ingresses[2].delay, 40ms);
  scenario.fleet->ingresses = 1;
  EXPECT_EQ(settings(scenario).ingresses.at(0).delay, 10ms);
}

TEST(ScenarioSettings, ThresholdsBelongToUpdatesOnChange) {
  Scenario scenario = described(2, 1);
  scenario.fleet->updates = {.threshold = 0.05, .hold = 2s, .silence = 9s, .phases = Described::Phases::together};
  EXPECT_EQ(settings(scenario).updates.threshold, std::nullopt);
  EXPECT_EQ(settings(scenario).updates.phases, Updates::Phases::together);
  scenario.refresh = scenarios::Refresh::on_change;
  EXPECT_EQ(settings(scenario).updates.threshold, 0.05);
  EXPECT_EQ(settings(scenario).updates.hold, 2s);
  EXPECT_EQ(settings(scenario).updates.silence, 9s);
}

TEST(ScenarioSettings, TheModeSaysWhoDecides) {
  Scenario scenario = described(2, 1);
  EXPECT_FALSE(settings(scenario).controller);
  scenario.mode = scenarios::Mode::centralized;
  scenario.fleet->delay = 7ms;
  scenario.fleet->collect = 300ms;
  ASSERT_TRUE(settings(scenario).controller);
  EXPECT_EQ(settings(scenario).controller->delay, 7ms);
  EXPECT_EQ(settings(scenario).controller->batch, 300ms);
  EXPECT_EQ(settings(scenario).controller->order_delay, 7ms);
}

TEST(ScenarioSettings, TheMetricIsTold) {
  Scenario scenario = described(2, 1);
  scenario.fleet->metric = {
      .raw = Described::Raw::queue, .level = cpsel::Level::l1, .quantised = false, .full_queue = 50};
  const Metric metric = settings(scenario).metric;
  EXPECT_EQ(metric.raw, Metric::Raw::queue);
  EXPECT_EQ(metric.level, cpsel::Level::l1);
  EXPECT_FALSE(metric.quantised);
  EXPECT_EQ(metric.queue.b, 50);
}

std::set<std::uint32_t> struck(const std::vector<Fault>& faults) {
  std::set<std::uint32_t> sites;
  for (const Fault& fault : faults) sites.insert(fault.site);
  return sites;
}

TEST(ScenarioSettings, AnOutageStrikesAShareOfTheSitesThatTheSeedDraws) {
  Scenario scenario = described(50, 1);
  scenario.fleet->outage = {.share = 0.2, .at = 5s, .length = 3s, .detection = 250ms};
  const auto faults = settings(scenario).faults;
  EXPECT_THAT(faults, SizeIs(20));
  EXPECT_THAT(struck(faults), SizeIs(10));
  EXPECT_EQ(settings(scenario).failure_detection, 250ms);
  for (const Fault& fault : faults) {
    const bool fails = fault.kind == Fault::Kind::site_fails;
    EXPECT_EQ(fault.at, Instant(fails ? 15s : 18s));  // since measuring began, at 10 s
    EXPECT_TRUE(fails || fault.kind == Fault::Kind::site_returns);
  }
  EXPECT_EQ(struck(settings(scenario).faults), struck(faults));
  EXPECT_NE(struck(settings(scenario, 2).faults), struck(faults));
  scenario.algorithm.name = "ecmp";  // whatever is compared meets the same outage
  EXPECT_EQ(struck(settings(scenario).faults), struck(faults));
}

TEST(ScenarioSettings, OutagesAreOfRoutesAndOfTheController) {
  Scenario scenario = described(10, 1);
  scenario.fleet->outage = {.of = Described::Lost::routes, .share = 0.001, .at = 1s};
  const auto withdrawn = settings(scenario).faults;
  EXPECT_THAT(withdrawn, ElementsAre(Field(&Fault::kind, Fault::Kind::site_withdraws)));  // one at least, for good
  scenario.mode = scenarios::Mode::centralized;
  scenario.fleet->outage = {.of = Described::Lost::controller, .at = 1s, .length = 1s};
  EXPECT_THAT(settings(scenario).faults, ElementsAre(Field(&Fault::kind, Fault::Kind::controller_fails),
                                                     Field(&Fault::kind, Fault::Kind::controller_returns)));
}

TEST(ScenarioSettings, ACrowdCountsFromTheMeasuring) {
  Scenario scenario = described(10, 2);
  scenario.fleet->crowd = {.at = 2s, .length = 4s, .factor = 5};  // from 12 s to 16 s
  Fleet fleet(settings(scenario), 1);
  const auto flows_until = [&](Duration end) {
    fleet.begin_measuring();
    fleet.run_until(Instant(end));
    return static_cast<double>(fleet.sums().flows);
  };
  const double before = flows_until(12s) / 12;
  EXPECT_NEAR(flows_until(16s) / 4, 5 * before, 0.1 * 5 * before);
  EXPECT_NEAR(flows_until(28s) / 12, before, 0.1 * before);
}

}  // namespace
}  // namespace cats::sim::fleet
