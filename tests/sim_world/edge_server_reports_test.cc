// What a site tells the network: its route, its metrics, deliberate faults, and what a killed process leaves.
#include "cpsel/known_sequence.h"
#include "tests/sim_world/edge_server_fixture.h"

namespace cats::sim::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(EdgeServerTest, TheKnownSequenceRunsBesideTheMetrics) {
  start();
  run(1s);
  EXPECT_EQ(call({{"do", "known_sequence"}, {"seed", 99}})["seq"], 2);
  run(2s);
  call({{"do", "known_sequence"}, {"seed", nullptr}});
  run(3s);
  ASSERT_EQ(sent_.size(), 6u);
  const auto logged = events("metric_sent");
  for (const std::uint32_t sequence : {3u, 4u}) {
    const auto known = cpsel::known_value(99, IpAddress::of("2001:2:0:1::1"), sequence);
    EXPECT_EQ(sent_[sequence - 1].report.known, known);
    EXPECT_EQ(logged[sequence - 1]["known"], known);
  }
  EXPECT_FALSE(sent_[1].report.known);
  EXPECT_FALSE(sent_[4].report.known);
  EXPECT_TRUE(logged[4]["known"].is_null());
  EXPECT_THAT(refusal({{"do", "known_sequence"}}), HasSubstr("seed"));
}

TEST_F(EdgeServerTest, AReportLeavesOnceItIsCollected) {
  auto c = config();
  c.collecting = 200us;
  start(c, {way("rest")});
  run(630ms + 199us);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(since(sent_[0].at), 130ms + 200us);
  EXPECT_EQ(since(sent_[0].report.stamp.value().window_end), 130ms);
  EXPECT_EQ(events("sample")[0]["t_ns"], to_ns(kWorldBegins + 130ms));
  EXPECT_EQ(events("metric_sent")[0]["t_ns"], to_ns(kWorldBegins + 130ms + 200us));
  ASSERT_EQ(events("sample").size(), 2u);
  edge_->stop();  // the second report has not left
  run(1s);
  EXPECT_EQ(sent_.size(), 1u);
  edge_->start();
  run(1130ms + 200us);
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].report.stamp.value().sequence, 1u);
}

TEST_F(EdgeServerTest, CollectingMayTakeLongerThanAnInterval) {
  auto c = config();
  c.collecting = 700ms;
  start(c, {way("rest")});
  run(2s);
  std::vector<Duration> times;
  for (const Sent& one : sent_) times.push_back(since(one.at));
  EXPECT_EQ(times, (std::vector<Duration>{830ms, 1330ms, 1830ms}));
}

TEST_F(EdgeServerTest, OnChangeSaysNothingTwiceAndStampsNothing) {
  auto c = config();
  c.every_interval = false;
  start(c, {way("bgp", std::set<std::string>{"available_compute"})});
  run(3s);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_FALSE(sent_[0].report.stamp);
  call({{"do", "background_load"}, {"cores", 0.1}});
  run(6s);
  EXPECT_EQ(sent_.size(), 4u);  // until the window has nothing of the time before
  EXPECT_EQ(sent_.back().report.values.at("available_compute"), 50);
  EXPECT_EQ(events("sample").size(), 12u);
}

TEST_F(EdgeServerTest, EachMetricGoesItsWay) {
  start(config(), {way("bgp", std::set<std::string>{"compute_norm"}), way("rest")});
  ask(1, 33ms);
  run(1s);
  ASSERT_EQ(sent_.size(), 4u);
  for (std::size_t i = 0; i < sent_.size(); i += 2) {
    const Sent& rest = sent_[i];
    const Sent& bgp = sent_[i + 1];
    EXPECT_EQ(rest.via, "rest");
    EXPECT_EQ(bgp.via, "bgp");
    EXPECT_EQ(rest.report.stamp->sequence, bgp.report.stamp->sequence);
    EXPECT_EQ(bgp.report.values.size(), 1u);
    EXPECT_TRUE(rest.report.values.contains("processing_delay"));
  }
  EXPECT_NEAR(sent_[0].report.values.at("available_compute"), 0, 1e-6);  // over REST as it was measured
  EXPECT_EQ(sent_[1].report.values.at("compute_norm"), 0);
  EXPECT_TRUE(announced_.empty());  // `send` announces the route
}

TEST_F(EdgeServerTest, WithoutMetricsByBgpTheBareRouteIsAnnounced) {
  start(config(), {way("bgp", std::set<std::string>{}), way("rest")});
  EXPECT_EQ(announced_, (std::vector<bool>{true}));
  run(1s);
  for (const Sent& one : sent_) EXPECT_EQ(one.via, "rest");
  EXPECT_EQ(sent_.size(), 2u);
  call({{"do", "withdraw"}});
  run(2s);
  EXPECT_EQ(sent_.size(), 4u);
  call({{"do", "announce"}});
  EXPECT_EQ(announced_, (std::vector<bool>{true, false, true}));
}

