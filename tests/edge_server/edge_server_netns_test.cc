// The edge server as a process, with a real CPU quota, a service that a host asks, and a BGP peer.
#include <cmath>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/event_log.h"
#include "base/file.h"
#include "bgp/speaker.h"
#include "collectors/metric_mapping.h"
#include "emulator/kernel/cgroup.h"
#include "emulator/roles/edge_server.h"
#include "emulator/roles/host.h"
#include "tests/edge_server/role_process.h"
#include "tests/support/namespace.h"
#include "tests/support/needs.h"
#include "tests/support/raw_http.h"
#include "tests/support/temporary_directory.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr double kQuota = 0.25;
constexpr const char* kCsId = "2001:2::100";
constexpr const char* kCsci = "2001:2:0:1::1";

struct Received {
  Instant at;
  collectors::MetricReport report;
};

class EdgeServerNetns : public testing::Test {
 protected:
  void SetUp() override {
    CATS_NEEDS_ROOT();
    ns_.emplace("edge");
    ns_->ip_inside({"addr", "add", std::string(kCsId) + "/128", "dev", "lo", "nodad"});
    ns_->ip_inside({"addr", "add", std::string(kCsci) + "/128", "dev", "lo", "nodad"});
    const std::string name = "catsbench/t" + std::to_string(::getpid()) + "/es1";
    node_group_.emplace(kernel::Cgroup::create(name));
    quota_group_.emplace(node_group_->create_for_threads("service"));
    quota_group_->set_quota(kQuota, 5ms);
    ns_->enter();
  }
  void TearDown() override {
    if (!ns_) return;
    edge_.reset();
    quota_group_.reset();
    node_group_.reset();
    ns_.reset();
  }

