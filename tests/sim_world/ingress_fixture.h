// Ingresses of one service with three sites on the engine, in virtual time, with what they wrote.
#pragma once

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/event_log.h"
#include "sim/engine.h"
#include "sim/scheduler.h"
#include "sim/world/ingress.h"
#include "tests/support/temporary_directory.h"

namespace cats::sim::test {

using nlohmann::json;
using namespace std::chrono_literals;

inline const IpAddress kService = IpAddress::of("2001:2::100");
inline const IpAddress kFirstSite = IpAddress::of("2001:2:0:1001::2");

inline IpAddress csci_of(std::size_t site) { return kFirstSite.plus(site << 16); }

class IngressTest : public testing::Test {
 protected:
  static constexpr std::size_t kSites = 3;
  static constexpr Duration kProgramming = 300us;

  IngressTest() { engine_.run_until(kWorldBegins); }

  static Ingress::Config config(const std::string& node, const std::string& algorithm,
                                cpsel::IngressCps cps = cpsel::IngressCps::ingress) {
    Ingress::Config config;
    config.node = node;
    config.cps = cps;
    config.slots = 6;
    config.session_timer = 2s;
    config.programming = kProgramming;
    Ingress::Service service{
        .cs_id = kService, .age_limit = 3s, .steer_by = "cpu_utilisation", .algorithm = {algorithm}, .instances = {}};
    for (std::size_t site = 0; site < kSites; ++site)
      service.instances.push_back({.site = site,
                                   .csci = csci_of(site),
                                   .sid = IpAddress::of("2001:2:0:2001::").plus(site),
                                   .mark = static_cast<std::uint32_t>(site + 1)});
    config.services.push_back(std::move(service));
    return config;
  }
  Ingress& add(const Ingress::Config& config) {
    auto& log = logs_[config.node];
    if (!log) log = std::make_unique<EventLog>(directory_ / (config.node + ".jsonl"), config.node, engine_);
    ingresses_.push_back(std::make_unique<Ingress>(
        scheduler_, *log, config,
        Ingress::Wiring{.probe = [this](std::size_t site, std::function<void(const std::string&)> answered) {
          if (site == silent_) return;
          engine_.call_at(engine_.now() + 1ms, [site, answered] { answered(csci_of(site).str()); });
        }}));
    ingresses_.back()->start();
    return *ingresses_.back();
  }
  Ingress& start(const std::string& algorithm, cpsel::IngressCps cps = cpsel::IngressCps::ingress) {
    return add(config("r1", algorithm, cps));
  }

  void run(Duration since) { engine_.run_until(kWorldBegins + since); }
  // A sample that was taken now.
  collectors::MetricReport report(double utilisation) {
    return {.values = {{"cpu_utilisation", utilisation}},
            .stamp = collectors::Stamp{++sequence_, engine_.now()},
            .known = {}};
  }
  void hear(Ingress& ingress, std::size_t site, double utilisation) {
    const auto told = report(utilisation);
    ingress.heard(site, &told, static_cast<std::uint32_t>(site + 10));
  }
  void hear_all(Ingress& ingress, std::initializer_list<double> utilisations) {
    std::size_t site = 0;
    for (const double utilisation : utilisations) hear(ingress, site++, utilisation);
  }

  static FlowTuple flow(std::uint16_t port) { return {IpAddress::of("2001:db8::1"), kService, 6, port, 8080}; }
  static std::vector<std::size_t> steer(Ingress& ingress, std::uint16_t first, std::uint16_t last) {
    std::vector<std::size_t> sites;
    for (std::uint16_t port = first; port <= last; ++port) sites.push_back(ingress.steer(flow(port)).value_or(99));
    return sites;
  }

  // The answer that came up to now; an error is thrown.
  struct Answer {
    std::optional<Expected<nlohmann::ordered_json>> said = {};
    json operator*() const {
      if (!said) throw std::runtime_error("no answer");
      if (!*said) throw std::runtime_error(said->error().message);
      return **said;
    }
  };
  static std::shared_ptr<Answer> command(Ingress& ingress, const json& request) {
    auto answer = std::make_shared<Answer>();
    ingress.command(request, [answer](Expected<nlohmann::ordered_json> said) { answer->said = std::move(said); });
    return answer;
  }

  std::vector<json> events(const std::string& name = "", const std::string& node = "r1") const {
    const auto all = read_events(directory_ / (node + ".jsonl"));
    if (!all) throw std::runtime_error(all.error().message);
    std::vector<json> found;
    std::ranges::copy_if(*all, std::back_inserter(found),
                         [&](const json& event) { return name.empty() || event["event"] == name; });
    return found;
  }

  support::TemporaryDirectory directory_;
  Engine engine_;
  VirtualScheduler scheduler_{engine_};
  std::map<std::string, std::unique_ptr<EventLog>> logs_;
  std::vector<std::unique_ptr<Ingress>> ingresses_;
  std::uint32_t sequence_ = 0;
  std::optional<std::size_t> silent_ = {};  // answers no probe
};

}  // namespace cats::sim::test
