// The generator against a server of ours on loopback, in one thread.
#include "emulator/load/generator.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "http/server.h"
#include "tests/support/csv.h"
#include "tests/support/temporary_directory.h"

namespace cats::load {
namespace {

using namespace std::chrono_literals;

using support::number;
using support::read_csv;
using support::Row;

class GeneratorTest : public testing::Test {
 protected:
  void SetUp() override {
    generator_.emplace(io_, GeneratorConfig{"h1", IpAddress::of("::1"), directory_.path()});
    port_ = server_.listen(IpAddress::of("::1"), 0);
  }

  LoadDescription load() const {
    LoadDescription load;
    load.trial = "t1";
    load.seed = 3;
    load.service = IpAddress::of("::1");
    load.port = port_;
    load.timeout = 2s;
    load.start = std::chrono::steady_clock::now() + 100ms;
    load.duration = 400ms;
    return load;
  }
  void run(const LoadDescription& load) {
    const auto started = generator_->start(load);
    ASSERT_TRUE(started) << started.error().message;
    const Instant deadline = std::chrono::steady_clock::now() + 10s;
    while (generator_->status().running && std::chrono::steady_clock::now() < deadline) io_.run_for(5ms);
    ASSERT_FALSE(generator_->status().running);
  }
  std::vector<Row> requests() const { return read_csv(directory_ / "h1.requests.csv"); }
  std::vector<Row> sessions() const { return read_csv(directory_ / "h1.sessions.csv"); }
  std::vector<Row> loads() const { return read_csv(directory_ / "h1.load.csv"); }