TEST_F(EdgeServerTest, AWithdrawnRouteComesBackWithTheLatestReport) {
  start();
  run(1s);
  call({{"do", "withdraw"}});
  EXPECT_EQ(announced_, (std::vector<bool>{false}));
  EXPECT_EQ(call({{"do", "status"}})["bgp"]["announced"], false);
  run(2s);
  EXPECT_EQ(sent_.size(), 2u);
  EXPECT_EQ(events("sample").size(), 4u);
  call({{"do", "announce"}});
  ASSERT_EQ(sent_.size(), 3u);
  EXPECT_EQ(sent_.back().report.stamp->sequence, 4u);
  EXPECT_EQ(events("metric_sent").back()["seq"], 4);  // the first time that it goes
  call({{"do", "announce"}});
  EXPECT_EQ(events("metric_resent").size(), 1u);
  EXPECT_EQ(announced_, (std::vector<bool>{false}));
}

TEST_F(EdgeServerTest, WithoutASessionNothingGoesByBgp) {
  auto c = config();
  c.bgp_peer = IpAddress::of("2001:db8:1::1");
  start(c, {way("bgp")});
  run(1s);
  edge_->session(false, "the router is gone");
  run(2s);
  EXPECT_EQ(sent_.size(), 2u);
  EXPECT_EQ(call({{"do", "status"}})["bgp"]["state"], "idle");
  edge_->session(true, "");
  EXPECT_EQ(sent_.size(), 3u);
  edge_->session(false, "again");
  edge_->session(true, "");
  EXPECT_EQ(events("metric_resent").size(), 1u);
  const auto states = events("bgp_state");
  ASSERT_EQ(states.size(), 5u);
  EXPECT_EQ(states[0]["state"], "established");
  EXPECT_EQ(states[1]["state"], "idle");
  EXPECT_EQ(states[1]["why"], "the router is gone");
  EXPECT_EQ(states[1]["peer"], "2001:db8:1::1");
}

TEST_F(EdgeServerTest, WhatTheManagerDidNotTakeIsSentAgainUnlessSomethingNewerIs) {
  auto c = config();
  c.interval = 800ms;
  start(c, {way("rest")});
  run(200ms);
  ASSERT_EQ(sent_.size(), 1u);
  edge_->undelivered(sent_[0].report, "no answer");
  run(700ms);
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].at, kWorldBegins + 700ms);
  EXPECT_EQ(sent_[1].report, sent_[0].report);
  EXPECT_EQ(events("metric_resent").size(), 1u);
  EXPECT_EQ(events("publish_failed").back()["error"], "no answer");
  edge_->undelivered(sent_[1].report, "no answer");  // due at 1200 ms: at 930 ms there is a newer one
  run(1300ms);
  EXPECT_EQ(sent_.size(), 3u);
  EXPECT_EQ(events("metric_resent").size(), 1u);
  edge_->undelivered(sent_[0].report, "too late to matter");
  run(1700ms);
  EXPECT_EQ(sent_.size(), 3u);
}

TEST_F(EdgeServerTest, ABiasedCollectorIsFoundByItsAccounting) {
  start();
  call({{"do", "background_load"}, {"cores", 0.1}});
  call({{"do", "fault"}, {"kind", "collector-bias"}, {"points", 10}});
  run(3s);
  EXPECT_NEAR(last_sample()["raw"]["cpu_utilisation"], 40, 1e-6);
  EXPECT_EQ(last_sample()["accounting"]["usage_ns"], 100'000'000);
  EXPECT_EQ(events("fault").back()["points"], 10);
  call({{"do", "fault"}, {"kind", "none"}});
  run(4s);
  EXPECT_NEAR(last_sample()["raw"]["cpu_utilisation"], 50, 1e-6);
}

TEST_F(EdgeServerTest, ALostUpdateIsSaidToBeSentAndIsNot) {
  start(config(), {way("bgp"), way("rest")});
  call({{"do", "fault"}, {"kind", "lost-update"}, {"updates", 2}});
  run(2s);
  EXPECT_EQ(events("metric_sent").size(), 8u);
  ASSERT_EQ(sent_.size(), 4u);  // the last two, both ways
  EXPECT_EQ(sent_[0].report.stamp->sequence, 3u);
  EXPECT_EQ(events("fault").back()["updates"], 2);
}

TEST_F(EdgeServerTest, AnAlteredValueIsAnotherThanTheLogSays) {
  start(config(), {way("bgp"), way("rest")});
  call({{"do", "known_sequence"}, {"seed", 1}});
  call({{"do", "fault"}, {"kind", "altered-value"}});
  run(1s);
  const auto logged = events("metric_sent");
  ASSERT_EQ(sent_.size(), 4u);
  ASSERT_EQ(logged.size(), 4u);
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    EXPECT_EQ(logged[i]["via"], sent_[i].via);
    EXPECT_EQ(logged[i]["values"] != json(sent_[i].report.values), i < 2);
    EXPECT_EQ(logged[i]["known"] != json(*sent_[i].report.known), i < 2);
  }
}

