// What a site measures of itself: its CPU, its queue and its connections, and when.
#include <map>

#include "base/random.h"
#include "tests/sim_world/edge_server_fixture.h"

namespace cats::sim::test {
namespace {

using testing::HasSubstr;

TEST_F(EdgeServerTest, SamplesExactlyOnScheduleAndSaysEachAtOnce) {
  start();
  run(5s);
  const auto samples = events("sample");
  const auto sent = events("metric_sent");
  ASSERT_EQ(samples.size(), 10u);  // 130 ms, 630 ms, … 4630 ms
  ASSERT_EQ(sent.size(), samples.size());
  ASSERT_EQ(sent_.size(), samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Instant due = kWorldBegins + 130ms + static_cast<int>(i) * 500ms;
    EXPECT_EQ(samples[i]["window_start"], to_ns(std::max(kWorldBegins, due - 1s)));
    EXPECT_EQ(samples[i]["window_end"], to_ns(due));
    EXPECT_EQ(samples[i]["t_ns"], to_ns(due));
    EXPECT_EQ(sent_[i].at, due);
    EXPECT_EQ(sent[i]["seq"], i + 1);
    EXPECT_EQ(sent[i]["via"], "bgp");
    EXPECT_EQ(sent[i]["source"], "2001:2:0:1::1");
    EXPECT_EQ(sent[i]["values"], json(sent_[i].report.values));
    EXPECT_EQ(sent_[i].report.stamp->sequence, i + 1);
  }
}

TEST_F(EdgeServerTest, AWindowOfItsOwnLengthBeginsBetweenTicks) {
  auto c = config();
  c.interval = 700ms;
  c.window = 200ms;
  start(c, {way("bgp")});
  run(10s);
  const auto samples = events("sample");
  ASSERT_GE(samples.size(), 12u);
  for (std::size_t i = 1; i < samples.size(); ++i) {
    EXPECT_EQ(samples[i]["window_end"].get<std::int64_t>() - samples[i]["window_start"].get<std::int64_t>(),
              200'000'000);
    EXPECT_EQ((samples[i]["window_end"].get<std::int64_t>() - to_ns(kWorldBegins + 130ms)) % 700'000'000, 0);
  }
}

TEST_F(EdgeServerTest, AnotherIntervalAndPhaseKeepTheEpoch) {
  start();
  run(2s);
  const std::size_t before = sent_.size();
  call({{"do", "interval"}, {"interval_ns", 200'000'000}, {"phase_ns", 50'000'000}});
  EXPECT_EQ(call({{"do", "status"}})["next_tick_ns"], to_ns(kWorldBegins + 2050ms));
  run(3s);
  ASSERT_EQ(sent_.size(), before + 5);
  for (std::size_t i = before; i < sent_.size(); ++i) EXPECT_EQ((since(sent_[i].at) - 50ms) % 200ms, 0ms);
  EXPECT_THAT(refusal({{"do", "interval"}, {"interval_ns", 1000}, {"phase_ns", 0}}), HasSubstr("below 1 ms"));
}

TEST_F(EdgeServerTest, BackgroundLoadIsWhatTheCollectorReports) {
  start();
  EXPECT_EQ(edge_->cpu_time(), 0ms);
  call({{"do", "background_load"}, {"cores", 0.15}});
  run(3s);
  const json sample = last_sample();
  EXPECT_EQ(sample["accounting"]["usage_ns"], 150'000'000);
  EXPECT_EQ(sample["accounting"]["quota_cores"], kQuota);
  EXPECT_NEAR(sample["raw"]["cpu_utilisation"], 75, 1e-6);
  EXPECT_NEAR(sample["raw"]["available_compute"], 25, 1e-6);
  EXPECT_EQ(sent_.back().report.values.at("available_compute"), 25);
  EXPECT_EQ(edge_->cpu_time(), 450ms);
  EXPECT_EQ(call({{"do", "status"}})["background_cores"], 0.15);
  call({{"do", "background_load"}, {"cores", 0}});
  run(6s);
  EXPECT_EQ(last_sample()["raw"]["available_compute"], 100);
  EXPECT_EQ(edge_->cpu_time(), 450ms);
  const auto changes = events("load_changed");
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0]["cores"], 0.15);
  EXPECT_EQ(changes[1]["t_ns"], to_ns(kWorldBegins + 3s));
  EXPECT_THAT(refusal({{"do", "background_load"}, {"cores", -0.1}}), HasSubstr("cores"));
}

TEST_F(EdgeServerTest, LoadBeyondTheQuotaGetsTheQuota) {
  start();
  call({{"do", "background_load"}, {"cores", 1.5}});
  run(3s);
  EXPECT_NEAR(last_sample()["raw"]["available_compute"], 0, 1e-6);
  EXPECT_EQ(edge_->cpu_time(), 600ms);
}