  json config() const {
    return {{"node", "es1"},
            {"events", (directory_ / "es1.jsonl").string()},
            {"control", (directory_ / "es1.sock").string()},
            {"samples", directory_.path().string()},
            {"cs_id", kCsId},
            {"csci", kCsci},
            {"port", 8080},
            {"workers", 2},
            {"queue_limit", 500},
            {"cgroup", quota_group_->name()},
            {"interval_ns", 200'000'000},
            {"window_ns", 1'000'000'000},
            {"phase_ns", 0},
            {"epoch_ns", 0},
            {"refresh", "every-interval"},
            {"site_preference", 3},
            {"metrics", json::parse(R"([{"type": "cpu_utilisation", "level": "L0", "unit": "percent",
               "statistics": "mean", "format": "float"}, {"type": "compute_norm", "level": "L1", "statistics": "mean",
               "aggregation": "mean", "normalisation": {"function": "minmax", "lo": 0, "hi": 100, "better": "less"},
               "of": [{"metric": "cpu_utilisation"}]}])")}};
  }

  void start(const json& json_config) {
    const auto config = parse_edge_server(json_config);
    ASSERT_TRUE(config) << config.error().message;
    edge_.emplace("es1", config->control, [this, &config] {
      node_group_->add_process(::getpid());
      return run_edge_server(*config);
    });
    edge_->call({{"do", "status"}});
  }
  std::vector<json> events(const std::string& name) const {
    std::vector<json> found;
    const auto all = read_events(directory_ / "es1.jsonl");
    for (const auto& event : *all)
      if (event["event"] == name) found.push_back(event);
    return found;
  }
  // Others leave a site less than it asks for.
  static bool machine_is_busy() { return std::stod(read_file("/proc/loadavg")) > 2; }
  // Of the quota, by the group's own accounting, over a while.
  double measured_share(Duration length) const {
    const Duration before = quota_group_->usage();
    const Instant began = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(length);
    const Duration used = quota_group_->usage() - before;
    return to_seconds(used) / to_seconds(std::chrono::steady_clock::now() - began) / kQuota;
  }

  support::TemporaryDirectory directory_;
  std::optional<support::ScopedNamespace> ns_;
  std::optional<kernel::Cgroup> node_group_;
  std::optional<kernel::Cgroup> quota_group_;
  std::optional<RoleProcess> edge_;
};

TEST_F(EdgeServerNetns, CalibratedLoadIsWhatTheCollectorReports) {
  start(config());
  for (const double share : {0.2, 0.8}) {
    edge_->call({{"do", "calibrated_load"}, {"share", share}});
    std::this_thread::sleep_for(200ms);
    const double measured = measured_share(1200ms);
    const json sample = edge_->call({{"do", "sample"}});
    EXPECT_NEAR(sample["raw"]["cpu_utilisation"].get<double>() / 100, measured, 0.05);
    EXPECT_LT(measured, share + 0.08);
    if (!machine_is_busy()) {
      EXPECT_GT(measured, share - 0.08);
    }
    EXPECT_NEAR(sample["unquantised"]["compute_norm"].get<double>(),
                1 - sample["raw"]["cpu_utilisation"].get<double>() / 100, 1e-9);
  }
  edge_->call({{"do", "calibrated_load"}, {"share", 0.0}});
  EXPECT_LT(measured_share(500ms), 0.05);
  EXPECT_EQ(events("load_changed").size(), 3u);
}

TEST_F(EdgeServerNetns, ABiasedCollectorIsFoundByItsAccounting) {
  start(config());
  edge_->call({{"do", "background_load"}, {"cores", kQuota / 2}});
  edge_->call({{"do", "fault"}, {"kind", "collector-bias"}, {"points", 10}});
  std::this_thread::sleep_for(1500ms);
  const json sample = events("sample").back();
  const double window_s = (sample["window_end"].get<double>() - sample["window_start"].get<double>()) / 1e9;
  const double accounted = sample["accounting"]["usage_ns"].get<double>() / 1e9 / window_s /
                           sample["accounting"]["quota_cores"].get<double>();
  EXPECT_NEAR(sample["accounting"]["quota_cores"].get<double>(), kQuota, 1e-6);
  EXPECT_NEAR(100 * accounted - sample["raw"]["cpu_utilisation"].get<double>(), 10, 1e-6);
  EXPECT_EQ(events("fault").back()["kind"], "collector-bias");
}

TEST_F(EdgeServerNetns, WorkRunsInsideTheQuotaAndTheAgentOutside) {
  start(config());
  const Duration before = quota_group_->usage();
  support::RawHttp client(8080, kCsId);
  client.get("/work?us=100000");
  const json reply = json::parse(support::body_of(client.receive()));
  EXPECT_EQ(reply["instance"], kCsci);
  EXPECT_GE(reply["service_ns"], 300'000'000);  // 100 ms at a quarter of a core
  EXPECT_GE(quota_group_->usage() - before, 95ms);
  support::RawHttp unicast(8080, kCsci);
  unicast.get("/whoami");
  EXPECT_EQ(support::status_of(unicast.receive()), 200);
  EXPECT_LT(edge_->call({{"do", "status"}})["resident_bytes"], 15 * 1000 * 1000);
}

TEST_F(EdgeServerNetns, RefusesAGroupWithoutQuota) {
  quota_group_->clear_quota();
  const auto parsed = parse_edge_server(config());
  RoleProcess role("es1", parsed->control, [&] { return run_edge_server(*parsed); });
  EXPECT_EQ(role.wait(), 99);
}

class EdgeServerBgpNetns : public EdgeServerNetns {
 protected:
  void listen() {
    bgp::SpeakerConfig config;
    config.session.local_as = 65000;
    config.session.peer_as = 65101;
    config.session.router_id = IpAddress::of("10.0.0.1");
    config.session.passive = true;
    config.peer_address = config.local_address.emplace(IpAddress::of("::1"));
    bgp::SpeakerCallbacks callbacks;
    callbacks.on_update = [this](Instant at, const bgp::DecodedUpdate& decoded, bgp::ByteView) {
      withdrawn_ += bgp::route_changes(decoded).withdrawn.size();
      if (const auto& carried = decoded.update.attributes.edge_metadata)
        received_.push_back({at, collectors::from_edge_metadata(carried->metadata, wall_)});
    };
    router_.emplace(io_, config, callbacks);
    router_->start();
  }
  json with_bgp() const {
    json with = config();
    with["bgp"] = {{"local_as", 65101},
                   {"peer_as", 65000},
                   {"router_id", "10.0.0.2"},
                   {"local_address", "::1"},
                   {"peer_address", "::1"}};
    return with;
  }

