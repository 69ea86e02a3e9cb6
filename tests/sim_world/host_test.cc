// Schedules, rows and commands of a host in virtual time.
#include <map>

#include "tests/sim_world/host_fixture.h"

namespace cats::sim::test {
namespace {

TEST_F(HostTest, EveryScheduledRequestIsARowWithItsSchedule) {
  auto description = load();
  description.persistent = load::PersistentLoad{3, 50ms, load::Arrivals::poisson};
  description.short_sessions = load::ShortLoad{40, load::Arrivals::poisson, 2, 10ms};
  think_ = 100us;
  run(description);

  std::vector<std::int64_t> expected;
  for (unsigned i = 0; i < 3; ++i)
    for (load::PersistentSchedule s(description, "h1", i); const auto t = s.next();) expected.push_back(to_ns(*t));
  std::size_t opened = 0;
  for (load::ShortSchedule s(description, "h1"); const auto t = s.next(); ++opened)
    for (const auto when : {*t, *t + 10ms})
      if (when < description.end()) expected.push_back(to_ns(when));
  std::ranges::sort(expected);

  std::vector<std::int64_t> scheduled;
  for (const Row& row : requests()) {
    scheduled.push_back(number(row, "scheduled_ns"));
    EXPECT_EQ(row.at("trial"), "t1");
    EXPECT_EQ(row.at("status"), "ok");
    EXPECT_EQ(row.at("instance"), "i1");
    EXPECT_EQ(row.at("queue_ns"), "5");
    EXPECT_EQ(row.at("service_ns"), "6");
    EXPECT_EQ(row.at("work_us"), "321");
    EXPECT_LE(number(row, "scheduled_ns"), number(row, "sent_ns"));
    EXPECT_EQ(number(row, "done_ns") - number(row, "sent_ns"), 500'000);  // there, 100 us, and back
  }
  std::ranges::sort(scheduled);
  EXPECT_EQ(scheduled, expected);
  EXPECT_EQ(requests_.size(), expected.size());
  for (const Asked& one : requests_) EXPECT_EQ(one.work, 321us);

  ASSERT_EQ(sessions().size(), 3 + opened);
  std::uint32_t persistent = 0;
  for (const Row& row : sessions()) {
    EXPECT_EQ(row.at("outcome"), "closed");
    EXPECT_EQ(row.at("source"), "2001:2::5");
    EXPECT_EQ(row.at("service"), "2001:2::100");
    EXPECT_EQ(number(row, "connected_ns") - number(row, "started_ns"), 400'000);
    if (row.at("kind") != "persistent") continue;
    ++persistent;
    EXPECT_EQ(number(row, "closed_ns"), to_ns(description.end()) - 1);
  }
  EXPECT_EQ(persistent, 3u);
  ASSERT_EQ(loads().size(), 1u);
  EXPECT_EQ(number(loads()[0], "start_ns"), to_ns(description.start));
  EXPECT_EQ(number(loads()[0], "end_ns"), to_ns(description.end()));
  EXPECT_EQ(number(loads()[0], "offered"), static_cast<std::int64_t>(expected.size()));
  EXPECT_EQ(loads()[0].at("answered"), loads()[0].at("offered"));
  std::ranges::sort(opened_);
  std::ranges::sort(closed_);
  EXPECT_EQ(closed_, opened_);
}

// The emulator's generator asks for the same.
TEST_F(HostTest, ARequestAsksForWhatWasDrawnForIt) {
  auto description = load();
  description.work = load::RandomDuration::exponential(300us);
  description.flows = load::FlowLoad{5, 1, 0, 100, load::Arrivals::poisson, load::RandomDuration::fixed(100ms), 20ms};
  run(description);
  std::map<std::int64_t, load::WorkDraws> work;
  std::vector<std::int64_t> asked;
  for (const Row& row : requests()) {
    const auto flow = number(row, "session");
    auto draws = work.try_emplace(flow, load::distribution_of(description.work), description.seed,
                                  fmt::format("load/flows/work/{}", flow));
    EXPECT_EQ(std::chrono::microseconds(number(row, "work_us")), draws.first->second.next());
    asked.push_back(number(row, "work_us"));
  }
  EXPECT_EQ(asked.size(), 25u);
  std::vector<std::int64_t> arrived;
  for (const Asked& one : requests_) arrived.push_back(one.work / 1us);
  std::ranges::sort(asked);
  std::ranges::sort(arrived);
  EXPECT_EQ(arrived, asked);
}

TEST_F(HostTest, ARequestQueuesBehindAnUnansweredReply) {
  auto description = load();
  description.persistent = load::PersistentLoad{1, 50ms, load::Arrivals::constant};
  think_ = 150ms - 2 * kWay;
  run(description);
  const auto all = requests();
  ASSERT_EQ(all.size(), 8u);
  EXPECT_EQ(number(all[0], "sent_ns") - number(all[0], "scheduled_ns"), 400'000);  // connecting
  for (std::size_t i = 1; i < all.size(); ++i) {
    EXPECT_EQ(number(all[i], "scheduled_ns") - number(all[i - 1], "scheduled_ns"), 50'000'000);
    EXPECT_EQ(all[i].at("sent_ns"), all[i - 1].at("done_ns"));
    EXPECT_EQ(number(all[i], "done_ns") - number(all[i], "sent_ns"), 150'000'000);
  }
  // The schedule was over long before; the session ended with the last reply.
  EXPECT_EQ(sessions().at(0).at("closed_ns"), all.back().at("done_ns"));
  EXPECT_EQ(sessions().at(0).at("outcome"), "closed");
}

TEST_F(HostTest, OtherSessionsDoNotWaitForIt) {
  auto description = load();
  description.short_sessions = load::ShortLoad{100, load::Arrivals::constant, 1, 0ms};
  think_ = 150ms;
  run(description);
  ASSERT_EQ(requests().size(), 40u);
  for (const Row& row : requests()) EXPECT_EQ(number(row, "sent_ns") - number(row, "scheduled_ns"), 400'000);
}

TEST_F(HostTest, EndsEarlyWhenTold) {
  auto description = load();
  description.duration = 3600s;
  description.persistent = load::PersistentLoad{2, 20ms, load::Arrivals::constant};
  description.short_sessions = load::ShortLoad{10, load::Arrivals::poisson, 1, 0ms};
  think_ = 5ms;
  accept(description);
  run_for(300ms);
  std::optional<nlohmann::ordered_json> counts;
  const Instant told = engine_.now();
  host_->command({{"do", "load_end"}}, [&](Expected<nlohmann::ordered_json> got) { counts.emplace(*got); });
  run_for(200ms);
  ASSERT_TRUE(counts);
  EXPECT_GT((*counts)["offered"].get<int>(), 10);
  EXPECT_EQ((*counts)["offered"], (*counts)["answered"]);
  EXPECT_EQ((*counts)["sent"], (*counts)["answered"]);
  EXPECT_EQ(requests().size(), (*counts)["offered"].get<std::size_t>());
  for (const Row& row : requests()) EXPECT_LT(number(row, "scheduled_ns"), to_ns(told));
  for (const Row& row : sessions()) EXPECT_EQ(row.at("outcome"), "closed");
  EXPECT_EQ(number(loads().at(0), "end_ns"), to_ns(told));
  EXPECT_EQ(call({{"do", "load_end"}}), *counts);  // at once, with the last counts
}

TEST_F(HostTest, AHostSendsItsShareOfTheFlowsEachForItsLife) {
  auto description = load();
  description.flows =
      load::FlowLoad{9, 2, 1, 100, load::Arrivals::poisson, load::RandomDuration::exponential(60ms), 20ms};
  description.duration = 2s;
  run(description);
  const auto flows = load::draw_flows(description);
  ASSERT_EQ(sessions().size(), 4u);  // 1, 3, 5, 7
  for (const Row& row : sessions()) {
    const load::Flow& flow = flows.at(2 * static_cast<std::size_t>(number(row, "session")) + 1);
    EXPECT_EQ(row.at("kind"), "flow");
    EXPECT_EQ(number(row, "started_ns"), to_ns(flow.opens));
    EXPECT_GE(number(row, "closed_ns"), to_ns(flow.ends));
    std::vector<std::int64_t> expected;
    for (Instant t = flow.opens; t < flow.ends; t += 20ms) expected.push_back(to_ns(t));
    std::vector<std::int64_t> scheduled;
    for (const Row& request : requests())
      if (request.at("session") == row.at("session")) scheduled.push_back(number(request, "scheduled_ns"));
    EXPECT_EQ(scheduled, expected);
  }
}

TEST_F(HostTest, SourcePortsGoOnFromLoadToLoad) {
  std::vector<std::uint16_t> ports;
  for (const char* trial : {"t1", "t2"}) {
    auto description = load();
    description.trial = trial;
    description.flows =
        load::FlowLoad{5, 1, 0, 100, load::Arrivals::constant, load::RandomDuration::exponential(20ms), 20ms};
    description.source_ports = load::SourcePorts{21000, 50};
    run(description);
  }
  for (const FlowTuple& tuple : opened_) ports.push_back(tuple.source_port);
  std::vector<std::uint16_t> expected;
  for (std::uint16_t port = 21000; port < 21010; ++port) expected.push_back(port);
  EXPECT_EQ(ports, expected);

  opened_.clear();
  auto description = load();
  description.persistent = load::PersistentLoad{3, 100ms, load::Arrivals::constant};
  run(description);
  std::set<std::uint16_t> ephemeral;
  for (const FlowTuple& tuple : opened_) ephemeral.insert(tuple.source_port);
  EXPECT_EQ(ephemeral, (std::set<std::uint16_t>{32768, 32769, 32770}));
}

TEST_F(HostTest, SaysWhatItDoes) {
  auto description = load();
  description.persistent = load::PersistentLoad{2, 50ms, load::Arrivals::constant};
  accept(description);
  run_for(300ms);
  const auto status = call({{"do", "status"}});
  EXPECT_EQ(status["node"], "h1");
  EXPECT_EQ(status["role"], "host");
  EXPECT_EQ(status["running"], true);
  EXPECT_EQ(status["trial"], "t1");
  EXPECT_EQ(status["open_sessions"], 2);
  EXPECT_NEAR(status["latency_ms"]["p50"].get<double>(), 0.4, 0.01);
  const auto events = read_events(directory_ / "h1.jsonl");
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ((*events)[0]["event"], "load_accepted");
  EXPECT_EQ((*events)[0]["t_ns"], to_ns(kWorldBegins));
  EXPECT_EQ((*events)[0]["persistent"]["sessions"], 2);
  EXPECT_EQ(call({{"do", "stop"}}), nlohmann::ordered_json::object());
  EXPECT_EQ(call({{"do", "status"}})["running"], false);
  EXPECT_EQ(call({{"do", "status"}})["open_sessions"], 0);
}

TEST_F(HostTest, RefusesALoadThatCannotStart) {
  auto description = load();
  description.persistent = load::PersistentLoad{1, 100ms, load::Arrivals::constant};
  const json good = command_of(description);
  json late = good;
  late["start_ns"] = to_ns(engine_.now() - 1ms);
  EXPECT_EQ(refusal(late), "start_ns has passed 1.0 ms ago");
  json other = good;
  other["service"] = "198.19.0.1";
  EXPECT_EQ(refusal(other), "198.19.0.1 is not reached from 2001:2::5: not the same family");
  EXPECT_EQ(refusal(good), "");
  EXPECT_EQ(refusal(good), "load t1 is still running");
  EXPECT_NE(refusal({{"do", "load"}}), "");
  EXPECT_EQ(refusal({{"do", "withdraw"}}), "h1: a host has no command \"withdraw\"");
}

TEST_F(HostTest, AServiceOfIPv4IsAskedFromIPv4) {
  make_host({.node = "h1",
             .address = IpAddress::of("2001:2::5"),
             .samples = directory_.path(),
             .address4 = IpAddress::of("198.18.0.9")});
  auto description = load();
  description.service = IpAddress::of("198.19.0.1");
  description.persistent = load::PersistentLoad{1, 100ms, load::Arrivals::constant};
  run(description);
  EXPECT_EQ(sessions().at(0).at("source"), "198.18.0.9");
  EXPECT_EQ(statuses(), std::vector<std::string>(4, "ok"));
}

}  // namespace
}  // namespace cats::sim::test