TEST_F(EdgeServerTest, ARequestTakesItsWorkAtTheQuotasSpeed) {
  start();
  at(1200ms, [&] { ask(1, 50ms); });
  run(2500ms);
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_EQ(since(replies_[0].at), 1450ms);  // 50 ms at a fifth of a core
  EXPECT_EQ(replies_[0].reply.status, 200u);
  EXPECT_EQ(replies_[0].reply.queued, 0ms);
  EXPECT_EQ(replies_[0].reply.served, 250ms);
  const auto samples = events("sample");
  const json& whole = samples.at(4);  // 1130 ms … 2130 ms
  EXPECT_NEAR(whole["raw"]["cpu_utilisation"], 25, 1e-6);
  EXPECT_NEAR(whole["raw"]["queue_length"], 0.25, 1e-9);
  EXPECT_NEAR(whole["raw"]["processing_delay"], 250, 1e-9);
  EXPECT_EQ(whole["raw"]["requests"], 1);
}

TEST_F(EdgeServerTest, WithAPeriodARequestRunsAtFullSpeedUntilItsBudgetIsUsedUp) {
  auto c = config();
  c.quota_period = 10ms;
  start(c, {way("bgp")});
  at(1200ms, [&] { ask(1, 1ms); });
  at(1300ms, [&] { ask(1, 50ms); });  // 2 ms in each of 25 periods
  run(3s);
  ASSERT_EQ(replies_.size(), 2u);
  EXPECT_EQ(replies_[0].reply.served, 1ms);
  EXPECT_EQ(replies_[1].reply.served, 242ms);
  EXPECT_EQ(edge_->cpu_time(), 51ms);
  const auto samples = events("sample");
  EXPECT_NEAR(samples.at(4)["raw"]["cpu_utilisation"], 25.5, 1e-6);  // 1130 ms … 2130 ms
}

TEST_F(EdgeServerTest, LoadBesideSlowsTheServiceAsFairSharesDo) {
  start();
  call({{"do", "background_load"}, {"cores", 0.1}});
  at(1s, [&] { ask(1, 50ms); });
  run(1600ms);
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_EQ(since(replies_[0].at), 1500ms);
  EXPECT_EQ(edge_->cpu_time(), 160ms + 50ms);
}

TEST_F(EdgeServerTest, AFullQueueIsAnswered503AtOnce) {
  start();
  at(1s, [&] {
    for (std::uint16_t port = 1; port <= 7; ++port) EXPECT_TRUE(ask(port, 10ms));
  });
  run(1s);
  ASSERT_EQ(replies_.size(), 2u);  // two are worked on, three wait
  for (const Replied& one : replies_) EXPECT_EQ(one.reply.status, 503u);
  run(3s);
  ASSERT_EQ(replies_.size(), 7u);
  std::map<std::uint16_t, SiteReply> by_port;
  for (const Replied& one : replies_) by_port[one.port] = one.reply;
  EXPECT_EQ(by_port[2].served, 100ms);
  EXPECT_EQ(by_port[3].queued, 100ms);
  EXPECT_EQ(by_port[5].queued, 200ms);
  EXPECT_EQ(by_port[6].status, 503u);
}

TEST_F(EdgeServerTest, CalibratedLoadIsWhatTheSiteUsesInAll) {
  for (const double share : {0.2, 0.5, 0.8}) {
    for (const bool with_requests : {false, true}) {
      edge_.reset();
      open_.clear();
      const Duration begin = since(engine_.now());
      start();
      EXPECT_NEAR(call({{"do", "calibrated_load"}, {"share", share}})["cores"], share * kQuota, 1e-12);
      for (int i = 0; with_requests && i < 150; ++i)
        at(begin + i * 20ms, [&] { ask(1, 500us); });  // an eighth of the quota
      run(begin + 3s);
      EXPECT_NEAR(last_sample()["raw"]["cpu_utilisation"], 100 * share, 0.3) << with_requests;
    }
  }
  EXPECT_THAT(refusal({{"do", "calibrated_load"}, {"share", 1.1}}), HasSubstr("share"));
}

TEST_F(EdgeServerTest, AServiceThatUsesMoreThanTheCalibratedLoadIsAlone) {
  start();
  call({{"do", "calibrated_load"}, {"share", 0.5}});
  for (int i = 0; i < 200; ++i) at(i * 20ms, [&] { ask(1, 3200us); });
  run(4s);
  EXPECT_NEAR(last_sample()["raw"]["cpu_utilisation"], 80, 0.1);
}

