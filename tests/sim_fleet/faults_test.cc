// Sites and a controller that are lost and come back.
#include <gtest/gtest.h>

#include "tests/sim_fleet/fleets.h"

namespace cats::sim::fleet {
namespace {

class FleetFaults : public testing::TestWithParam<bool> {
 protected:
  FleetFaults() {
    settings_.algorithm = "round-robin";
    if (GetParam()) settings_.controller = Controller{};
  }
  Sums next(Fleet& fleet, Duration until) {
    fleet.begin_measuring();
    fleet.run_until(Instant(until));
    return fleet.sums();
  }

  Settings settings_ = equal_sites(4, 2, 200);
};

INSTANTIATE_TEST_SUITE_P(Decider, FleetFaults, testing::Bool(),
                         [](const auto& one) { return one.param ? "Controller" : "Ingresses"; });

TEST_P(FleetFaults, AFailedSiteLosesFlowsUntilItIsWithdrawn) {
  settings_.failure_detection = 1s;
  settings_.faults = {{Instant(10s), Fault::Kind::site_fails, 2}, {Instant(20s), Fault::Kind::site_returns, 2}};
  Fleet fleet(settings_, 1);
  const Sums before = next(fleet, 10s - 1ns);
  EXPECT_EQ(before.lost, 0u);
  const Sums failing = next(fleet, 11055ms);
  EXPECT_NEAR(static_cast<double>(failing.lost), 50 * 1.055, 30);
  EXPECT_EQ(failing.sites[2].lost, failing.lost);
  const Sums without = next(fleet, 20s);
  EXPECT_LE(without.lost, 2u);  // of the nanosecond of the window's end
  EXPECT_LE(without.sites[2].flows, 2u);
  EXPECT_EQ(without.unsteered, 0u);
  EXPECT_NEAR(static_cast<double>(without.sites[1].flows), static_cast<double>(without.flows) / 3, 3);
  next(fleet, 20100ms);
  const Sums again = next(fleet, 40s);
  EXPECT_NEAR(static_cast<double>(again.sites[2].flows), static_cast<double>(again.flows) / 4, 4);
  EXPECT_EQ(again.lost, 0u);
}

TEST_P(FleetFaults, AWithdrawnSiteServesWhatItHas) {
  settings_.faults = {{Instant(10s), Fault::Kind::site_withdraws, 0}, {Instant(20s), Fault::Kind::site_announces, 0}};
  Fleet fleet(settings_, 1);
  fleet.run_until(Instant(10100ms));
  const Sums without = next(fleet, 20s);
  EXPECT_EQ(without.sites[0].flows, 0u);
  EXPECT_EQ(without.lost, 0u);
  fleet.run_until(Instant(20100ms));
  EXPECT_GT(next(fleet, 30s).sites[0].flows, 400u);
}

TEST_P(FleetFaults, HashingKnowsWhoIsThere) {
  settings_.algorithm = "ecmp";
  settings_.faults = {{Instant(10s), Fault::Kind::site_withdraws, 0}};
  Fleet fleet(settings_, 1);
  EXPECT_GT(next(fleet, 10s).sites[0].flows, 400u);
  fleet.run_until(Instant(10100ms));
  const Sums without = next(fleet, 20s);
  EXPECT_EQ(without.sites[0].flows, 0u);
  EXPECT_EQ(without.unsteered, 0u);
}

TEST_P(FleetFaults, NobodyIsLeft) {
  for (std::uint32_t site = 0; site < 4; ++site)
    settings_.faults.push_back({Instant(10s), Fault::Kind::site_withdraws, site});
  Fleet fleet(settings_, 1);
  fleet.run_until(Instant(10100ms));
  const Sums without = next(fleet, 20s);
  EXPECT_GT(without.flows, 1000u);
  EXPECT_EQ(without.unsteered, without.flows);
}

TEST(FleetController, WithoutItWeightsStayAndSitesThatGoAreLeftOut) {
  Settings settings = equal_sites(4, 2, 200);
  settings.algorithm = "inverse-load";
  settings.controller = Controller{};
  settings.faults = {{Instant(10s), Fault::Kind::controller_fails, 0},
                     {Instant(15s), Fault::Kind::site_fails, 1},
                     {Instant(20s), Fault::Kind::controller_returns, 0}};
  Fleet fleet(settings, 1);
  fleet.run_until(Instant(10100ms));
  fleet.begin_measuring();
  fleet.run_until(Instant(15100ms));
  EXPECT_EQ(fleet.sums().decisions, 0u);
  EXPECT_EQ(fleet.sums().unsteered, 0u);
  fleet.begin_measuring();
  fleet.run_until(Instant(20s - 1ns));
  EXPECT_EQ(fleet.sums().sites[1].flows, 0u);
  EXPECT_EQ(fleet.sums().unsteered, 0u);
  fleet.begin_measuring();
  fleet.run_until(Instant(30s));
  EXPECT_GT(fleet.sums().decisions, 10u);
  EXPECT_EQ(fleet.sums().sites[1].flows, 0u);
  EXPECT_EQ(fleet.sums().unsteered, 0u);
}

}  // namespace
}  // namespace cats::sim::fleet
