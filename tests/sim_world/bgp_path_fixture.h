// Three sites' updates on the engine, in virtual time, with what the agent heard and the tap saw.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/error.h"
#include "sim/world/bgp_path.h"
#include "tests/support/temporary_directory.h"

namespace cats::sim::test {

using collectors::MetricReport;
using nlohmann::json;
using namespace std::chrono_literals;
using namespace std::string_literals;

inline constexpr Duration kLink = 50us;
inline constexpr Duration kHop = kLink + BgpPath::kReceipt;  // over one link into a router
inline constexpr Duration kLone = 2 * (kHop + 50ms);         // from an edge server to the agent

inline MetricReport report_of(std::uint32_t sequence, double available = 40) {
  MetricReport report;
  report.values = {{"available_compute", available}, {"processing_delay", 12.5}};
  report.stamp = collectors::Stamp{sequence, kWorldBegins + sequence * 1ms};
  report.known = 7 * sequence;
  return *collectors::quantised(report, kWallClock);
}

class BgpPathTest : public testing::Test {
 protected:
  BgpPathTest() { engine_.run_until(kWorldBegins); }

  void build(const std::string& name = "three-sites", Model model = {}) {
    build(topologies::load_topology(CATS_SOURCE_DIR "/topologies/"s + name + ".clab.yml").value(), model);
  }
  void build(topologies::Topology topology, const Model& model) {
    path_.reset();
    topology_ = std::move(topology);
    network_ = std::make_unique<Network>(topology_, model);
    path_ = std::make_unique<BgpPath>(
        engine_, log_, topology_, *network_, model,
        BgpPath::Config{.seed = 5,
                        .codes = {},
                        .site_session =
                            [this](std::size_t site, bool up) {
                              sessions_.push_back({.at = since(), .what = up ? "up" : "down", .site = site});
                            }},
        std::vector<BgpPath::Agent>{
            {.node = "r1",
             .heard =
                 [this](std::size_t site, const MetricReport* report, std::uint32_t path) {
                   EXPECT_EQ(path, site + 1);
                   heard_.push_back({.at = since(),
                                     .what = report == nullptr ? "bare" : "report",
                                     .site = site,
                                     .report = report == nullptr ? MetricReport{} : *report});
                 },
             .withdrawn =
                 [this](std::size_t site) { heard_.push_back({.at = since(), .what = "withdrawn", .site = site}); },
             .session =
                 [this](bool up) { heard_.push_back({.at = since(), .what = up ? "session up" : "session down"}); }}});
  }

  Duration since() const { return engine_.now() - kWorldBegins; }
  void at(Duration when, std::function<void()> what) { engine_.call_at(kWorldBegins + when, std::move(what)); }
  void send_at(Duration when, std::size_t site, std::uint32_t sequence) {
    at(when, [this, site, sequence] { path_->send(site, report_of(sequence)); });
  }
  void run(Duration until) { engine_.run_until(kWorldBegins + until); }

  std::vector<json> hops(const std::string& router) const {
    const auto all = read_events(directory_ / "tap.jsonl").value();
    std::vector<json> found;
    std::ranges::copy_if(all, std::back_inserter(found), [&](const json& event) { return event["router"] == router; });
    return found;
  }
  std::vector<std::uint32_t> sequences(const std::string& router) const {
    std::vector<std::uint32_t> all;
    for (const json& event : hops(router)) all.push_back(event["seq"].get<std::uint32_t>());
    return all;
  }
  std::vector<std::uint32_t> heard_sequences() const {
    std::vector<std::uint32_t> all;
    for (const Heard& one : heard_)
      if (one.report.stamp) all.push_back(one.report.stamp->sequence);
    return all;
  }
  // What the agent heard, in words.
  std::vector<std::string> said() const {
    std::vector<std::string> all;
    for (const Heard& one : heard_) all.push_back(one.what + " " + std::to_string(one.site));
    return all;
  }

  struct Heard {
    Duration at{};
    std::string what;
    std::size_t site = 0;
    MetricReport report = {};
  };
  using Words = std::vector<std::string>;
  using Sequences = std::vector<std::uint32_t>;

  support::TemporaryDirectory directory_;
  Engine engine_;
  EventLog log_{directory_ / "tap.jsonl", "tap", engine_};
  topologies::Topology topology_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<BgpPath> path_;
  std::vector<Heard> heard_;
  std::vector<Heard> sessions_;
};

}  // namespace cats::sim::test