  boost::asio::io_context io_;
  collectors::WallClock wall_ = collectors::WallClock::of_this_machine();
  std::optional<bgp::Speaker> router_;
  std::vector<Received> received_;
  std::size_t withdrawn_ = 0;
};

TEST_F(EdgeServerBgpNetns, EachIntervalArrivesAsLogged) {
  listen();
  start(with_bgp());
  edge_->call({{"do", "known_sequence"}, {"seed", 99}});
  io_.run_for(2500ms);
  edge_->call({{"do", "stop"}});
  io_.run_for(100ms);
  EXPECT_EQ(edge_->wait(), 0);
  EXPECT_EQ(withdrawn_, 1u);

  const auto sent = events("metric_sent");
  ASSERT_GE(received_.size(), 9u);
  ASSERT_EQ(sent.size(), received_.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const auto& [at, report] = received_[i];
    EXPECT_EQ(sent[i]["values"], json(report.values));
    EXPECT_EQ(sent[i]["seq"], report.stamp->sequence);
    EXPECT_EQ(sent[i]["known"].is_null() ? 0 : sent[i]["known"].get<std::uint32_t>(), report.known.value_or(0));
    EXPECT_LT(std::abs(sent[i]["window_end"].get<double>() - static_cast<double>(to_ns(report.stamp->window_end))),
              1e6);
    EXPECT_GE(to_ns(at), sent[i]["t_ns"].get<std::int64_t>());
    if (i > 0) {
      EXPECT_EQ(report.stamp->sequence, received_[i - 1].report.stamp->sequence + 1);
    }
  }
  EXPECT_TRUE(received_.back().report.known);
  const Duration length = received_.back().report.stamp->window_end - received_.front().report.stamp->window_end;
  EXPECT_NEAR(to_ms(length) / static_cast<double>(received_.size() - 1), 200, 10);
}

TEST_F(EdgeServerBgpNetns, ARouteWithoutMetricsHasNoUpdateToLose) {
  json bare = with_bgp();
  bare["bgp"]["metrics"] = json::array();
  start(bare);
  for (const char* kind : {"lost-update", "altered-value"})
    EXPECT_THROW(edge_->call({{"do", "fault"}, {"kind", kind}}), MeasurementError);
  EXPECT_TRUE(events("fault").empty());
  edge_->call({{"do", "fault"}, {"kind", "none"}});
  EXPECT_EQ(events("fault").size(), 1u);
}

TEST_F(EdgeServerNetns, AHostsLoadIsAnsweredByTheInstance) {
  start(config());
  const HostConfig host{{"h1", directory_ / "h1.jsonl", directory_ / "h1.sock"}, directory_.path(), std::nullopt};
  RoleProcess role("h1", host.control, [&] { return run_host(host); });
  const auto now = to_ns(std::chrono::steady_clock::now());
  json load = {{"do", "load"},
               {"trial", "t"},
               {"seed", 1},
               {"service", kCsId},
               {"port", 8080},
               {"work_us", 200},
               {"timeout_ns", 2000000000},
               {"start_ns", now + 300'000'000},
               {"duration_ns", 700'000'000}};
  load["persistent"] = {{"sessions", 2}, {"interval_ns", 50'000'000}, {"arrivals", "constant"}};
  load["short"] = {{"rate", 40.0}, {"arrivals", "poisson"}};
  role.call(load);
  EXPECT_TRUE(role.call({{"do", "status"}})["running"]);
  EXPECT_THROW(role.call(load), MeasurementError);
  std::this_thread::sleep_for(1200ms);
  const json status = role.call({{"do", "status"}});
  EXPECT_FALSE(status["running"]);
  EXPECT_LT(status["resident_bytes"], 15 * 1000 * 1000);
  const json counts = role.call({{"do", "load_end"}});
  EXPECT_GT(counts["offered"], 28);
  EXPECT_EQ(counts["offered"], counts["answered"]);
  const std::string rows = read_file(directory_ / "h1.requests.csv");
  EXPECT_NE(rows.find(std::string(",") + kCsci + ",ok,"), std::string::npos);
  role.call({{"do", "stop"}});
  EXPECT_EQ(role.wait(), 0);
}

}  // namespace
}  // namespace cats::roles
