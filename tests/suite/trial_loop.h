// A testbed in virtual time that writes down what it was told, and trials run against it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "suite/trials.h"
#include "tests/suite/fake_run.h"

namespace cats::suite {

class VirtualClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  void set(Instant t) { now_ = std::max(now_, t); }

 private:
  Instant now_ = from_ns(1'000'000'000'000);
};

class FakeTestbed final : public scenarios::Testbed {
 public:
  explicit FakeTestbed(VirtualClock& clock) : clock_(clock) {
    deployment_.ingresses = {"r1"};
    deployment_.hosts = {"h1", "h2"};
    for (int i = 1; i <= 3; ++i)
      deployment_.sites.push_back({fmt::format("es{}", i), IpAddress::of(fmt::format("2001:2:0:100{}::2", i)),
                                   IpAddress::of("2001:2:0:c5::1"), fmt::format("r{}", i + 1), 0.2});
  }

  Instant now() const override { return clock_.now(); }
  void configure(const scenarios::Scenario& scenario) override {
    configured.push_back(scenario.algorithm.name);
    const bool controlled = scenario.mode == scenarios::Mode::centralized;
    const std::string decider = controlled ? "sdn" : "r1";
    deployment_.deciders = {decider};
    deployment_.steering = {{"r1", decider, decider}};
    deployment_.receivers = {{decider, controlled ? "rest" : "bgp"}};
  }
  void sleep_until(Instant when) override { clock_.set(when); }
  const scenarios::Deployment& deployment() const override { return deployment_; }
  nlohmann::json command(const std::string& node, const nlohmann::json& request) override {
    commands.push_back(fmt::format("{} {}", node, request.dump()));
    const auto away = away_.find(node);
    if (node == broken || (away != away_.end() && away->second == scenarios::Part::agent))
      throw MeasurementError(node + " does not answer");
    return {{"ok", true}, {"connections", connections[node]}, {"next_hops", next_hops}, {"services", services()}};
  }
  void lose(const std::string& node, scenarios::Part part) override {
    losses.push_back(fmt::format("lose {} {}", node, to_string(part)));
    away_[node] = part;
  }
  void restore(const std::string& node, scenarios::Part part) override {
    if (stubborn) throw MeasurementError(node + " does not start");
    if (away_.erase(node) > 0) losses.push_back(fmt::format("restore {} {}", node, to_string(part)));
  }
  void set_link(const std::string& a, const std::string& b, bool up) override {
    losses.push_back(fmt::format("{}-{} {}", a, b, up ? "up" : "down"));
  }
  void restore_all() override {
    for (const auto& [node, part] : away_) losses.push_back("bring back " + node);
    away_.clear();
  }
  Duration cpu_time(const std::string& /*node*/) const override { return {}; }
  MachineTime machine_time() const override {
    const Duration total = 2 * (clock_.now() - from_ns(0));
    return {std::chrono::duration_cast<Duration>(total * idle), total};
  }

  // Of an ingress' `status`: every instance is announced.
  nlohmann::json services() const {
    nlohmann::json instances = nlohmann::json::array();
    for (const scenarios::Site& site : sites()) instances.push_back({{"csci", site.csci.str()}});
    nlohmann::json service = {{"cs_id", sites().front().cs_id.str()}};
    service["instances"] = instances;
    return nlohmann::json::array({service});
  }

  std::vector<std::string> commands;
  std::vector<std::string> configured;  // the algorithm, once per attempt
  std::vector<std::string> losses;
  bool stubborn = false;  // nothing can be restored one by one
  std::string broken;
  std::map<std::string, int> connections;
  int next_hops = 3;
  double idle = 0.5;

 private:
  VirtualClock& clock_;
  std::map<std::string, scenarios::Part> away_;
  scenarios::Deployment deployment_;
};

class TrialLoop : public testing::Test {
 protected:
  TrialLoop() : log_(make_log()) {}

  EventLog make_log() {
    std::filesystem::create_directories(directory_ / "events");
    return {directory_ / "events/runner.jsonl", "runner", clock_};
  }
  RunData run(const scenarios::Scenario& scenario) {
    run_trials(testbed_, plan_trials(scenario), directory_.path(), log_,
               [&](const Progress& progress) { progress_.push_back(progress); });
    return *RunData::load(directory_.path());
  }

  static scenarios::Scenario one_test(const char* name) {
    scenarios::Scenario scenario = fake_scenario();
    scenario.tests = {{name, nlohmann::ordered_json::object()}};
    return scenario;
  }

  // What `node` was commanded with that `do`.
  std::vector<nlohmann::json> told(const std::string& node, const std::string& what) const {
    std::vector<nlohmann::json> requests;
    for (const std::string& command : testbed_.commands)
      if (command.starts_with(node + " ")) {
        requests.push_back(nlohmann::json::parse(command.substr(node.size() + 1)));
        if (requests.back().at("do") != what) requests.pop_back();
      }
    return requests;
  }

  support::TemporaryDirectory directory_;
  VirtualClock clock_;
  FakeTestbed testbed_{clock_};
  EventLog log_;
  std::vector<Progress> progress_;
};

// Of `metric-distribution`, one case each.
inline scenarios::Scenario two_algorithms() {
  scenarios::Scenario scenario = fake_scenario();
  scenario.tests = {{"metric-distribution", nlohmann::ordered_json::object()}};
  for (const char* algorithm : {"global-min", "round-robin"}) {
    auto own = std::make_shared<scenarios::Scenario>(scenario);
    own->algorithm.name = algorithm;
    scenario.cases.push_back({"metric-distribution",
                              fmt::format("metric-distribution#{}", scenario.cases.size() + 1),
                              {{"algorithm", algorithm}},
                              own});
  }
  return scenario;
}

}  // namespace cats::suite
