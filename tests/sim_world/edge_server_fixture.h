// An edge server on the engine, in virtual time, with what it said and wrote.
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/event_log.h"
#include "base/file.h"
#include "cpsel/metrics_json.h"
#include "sim/engine.h"
#include "sim/scheduler.h"
#include "sim/world/edge_server.h"
#include "tests/support/temporary_directory.h"

namespace cats::sim::test {

using nlohmann::json;
using namespace std::chrono_literals;

class EdgeServerTest : public testing::Test {
 protected:
  static constexpr double kQuota = 0.2;

  EdgeServerTest() { engine_.run_until(kWorldBegins); }

  EdgeServer::Config config() const {
    const auto declared = cpsel::declarations_from_json(json::parse(R"([
      {"type": "cpu_utilisation", "level": "L0", "unit": "percent", "statistics": "mean", "format": "float"},
      {"type": "compute_norm", "level": "L1", "statistics": "mean", "aggregation": "mean",
       "normalisation": {"function": "minmax", "lo": 0, "hi": 100, "better": "less"},
       "of": [{"metric": "cpu_utilisation"}]}])"));
    if (!declared) throw std::runtime_error(declared.error().message);
    EdgeServer::Config config;
    config.node = "es1";
    config.cs_id = IpAddress::of("2001:2::100");
    config.csci = IpAddress::of("2001:2:0:1::1");
    config.workers = 2;
    config.queue_limit = 3;
    config.quota_cores = kQuota;
    config.interval = 500ms;
    config.window = 1s;
    config.phase = 130ms;
    config.epoch = kWorldBegins;
    config.declared = *declared;
    config.samples = directory_.path();
    return config;
  }
  EdgeServer::Way way(const std::string& via, std::optional<std::set<std::string>> metrics = std::nullopt) {
    return {.via = via, .metrics = std::move(metrics), .send = [this, via](const collectors::MetricReport& report) {
              sent_.push_back({via, engine_.now(), report});
            }};
  }
  void start(EdgeServer::Config config, std::vector<EdgeServer::Way> ways) {
    edge_.emplace(scheduler_, log_, std::move(config), std::move(ways),
                  [this](bool announced) { announced_.push_back(announced); });
    edge_->start();
  }
  void start() { start(config(), {way("bgp")}); }

  void run(Duration until) { engine_.run_until(kWorldBegins + until); }
  void at(Duration since, std::function<void()> what) { engine_.call_at(kWorldBegins + since, std::move(what)); }
  Duration since(Instant when) const { return when - kWorldBegins; }

  nlohmann::ordered_json call(const json& request) {
    Expected<nlohmann::ordered_json> answer = fail("no answer");
    edge_->command(request, [&](Expected<nlohmann::ordered_json> got) { answer = std::move(got); });
    if (!answer) throw std::runtime_error(answer.error().message);
    return *answer;
  }
  std::string refusal(const json& request) {
    try {
      call(request);
    } catch (const std::runtime_error& refused) {
      return refused.what();
    }
    return "";
  }

  static FlowTuple flow(std::uint16_t port) {
    return {IpAddress::of("2001:db8::1"), IpAddress::of("2001:2::100"), 6, port, 8080};
  }
  struct Replied {
    std::uint16_t port = 0;
    Instant at;
    SiteReply reply;
  };
  // A request on the connection of that source port, which is opened when it is not there.
  bool ask(std::uint16_t port, Duration work) {
    if (!open_.contains(port) && edge_->accept(flow(port))) open_.insert(port);
    return edge_->request(flow(port), work, [this, port](const SiteReply& reply) {
      replies_.push_back({port, engine_.now(), reply});
    });
  }

  std::vector<json> events(const std::string& name) const {
    const auto all = read_events(directory_ / "es1.jsonl");
    if (!all) throw std::runtime_error(all.error().message);
    std::vector<json> found;
    std::ranges::copy_if(*all, std::back_inserter(found), [&](const json& event) { return event["event"] == name; });
    return found;
  }
  json last_sample() const { return events("sample").back(); }
  std::string rows() {
    edge_->flush();
    return read_file(directory_ / "es1.connections.csv");
  }

  struct Sent {
    std::string via;
    Instant at;
    collectors::MetricReport report;
  };

  support::TemporaryDirectory directory_;
  Engine engine_;
  VirtualScheduler scheduler_{engine_};
  EventLog log_{directory_ / "es1.jsonl", "es1", scheduler_};
  std::optional<EdgeServer> edge_;
  std::vector<Sent> sent_;
  std::vector<bool> announced_;
  std::vector<Replied> replies_;
  std::set<std::uint16_t> open_;
};

}  // namespace cats::sim::test
