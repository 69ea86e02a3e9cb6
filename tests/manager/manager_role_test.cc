// The manager as a process, as the runner starts it: TLS, tokens, an event log, restarts.
#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/event_log.h"
#include "base/file.h"
#include "collectors/metric_report_json.h"
#include "collectors/rest_publisher.h"
#include "emulator/roles/manager.h"
#include "tests/edge_server/role_process.h"
#include "tests/manager/control_plane.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using collectors::MetricReport;
using nlohmann::json;
using testing::HasSubstr;

const IpAddress kInstance = IpAddress::of("2001:2:0:1001::2");

class ManagerRole : public ControlPlane {
 protected:
  void TearDown() override {
    there([&] {
      publisher_.reset();
      source_.reset();
    });
    thread_.stop();
  }

  void start(std::uint16_t port = 0) {
    const json config = {{"node", "esm"},
                         {"events", (directory_ / "events.jsonl").string()},
                         {"control", (directory_ / "control").string()},
                         {"rest", server(port)},
                         {"interval_ns", 20'000'000},
                         {"epoch_ns", 0},
                         {"instances", {{{"node", "es1"}, {"csci", kInstance.str()}, {"cs_id", "2001:2:0:c5::1"}}}}};
    process_.emplace("manager", config);
    port_ = process_->call({{"do", "status"}}).at("port");
  }
  void publish(std::uint32_t sequence) {
    const MetricReport report{{{"norm_fi", 7}}, collectors::Stamp{sequence, MonotonicClock().now()}, {}};
    there([&] {
      if (!publisher_)
        publisher_.emplace(thread_.io().get_executor(), endpoint(port_, "es1"), kInstance, wall_,
                           collectors::RestPublisher::Callbacks{});
      publisher_->publish(report);
    });
  }
  // Sequences of the reports that the feed brought, those of snapshots too.
  void follow() {
    there([&] {
      source_.emplace(thread_.io().get_executor(), endpoint(port_, "sdn"), "/v1/metrics/events",
                      http::EventSource::Handlers{[this](const http::StreamEvent& event) {
                        const std::lock_guard lock(mutex_);
                        const json told = json::parse(event.data);
                        for (const auto& instance : told.at("instances"))
                          if (!instance.at("report").is_null()) seen_.push_back(instance.at("report").at("sequence"));
                      }},
                      50ms);
      source_->start();
    });
  }
  bool saw(std::uint32_t sequence) {
    return support::wait_for(10s, [&] {
      const std::lock_guard lock(mutex_);
      return !seen_.empty() && seen_.back() == sequence;
    });
  }

  collectors::WallClock wall_ = collectors::WallClock::of_this_machine();
  std::optional<RoleProcess> process_;
  std::optional<collectors::RestPublisher> publisher_;
  std::optional<http::EventSource> source_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::uint32_t> seen_;
};

TEST_F(ManagerRole, PassesReportsOn) {
  start();
  follow();
  publish(1);
  ASSERT_TRUE(saw(1));
  publish(2);
  ASSERT_TRUE(saw(2));
  const json state = json::parse(ask(port_, "sdn", "GET", "/v1/metrics").body);
  EXPECT_EQ(state.at("instances")[0].at("report").at("values").at("norm_fi"), 7);
  EXPECT_EQ(process_->call({{"do", "status"}}).at("accepted"), 2);
}

TEST_F(ManagerRole, PublishesABurstAtItsRateAndSaysWhatItWas) {
  start();
  follow();
  EXPECT_THROW(process_->call({{"do", "burst"}, {"rate", 100}, {"batch", 1}, {"duration_ns", 50'000'000}}),
               MeasurementError);
  publish(1);
  ASSERT_TRUE(saw(1));
  const json burst = process_->call({{"do", "burst"}, {"rate", 1000}, {"batch", 1}, {"duration_ns", 200'000'000}});
  EXPECT_EQ(burst.at("updates"), 200);
  EXPECT_EQ(burst.at("messages"), 200);
  const auto first = burst.at("first_seq").get<std::uint32_t>();
  ASSERT_TRUE(saw(first + 199));
  {
    const std::lock_guard lock(mutex_);
    std::set<std::uint32_t> synthetic;
    for (const std::uint32_t sequence : seen_)
      if (sequence >= first) synthetic.insert(sequence);
    EXPECT_EQ(synthetic.size(), 200U);
  }
  publish(2);
  ASSERT_TRUE(saw(2));
  const json again = process_->call({{"do", "burst"}, {"rate", 1000}, {"batch", 1}, {"duration_ns", 10'000'000}});
  EXPECT_EQ(again.at("first_seq"), first + 200);
  EXPECT_THROW(process_->call({{"do", "burst"}, {"rate", 0}, {"batch", 1}, {"duration_ns", 1}}), MeasurementError);
  EXPECT_THROW(process_->call({{"do", "burst"}, {"rate", 9}, {"batch", 2}, {"duration_ns", 1}}), MeasurementError);
  const auto log = read_events(directory_ / "events.jsonl").value();
  EXPECT_EQ(std::ranges::count_if(log, [](const json& event) { return event.at("event") == "burst"; }), 2);
}

TEST_F(ManagerRole, RefusesAndLogsWithoutTheSecret) {
  start();
  write_file(directory_ / "wrong.token", "some-other-secret");
  EXPECT_EQ(ask(port_, "wrong", "GET", "/v1/metrics").status, 401U);
  EXPECT_EQ(ask(port_, "es1", "GET", "/v1/metrics").status, 403U);
  process_->call({{"do", "stop"}});
  EXPECT_EQ(process_->wait(), 0);
  const std::string log = read_file(directory_ / "events.jsonl");
  EXPECT_THAT(log, HasSubstr("\"event\":\"refused\""));
  EXPECT_THAT(log, testing::Not(HasSubstr("secret")));
}

TEST_F(ManagerRole, AnswersABodyWithoutEndAndServesOthers) {
  start();
  const std::string metrics = "/v1/instances/" + kInstance.str() + "/metrics";
  EXPECT_EQ(ask(port_, "es1", "PUT", metrics, std::string(200'000, 'x')).status, 413U);
  EXPECT_EQ(ask(port_, "es1", "GET", "/v1/health").status, 200U);
}

TEST_F(ManagerRole, AfterARestartNothingIsMissing) {
  start();
  follow();
  publish(1);
  ASSERT_TRUE(saw(1));
  const std::uint16_t port = port_;
  process_.reset();  // SIGKILL
  std::filesystem::remove(directory_ / "control");
  publish(2);
  start(port);
  publish(3);
  ASSERT_TRUE(saw(3));
}

TEST(ManagerConfig, IsStrict) {
  EXPECT_THAT(parse_manager(json{{"node", "esm"}, {"colour", "red"}}).error().message,
              testing::AllOf(HasSubstr("manager.rest is missing"), HasSubstr("manager.colour is not known")));
}

}  // namespace
}  // namespace cats::roles