TEST_F(EdgeServerTest, FaultsThatAreNoneAreRefused) {
  start(config(), {way("bgp", std::set<std::string>{})});
  EXPECT_THAT(refusal({{"do", "fault"}, {"kind", "lost-update"}}), HasSubstr("publishes no metrics"));
  EXPECT_THAT(refusal({{"do", "fault"}, {"kind", "tired"}}), HasSubstr("tired is not collector-bias"));
  EXPECT_THAT(refusal({{"do", "fault"}}), HasSubstr("kind"));
  EXPECT_THAT(refusal({{"do", "dance"}}), HasSubstr("no command \"dance\"; there are announce, background_load"));
  EXPECT_THAT(events("fault"), IsEmpty());
}

TEST_F(EdgeServerTest, EveryConnectionHasARowUnlessOneIsToBeLost) {
  start();
  at(100ms, [&] { edge_->accept(flow(1000)); });
  at(200ms, [&] { edge_->accept(flow(1001)); });
  at(300ms, [&] {
    edge_->close(flow(1001));
    edge_->close(flow(1001));
    edge_->close(flow(5));
  });
  run(400ms);
  EXPECT_EQ(call({{"do", "status"}})["connections"], 1);
  call({{"do", "fault"}, {"kind", "lost-count"}});
  at(500ms, [&] {
    edge_->close(flow(1000));
    edge_->accept(flow(1002));
  });
  at(600ms, [&] { edge_->accept(flow(1002)); });  // the same 5-tuple again
  run(700ms);
  EXPECT_EQ(rows(),
            "accepted_ns,closed_ns,source,port\n"
            "1000200000000,1000300000000,2001:db8::1,1001\n"
            "1000500000000,1000600000000,2001:db8::1,1002\n");
}

TEST_F(EdgeServerTest, AReplyToAConnectionThatIsClosedGoesNowhere) {
  start();
  EXPECT_FALSE(edge_->request(flow(1), 1ms, {}));
  ask(1, 10ms);
  at(20ms, [&] { edge_->close(flow(1)); });
  at(30ms, [&] { edge_->accept(flow(1)); });
  run(1s);
  EXPECT_THAT(replies_, IsEmpty());
  EXPECT_EQ(edge_->cpu_time(), 10ms);
}

TEST_F(EdgeServerTest, AKilledProcessSaysNothingMoreAndBeginsAnew) {
  start();
  call({{"do", "background_load"}, {"cores", 0.1}});
  call({{"do", "fault"}, {"kind", "collector-bias"}, {"points", 10}});
  ask(1, 150ms);
  run(1s);
  const auto before = read_file(directory_ / "es1.jsonl");
  edge_->stop();
  EXPECT_FALSE(edge_->running());
  EXPECT_FALSE(ask(1, 1ms));
  EXPECT_FALSE(edge_->accept(flow(2)));
  EXPECT_THAT(refusal({{"do", "status"}}), HasSubstr("es1"));
  EXPECT_EQ(edge_->cpu_time(), 200ms);
  run(3s);
  EXPECT_EQ(edge_->cpu_time(), 200ms);
  EXPECT_EQ(read_file(directory_ / "es1.jsonl"), before);
  EXPECT_THAT(replies_, IsEmpty());
  EXPECT_EQ(rows(), "accepted_ns,closed_ns,source,port\n");

  edge_->start();
  open_.clear();
  at(4s, [&] { ask(1, 20ms); });
  run(5s);
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_EQ(replies_[0].reply.served, 100ms);  // no load beside
  EXPECT_EQ(edge_->cpu_time(), 220ms);
  EXPECT_EQ(events("metric_sent").at(2)["seq"], 1);
  EXPECT_EQ(events("sample").at(2)["window_start"], to_ns(kWorldBegins + 3s));
  EXPECT_NEAR(last_sample()["raw"]["cpu_utilisation"], 10, 1e-6);  // no bias
}

TEST_F(EdgeServerTest, ASampleOutsideTheScheduleIsNotLogged) {
  start();
  call({{"do", "background_load"}, {"cores", 0.1}});
  run(700ms);
  const auto sample = call({{"do", "sample"}});
  EXPECT_NEAR(sample["raw"]["cpu_utilisation"], 50, 1e-6);
  EXPECT_NEAR(sample["unquantised"]["compute_norm"], 0.5, 1e-9);
  EXPECT_EQ(sample["window_end"], to_ns(engine_.now()));
  EXPECT_EQ(events("sample").size(), 2u);
}

TEST_F(EdgeServerTest, MetricsThatNobodyCanCollectAreRefused) {
  auto c = config();
  c.declared.front().statistics = cpsel::Statistics::max;
  EXPECT_THROW(start(c, {way("bgp")}), UsageError);
  EXPECT_THROW(start(config(), {way("carrier pigeon")}), std::invalid_argument);
}

}  // namespace
}  // namespace cats::sim::test