TEST_F(EdgeServerTest, TheScheduleIsLookedAtEvery100Ms) {
  start();
  json step = {{"shape", "step"}, {"start_ns", 250'000'000}, {"end_ns", 2'000'000'000}, {"cores", 0.1},
               {"from", 0},       {"period_ns", 0},          {"neighbour", false}};
  json square = step;
  square["shape"] = "square";
  square["start_ns"] = 0;
  square["period_ns"] = 1'000'000'000;
  square["cores"] = 0.05;
  run(1s);
  call({{"do", "background_schedule"}, {"start_ns", to_ns(kWorldBegins + 1s)}, {"loads", json::array({step, square})}});
  run(4s);
  std::vector<std::pair<Duration, double>> changes;
  for (const json& event : events("load_changed")) {
    changes.emplace_back(since(from_ns(event["t_ns"])), event["cores"].get<double>());
    EXPECT_EQ(event["scheduled"], true);
    EXPECT_EQ(event["neighbour_cores"], 0);
  }
  const std::vector<std::pair<Duration, double>> expected = {{1s, 0.05},       {1300ms, 0.1 + 0.05}, {1500ms, 0.1},
                                                             {2s, 0.1 + 0.05}, {2500ms, 0.1},        {3s, 0}};
  EXPECT_EQ(changes, expected);
  EXPECT_EQ(edge_->cpu_time(), 170ms + 50ms);
  call({{"do", "background_schedule"}, {"loads", json::array()}});
  EXPECT_EQ(events("load_changed").size(), expected.size());
  step["shape"] = "zigzag";
  EXPECT_THAT(refusal({{"do", "background_schedule"}, {"start_ns", 0}, {"loads", json::array({step})}}),
              HasSubstr("zigzag"));
}

TEST_F(EdgeServerTest, ANoisyNeighbourSlowsTheServiceAndIsNotAccounted) {
  auto c = config();
  c.quota_cores = 0.8;
  start(c, {way("bgp")});
  const json neighbour = {{"shape", "step"}, {"start_ns", 0},  {"end_ns", nullptr}, {"cores", 0.7},
                          {"from", 0},       {"period_ns", 0}, {"neighbour", true}};
  ask(1, 80ms);
  at(1s, [&] {
    call({{"do", "background_schedule"}, {"start_ns", to_ns(engine_.now())}, {"loads", json::array({neighbour})}});
  });
  at(2s, [&] { ask(1, 80ms); });
  run(3s);
  ASSERT_EQ(replies_.size(), 2u);
  EXPECT_EQ(replies_[0].reply.served, 100ms);
  EXPECT_EQ(replies_[1].reply.served, 160ms);  // half of a CPU
  EXPECT_EQ(edge_->cpu_time(), 160ms);
  EXPECT_EQ(events("load_changed").back()["neighbour_cores"], 0.7);
}

TEST_F(EdgeServerTest, AnotherQuotaHoldsFromThenOn) {
  start();
  call({{"do", "background_load"}, {"cores", 0.1}});
  ask(1, 30ms);  // 0.1 of it per second beside the load
  run(100ms);
  edge_->set_quota(0.4);
  run(3s);
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_EQ(replies_[0].reply.served, 100ms + 66'666'667ns);
  EXPECT_NEAR(last_sample()["raw"]["cpu_utilisation"], 25, 1e-6);
  EXPECT_EQ(last_sample()["accounting"]["quota_cores"], 0.4);
}

TEST_F(EdgeServerTest, NeverUsesMoreThanItsQuota) {
  start();
  RandomStream random(5, "load");
  call({{"do", "background_load"}, {"cores", 0.05}});
  for (Duration t{}; t < 20s; t += from_seconds(random.exponential(0.03)))
    at(t, [&, t] {
      ask(static_cast<std::uint16_t>(1 + t.count() % 7), from_seconds(random.exponential(0.006)));
      EXPECT_LE(edge_->cpu_time().count(), static_cast<std::int64_t>(kQuota * static_cast<double>(t.count())) + 1);
    });
  run(20s);
  std::int64_t last_end = 0;
  for (const json& sample : events("sample")) {
    EXPECT_LE(sample["raw"]["cpu_utilisation"], 100 + 1e-6);
    EXPECT_GE(sample["raw"]["cpu_utilisation"], 25 - 1e-6);
    EXPECT_GT(sample["window_end"], last_end);
    last_end = sample["window_end"];
  }
}

// Everything that is drawn comes from named streams, and nothing else decides.
TEST_F(EdgeServerTest, TheSameSeedWritesTheSameLogs) {
  const auto logs_of_a_run = [this](std::uint64_t seed) {
    support::TemporaryDirectory directory;
    Engine engine;
    engine.run_until(kWorldBegins);
    VirtualScheduler scheduler(engine);
    EventLog log(directory / "es1.jsonl", "es1", scheduler);
    EdgeServer::Config c = config();
    c.samples = directory.path();
    EdgeServer edge(scheduler, log, c, {{.via = "bgp", .send = [](const auto&) {}}}, [](bool) {});
    edge.start();
    edge.command({{"do", "calibrated_load"}, {"share", 0.3}}, [](const auto&) {});
    RandomStream random(seed, "load");
    for (Duration t{}; t < 5s; t += from_seconds(random.exponential(0.02)))
      engine.call_at(kWorldBegins + t, [&, port = static_cast<std::uint16_t>(1 + random.below(50)),
                                        work = from_seconds(random.exponential(0.002))] {
        edge.accept(flow(port));
        edge.request(flow(port), work, [](const SiteReply&) {});
      });
    engine.run_until(kWorldBegins + 6s);
    edge.flush();
    return read_file(directory / "es1.jsonl") + read_file(directory / "es1.connections.csv");
  };
  const std::string one = logs_of_a_run(1);
  EXPECT_EQ(one, logs_of_a_run(1));
  EXPECT_NE(one, logs_of_a_run(2));
}

}  // namespace
}  // namespace cats::sim::test
