// Updates on their way, and who decides on their strength.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/fleet/feed.h"
#include "tests/sim_fleet/fleets.h"

namespace cats::sim::fleet {
namespace {

class FeedTest : public testing::Test {
 protected:
  struct Heard {
    Duration at;
    std::uint32_t receiver;
    std::vector<std::pair<std::uint32_t, double>> loads;  // by site
    bool operator==(const Heard&) const = default;
  };

  void feed(std::vector<Feed::Receiver> receivers, double loss = 0) {
    feed_ = std::make_unique<Feed>(engine_, 10, std::move(receivers), loss, 1, "loss",
                                   [this](std::uint32_t receiver, std::span<const Update> updates) {
                                     Heard heard{engine_.now().time_since_epoch(), receiver, {}};
                                     for (const Update& one : updates) heard.loads.emplace_back(one.site, one.load);
                                     std::ranges::sort(heard.loads);
                                     heard_.push_back(heard);
                                   });
  }
  void send(Duration at, std::uint32_t site, double load) {
    engine_.call_at(Instant(at), [this, site, load] {
      feed_->publish({.sent = engine_.now(), .window_end = engine_.now(), .load = load, .site = site});
    });
  }

  Engine engine_;
  std::unique_ptr<Feed> feed_;
  std::vector<Heard> heard_;
};

TEST_F(FeedTest, TheFirstUpdateOpensAWindowAndANewerReplacesAnOlder) {
  feed({{5ms, 50ms}});
  send(100ms, 1, 0.1);
  send(120ms, 2, 0.2);
  send(140ms, 1, 0.3);
  send(151ms, 3, 0.4);  // reaches the router after the window
  engine_.run_until(Instant(1s));
  EXPECT_THAT(heard_, testing::ElementsAre(Heard{155ms, 0, {{1, 0.3}, {2, 0.2}}}, Heard{206ms, 0, {{3, 0.4}}}));
  EXPECT_EQ(feed_->counts().delivered, 3u);
  EXPECT_EQ(feed_->counts().replaced, 1u);
}

TEST_F(FeedTest, EachReceiverHasItsOwnDelayAndWindow) {
  feed({{5ms, 50ms}, {30ms, 0ms}});
  send(100ms, 1, 0.1);
  send(110ms, 1, 0.2);
  engine_.run_until(Instant(1s));
  EXPECT_THAT(heard_, testing::ElementsAre(Heard{130ms, 1, {{1, 0.1}}}, Heard{140ms, 1, {{1, 0.2}}},
                                           Heard{155ms, 0, {{1, 0.2}}}));
}

TEST_F(FeedTest, WithoutAWindowWhatIsSentTogetherArrivesTogether) {
  feed({{0ms, 0ms}});
  for (std::uint32_t site = 0; site < 4; ++site) send(100ms, site, site);
  engine_.run_until(Instant(1s));
  ASSERT_EQ(heard_.size(), 1u);
  EXPECT_EQ(heard_[0].loads.size(), 4u);
}

TEST_F(FeedTest, LosesAShareAndKeepsNothingThatAllHaveRead) {
  feed({{5ms, 0ms}, {5ms, 20ms}}, 0.25);
  for (int i = 0; i < 20'000; ++i) send(i * 1ms, static_cast<std::uint32_t>(i % 10), i);
  engine_.run_until(Instant(30s));
  const Feed::Counts& counts = feed_->counts();
  EXPECT_EQ(counts.delivered + counts.lost + counts.replaced, 40'000u);
  EXPECT_NEAR(static_cast<double>(counts.lost), 10'000, 500);
  EXPECT_LT(feed_->kept(), 2000u);
}

TEST(FleetUpdates, AThresholdKeepsQuietWhatHardlyMoves) {
  Settings settings = equal_sites(10, 1, 300);
  const Sums all = run(settings, 10s, 100s);
  EXPECT_EQ(all.updates_sent, 1000u);
  EXPECT_EQ(all.updates_delivered + all.updates_replaced, all.updates_sent);
  settings.updates.threshold = 0.3;
  const Sums some = run(settings, 10s, 100s);
  EXPECT_LT(some.updates_sent, all.updates_sent);
  EXPECT_GT(some.updates_sent, 50u);
  settings.updates.threshold = 2;  // no utilisation moves by so much
  EXPECT_EQ(run(settings, 10s, 100s).updates_sent, 0u);
  settings.updates.silence = 10s;
  EXPECT_EQ(run(settings, 10s, 100s).updates_sent, 100u);
}

TEST(FleetUpdates, DampeningHoldsBack) {
  Settings settings = equal_sites(10, 1, 300);
  settings.updates.interval = 200ms;
  settings.updates.hold = 1s;
  EXPECT_EQ(run(settings, 10s, 100s).updates_sent, 1000u);
}

TEST(FleetUpdates, OneDecisionPerBatch) {
  Settings settings = equal_sites(10, 3, 300);
  settings.updates.phases = Updates::Phases::together;
  const Sums sums = run(settings, 10500ms, 100s);
  EXPECT_EQ(sums.updates_delivered, 3 * sums.updates_sent);
  EXPECT_EQ(sums.decisions, 300u);
}

TEST(FleetUpdates, WhatGrewTooOldGetsNoFlows) {
  Settings settings = equal_sites(4, 2, 100);
  settings.update_loss = 1;
  settings.age_limit = 3s;
  settings.algorithm = "round-robin";
  Fleet fleet(settings, 1);
  fleet.run_until(Instant(3s));
  EXPECT_EQ(fleet.sums().unsteered, 0u);
  fleet.begin_measuring();
  fleet.run_until(Instant(4s));
  const Sums sums = fleet.sums();
  EXPECT_GT(sums.flows, 50u);
  EXPECT_EQ(sums.unsteered, sums.flows);
  EXPECT_EQ(sums.decisions, 2u);
}

TEST(FleetController, DecidesForAllAndLater) {
  Settings settings = equal_sites(10, 5, 300);
  settings.algorithm = "global-min";
  settings.updates.phases = Updates::Phases::together;
  settings.updates.interval = 10s;
  settings.controller = Controller{.delay = 5ms, .batch = 50ms, .order_delay = 1s};
  // What is measured from 10.1 s on reaches the controller at 10.155 s and the ingresses a second later.
  const Sums before = run(settings, 10160ms, 990ms);
  EXPECT_EQ(std::ranges::count_if(before.sites, [](const SiteSums& site) { return site.flows > 0; }), 1);
  const Sums over = run(settings, 10160ms, 1990ms);
  EXPECT_EQ(std::ranges::count_if(over.sites, [](const SiteSums& site) { return site.flows > 0; }), 2);
  const Sums all = run(settings, 1s, 100s);
  EXPECT_EQ(all.decisions, 10u);
  EXPECT_EQ(all.orders, 10u);
  EXPECT_EQ(all.updates_delivered, 100u);
}

}  // namespace
}  // namespace cats::sim::fleet