  support::TemporaryDirectory directory_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{io_.get_executor()};
  Duration think_{};  // of the server
  std::vector<std::string> targets_;
  http::Server server_{io_, [this](const http::Request& request, const http::Reply& reply) {
                         targets_.push_back(request.query.at("us"));
                         auto timer = std::make_shared<boost::asio::steady_timer>(io_, think_);
                         timer->async_wait([timer, reply](const boost::system::error_code&) {
                           reply({200, R"({"instance":"i1","queue_ns":5,"service_ns":6})"});
                         });
                       }};
  std::uint16_t port_ = 0;
  std::optional<Generator> generator_;
};

TEST_F(GeneratorTest, EveryScheduledRequestIsARowWithItsSchedule) {
  auto description = load();
  description.work = RandomDuration::fixed(321us);
  description.persistent = PersistentLoad{3, 50ms, Arrivals::poisson};
  description.short_sessions = ShortLoad{40, Arrivals::poisson, 2, 10ms};
  run(description);

  std::vector<std::int64_t> expected;
  for (unsigned i = 0; i < 3; ++i)
    for (PersistentSchedule s(description, "h1", i); const auto t = s.next();) expected.push_back(to_ns(*t));
  std::size_t opened = 0;
  for (ShortSchedule s(description, "h1"); const auto t = s.next(); ++opened)
    for (const auto when : {*t, *t + 10ms})
      if (when < description.end()) expected.push_back(to_ns(when));
  std::ranges::sort(expected);

  std::vector<std::int64_t> scheduled;
  for (const auto& row : requests()) {
    scheduled.push_back(number(row, "scheduled_ns"));
    EXPECT_EQ(row.at("status"), "ok");
    EXPECT_EQ(row.at("instance"), "i1");
    EXPECT_EQ(row.at("queue_ns"), "5");
    EXPECT_EQ(row.at("service_ns"), "6");
    EXPECT_LE(number(row, "scheduled_ns"), number(row, "sent_ns"));
    EXPECT_LE(number(row, "sent_ns"), number(row, "done_ns"));
  }
  std::ranges::sort(scheduled);
  EXPECT_EQ(scheduled, expected);
  EXPECT_EQ(targets_, std::vector<std::string>(expected.size(), "321"));

  EXPECT_EQ(sessions().size(), 3 + opened);
  for (const auto& row : sessions()) {
    EXPECT_EQ(row.at("outcome"), "closed");
    EXPECT_EQ(row.at("source"), "::1");
    EXPECT_GT(number(row, "port"), 0);
    if (row.at("kind") == "persistent") {
      EXPECT_GE(number(row, "closed_ns"), to_ns(description.end()) - 1000);
    }
  }
  ASSERT_EQ(loads().size(), 1u);
  EXPECT_EQ(number(loads()[0], "offered"), static_cast<std::int64_t>(expected.size()));
  EXPECT_EQ(loads()[0].at("answered"), loads()[0].at("offered"));
  EXPECT_EQ(generator_->status().latency.count(), expected.size());
}

TEST_F(GeneratorTest, AHostSendsItsShareOfTheFlowsEachForItsLife) {
  auto description = load();
  description.flows = FlowLoad{9, 2, 1, 100, Arrivals::poisson, RandomDuration::exponential(60ms), 20ms};
  description.duration = 2s;
  run(description);
  const auto flows = draw_flows(description);
  ASSERT_EQ(sessions().size(), 4u);  // 1, 3, 5, 7
  for (const auto& row : sessions()) {
    const Flow& flow = flows.at(2 * static_cast<std::size_t>(number(row, "session")) + 1);
    EXPECT_EQ(row.at("kind"), "flow");
    EXPECT_EQ(row.at("outcome"), "closed");
    EXPECT_GE(number(row, "started_ns"), to_ns(flow.opens));
    EXPECT_GE(number(row, "closed_ns"), to_ns(flow.ends));
    std::vector<std::int64_t> expected;
    for (Instant t = flow.opens; t < flow.ends; t += 20ms) expected.push_back(to_ns(t));
    std::vector<std::int64_t> scheduled;
    for (const auto& request : requests())
      if (request.at("session") == row.at("session")) scheduled.push_back(number(request, "scheduled_ns"));
    EXPECT_EQ(scheduled, expected);
  }
}

TEST_F(GeneratorTest, ARequestAsksForWhatWasDrawnForIt) {
  auto description = load();
  description.work = RandomDuration::exponential(300us);
  description.persistent = PersistentLoad{2, 50ms, Arrivals::constant};
  description.short_sessions = ShortLoad{40, Arrivals::poisson, 2, 10ms};
  run(description);
  // Numbers are those of the load: the sessions that stay come first.
  std::map<std::string, WorkDraws> work;
  const auto rows = requests();
  std::vector<std::string> asked;
  for (const auto& row : rows) {
    const auto session = number(row, "session");
    const bool stays = row.at("kind") == "persistent";
    const std::string stream =
        fmt::format("load/h1/work/{}/{}", stays ? "persistent" : "short", stays ? session : session - 2);
    auto draws = work.try_emplace(stream, distribution_of(description.work), description.seed, stream).first;
    EXPECT_EQ(std::chrono::microseconds(number(row, "work_us")), draws->second.next()) << stream;
    asked.push_back(row.at("work_us"));
  }
  std::ranges::sort(asked);
  std::ranges::sort(targets_);
  EXPECT_EQ(targets_, asked);
  EXPECT_GT(std::set<std::string>(asked.begin(), asked.end()).size(), 10u);
}

TEST_F(GeneratorTest, PlaysTracesOfTheRunDirectory) {
  for (const char* folder : {"samples", kTraces}) std::filesystem::create_directory(directory_ / folder);
  generator_.emplace(io_, GeneratorConfig{"h1", IpAddress::of("::1"), directory_ / "samples"});
  auto description = load();
  description.short_sessions = ShortLoad{20, Arrivals::trace, 1, 0ms};
  description.short_sessions->arrivals.file = "traces/a.csv";
  EXPECT_THAT(generator_->start(description).error().message, testing::HasSubstr("traces/a.csv: no such file"));
  write_file(directory_ / "traces/a.csv", "0.05\n0.1\n");
  description.start = std::chrono::steady_clock::now() + 100ms;
  run(description);
  std::vector<std::int64_t> scheduled;
  for (const auto& row : read_csv(directory_ / "samples/h1.requests.csv"))
    scheduled.push_back(number(row, "scheduled_ns") - to_ns(description.start));
  EXPECT_EQ(scheduled, (std::vector<std::int64_t>{50'000'000, 100'000'000}));
}

TEST_F(GeneratorTest, SourcePortsDoNotComeAgainInTheNextLoad) {
  std::set<std::string> ports;
  for (const char* trial : {"t1", "t2"}) {
    auto description = load();
    description.trial = trial;
    description.flows = FlowLoad{5, 1, 0, 100, Arrivals::constant, RandomDuration::exponential(20ms), 20ms};
    description.source_ports = SourcePorts{21000, 50};
    run(description);
  }
  for (const auto& row : sessions()) ports.insert(row.at("port"));
  EXPECT_EQ(sessions().size(), 10u);
  EXPECT_EQ(ports.size(), 10u);
}

TEST_F(GeneratorTest, ASlowServerDoesNotSlowTheSchedule) {
  think_ = 150ms;
  auto description = load();
  description.persistent = PersistentLoad{1, 50ms, Arrivals::constant};
  description.short_sessions = ShortLoad{100, Arrivals::constant, 1, 0ms};
  run(description);
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> short_ones;  // scheduled → sent, done
  std::size_t persistent = 0;
  std::int64_t longest = 0;
  for (const auto& row : requests()) {
    EXPECT_EQ(row.at("status"), "ok");
    const std::int64_t scheduled = number(row, "scheduled_ns");
    const std::int64_t done = number(row, "done_ns");
    if (row.at("kind") == "short") {
      short_ones[scheduled] = {number(row, "sent_ns"), done};
    } else {
      ++persistent;
      longest = std::max(longest, done - scheduled);
    }
  }
  // Nearly every one leaves before the reply to the one before it: none waits for another.
  int overlapping = 0;
  for (auto one = std::next(short_ones.begin()); one != short_ones.end(); ++one)
    overlapping += one->second.first < std::prev(one)->second.second;
  EXPECT_EQ(short_ones.size(), 40u);
  EXPECT_GT(overlapping, 30);
  // Eight requests queue behind one another in the session: the last waits for those before it, counted from its
  // schedule.
  EXPECT_EQ(persistent, 8u);
  EXPECT_GT(longest, 500'000'000);
  EXPECT_EQ(number(loads()[0], "offered"), 48);
}

TEST_F(GeneratorTest, ReportsSessionsThatTheServerCloses) {
  auto description = load();
  description.persistent = PersistentLoad{2, 50ms, Arrivals::constant};
  boost::asio::steady_timer timer(io_, 280ms);
  timer.async_wait([this](const boost::system::error_code&) { server_.close(); });
  run(description);
  EXPECT_EQ(sessions().size(), 2u);
  for (const auto& row : sessions()) EXPECT_EQ(row.at("outcome"), "broken");
  std::map<std::string, int> statuses;
  for (const auto& row : requests()) ++statuses[row.at("status")];
  EXPECT_EQ(statuses["ok"] + statuses["reset"] + statuses["unsent"], 16);
  EXPECT_GT(statuses["ok"], 0);
  EXPECT_EQ(statuses["reset"], 2);
  EXPECT_GT(statuses["unsent"], 0);
}

TEST_F(GeneratorTest, ReportsRefusedConnections) {
  server_.close();
  io_.run_for(1ms);
  auto description = load();
  description.persistent = PersistentLoad{1, 100ms, Arrivals::constant};
  run(description);
  ASSERT_EQ(sessions().size(), 1u);
  EXPECT_EQ(sessions()[0].at("outcome"), "refused");
  EXPECT_EQ(requests().at(0).at("status"), "connect_failed");
  EXPECT_EQ(requests().at(1).at("status"), "unsent");
  EXPECT_EQ(generator_->status().counts.sent, 0u);
}

TEST_F(GeneratorTest, ATimeoutBreaksTheSession) {
  think_ = 10s;
  auto description = load();
  description.timeout = 100ms;
  description.short_sessions = ShortLoad{10, Arrivals::constant, 1, 0ms};
  run(description);
  EXPECT_EQ(requests().size(), 4u);
  for (const auto& row : requests()) EXPECT_EQ(row.at("status"), "timeout");
  for (const auto& row : sessions()) EXPECT_EQ(row.at("outcome"), "broken");
}

TEST_F(GeneratorTest, EndsEarlyWhenTold) {
  auto description = load();
  description.duration = 1h;
  description.persistent = PersistentLoad{2, 20ms, Arrivals::constant};
  ASSERT_TRUE(generator_->start(description));
  io_.run_for(300ms);
  std::optional<LoadCounts> counts;
  generator_->end([&](const LoadCounts& c) { counts = c; });
  io_.run_for(200ms);
  ASSERT_TRUE(counts);
  EXPECT_GT(counts->offered, 4u);
  EXPECT_EQ(counts->offered, counts->answered);
  EXPECT_EQ(requests().size(), counts->offered);
  for (const auto& row : sessions()) EXPECT_EQ(row.at("outcome"), "closed");
}

TEST_F(GeneratorTest, SourcePortsAreThoseAskedFor) {
  auto description = load();
  description.persistent = PersistentLoad{3, 100ms, Arrivals::constant};
  description.source_ports = SourcePorts{static_cast<std::uint16_t>(15000 + ::getpid() % 5000), 100};
  run(description);
  std::map<std::string, std::int64_t> ports;
  for (const auto& row : sessions()) ports[row.at("session")] = number(row, "port") - description.source_ports->first;
  EXPECT_EQ(ports, (std::map<std::string, std::int64_t>{{"0", 0}, {"1", 1}, {"2", 2}}));
}

TEST_F(GeneratorTest, RefusesALoadThatCannotStart) {
  auto description = load();
  description.start = std::chrono::steady_clock::now() - 1ms;
  EXPECT_FALSE(generator_->start(description));
  description = load();
  EXPECT_TRUE(generator_->start(description));
  EXPECT_EQ(generator_->start(description).error().message, "load t1 is still running");
}

}  // namespace
}  // namespace cats::load
