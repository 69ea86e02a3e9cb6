// The trial loop and the stimuli against a testbed in virtual time that writes down what it was told.
#include "suite/trials.h"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/interrupt.h"
#include "tests/suite/fake_run.h"

namespace cats::suite {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

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
    for (int i = 1; i <= 3; ++i)
      sites_.push_back({fmt::format("es{}", i), IpAddress::of(fmt::format("2001:2:0:100{}::2", i)),
                        IpAddress::of("2001:2:0:c5::1"), fmt::format("r{}", i + 1), 0.2});
  }

  Instant now() const override { return clock_.now(); }
  void configure(const scenarios::Scenario& scenario) override {
    configured.push_back(scenario.algorithm.name);
    const bool controlled = scenario.mode == scenarios::Mode::centralized;
    deciders_ = {controlled ? "sdn" : "r1"};
    steering_ = {{"r1", deciders_[0], deciders_[0]}};
    receivers_ = {{deciders_[0], controlled ? "rest" : "bgp"}};
  }
  void sleep_until(Instant when) override { clock_.set(when); }
  const std::vector<scenarios::Site>& sites() const override { return sites_; }
  const std::vector<std::string>& ingresses() const override { return ingresses_; }
  const std::vector<std::string>& deciders() const override { return deciders_; }
  const std::vector<scenarios::Ingress>& steering() const override { return steering_; }
  const std::vector<scenarios::Receiver>& receivers() const override { return receivers_; }
  const std::vector<std::string>& hosts() const override { return hosts_; }
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
    for (const scenarios::Site& site : sites_) instances.push_back({{"csci", site.csci.str()}});
    nlohmann::json service = {{"cs_id", sites_.front().cs_id.str()}};
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
  std::vector<scenarios::Site> sites_;
  std::vector<std::string> ingresses_{"r1"};
  std::vector<std::string> deciders_;
  std::vector<scenarios::Ingress> steering_;
  std::vector<scenarios::Receiver> receivers_;
  std::vector<std::string> hosts_{"h1", "h2"};
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

TEST(Plan, IsSeededAndShuffled) {
  const scenarios::Scenario scenario = fake_scenario();
  const auto plan = plan_trials(scenario);
  const auto again = plan_trials(scenario);
  ASSERT_EQ(plan.size(), 9U);
  std::set<std::pair<std::string, int>> all;
  std::vector<std::string> order;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    all.emplace(plan[i].test->name(), plan[i].index);
    order.emplace_back(plan[i].test->name());
    EXPECT_EQ(plan[i].test, again[i].test);
    EXPECT_EQ(plan[i].seed, again[i].seed);
    EXPECT_LT(plan[i].seed, std::uint64_t{1} << 53);
  }
  EXPECT_EQ(all.size(), 9U);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));

  // What is compared gets the same seeds: they depend on test and index alone.
  scenarios::Scenario other = scenario;
  other.algorithm.name = "round-robin";
  other.tests.erase(other.tests.begin());
  for (const PlannedTrial& trial : plan_trials(other))
    EXPECT_TRUE(std::any_of(plan.begin(), plan.end(), [&](const PlannedTrial& p) {
      return p.test == trial.test && p.index == trial.index && p.seed == trial.seed;
    }));
}

scenarios::Scenario two_algorithms() {
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

TEST(Plan, EveryBlockHasEachEntryOnceWithTheSameSeed) {
  const auto plan = plan_trials(two_algorithms());
  ASSERT_EQ(plan.size(), 6U);
  bool first_leads = false;
  bool second_leads = false;
  for (std::size_t i = 0; i < 6; i += 2) {
    EXPECT_EQ(plan[i].index, static_cast<int>(i / 2));
    EXPECT_EQ(plan[i + 1].index, plan[i].index);
    EXPECT_NE(plan[i].entry.label, plan[i + 1].entry.label);
    EXPECT_EQ(plan[i].seed, plan[i + 1].seed);
    (plan[i].entry.label.ends_with("1") ? first_leads : second_leads) = true;
  }
  EXPECT_TRUE(first_leads && second_leads);
}

TEST(Plan, TheDefaultsFitIntoTheirTime) {
  scenarios::Scenario scenario = fake_scenario();
  for (auto& test : scenario.tests) test.parameters = nlohmann::ordered_json::object();
  scenario.trials = {5, 5, 0};
  scenario.warm_up = 10s;
  scenario.cool_down = 1s;
  EXPECT_LT(total_length(plan_trials(scenario)), 9min);
  scenario.quick = true;
  scenario.trials = {2, 2, 0};
  scenario.warm_up = 3s;
  EXPECT_LT(total_length(plan_trials(scenario)), 105s);
}

TEST(Plan, WhatCouldNotBeMeasuredIsRefused) {
  scenarios::Scenario scenario = fake_scenario();
  scenario.interval = 6s;
  try {
    plan_trials(scenario);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("metric-distribution: measure 10s is less than two intervals of 6s: make it longer"));
  }
}

TEST_F(TrialLoop, LogsTrialsAndPhases) {
  const RunData data = run(one_test("metric-distribution"));
  ASSERT_EQ(data.trials().size(), 3U);
  EXPECT_EQ(data.sites().size(), 3U);
  EXPECT_EQ(data.sites()[0].egress, "r2");
  for (const Trial& trial : data.trials()) {
    EXPECT_FALSE(trial.voided);
    ASSERT_NE(trial.phase("warm-up"), nullptr);
    EXPECT_EQ(trial.phase("warm-up")->to_ns - trial.phase("warm-up")->from_ns, Duration(3s).count());
    EXPECT_EQ(trial.phase("measure")->to_ns - trial.phase("measure")->from_ns, Duration(15s).count());
    EXPECT_NE(trial.phase("cool-down"), nullptr);
    EXPECT_EQ(trial.conditions.at("parameters").at("tolerance_ms"), 60);
    const std::string known = fmt::format(R"(es2 {{"do":"known_sequence","seed":{}}})", trial.seed);
    EXPECT_THAT(testbed_.commands, testing::Contains(known));
  }
  EXPECT_EQ(data.events("host_idle").size(), 3U);
  EXPECT_NEAR(data.events("host_idle")[0].at("share").get<double>(), 0.5, 1e-9);
  EXPECT_THAT(testbed_.commands.back(), HasSubstr("watch_flows"));
  EXPECT_EQ(progress_.front().phase, "warm-up");
  EXPECT_EQ(progress_.front().left, Duration(63s));
  EXPECT_EQ(progress_.back().left, Duration(2s));
}

TEST_F(TrialLoop, LogsWhoSteersAndWhoGetsMetrics) {
  scenarios::Scenario scenario = one_test("metric-distribution");
  scenario.trials = {1, 1, 0};
  for (const auto mode : {scenarios::Mode::distributed, scenarios::Mode::centralized}) {
    auto own = std::make_shared<scenarios::Scenario>(scenario);
    own->mode = mode;
    scenario.cases.push_back({"metric-distribution",
                              fmt::format("metric-distribution#{}", scenario.cases.size() + 1),
                              {{"mode", scenarios::to_string(mode)}},
                              own});
  }
  const RunData data = run(scenario);
  ASSERT_EQ(data.trials().size(), 2U);
  EXPECT_EQ(data.trials()[0].seed, data.trials()[1].seed);
  for (const Trial& trial : data.trials()) {
    const RunData own = data.in(trial);
    const bool controlled = trial.entry.ends_with("2");
    EXPECT_EQ(own.decider_of("r1"), controlled ? "sdn" : "r1");
    EXPECT_EQ(own.listener_of("r1"), controlled ? "sdn" : "r1");
    EXPECT_EQ(own.way_to(controlled ? "sdn" : "r1"), controlled ? "rest" : "bgp");
    EXPECT_FALSE(own.way_to("es1").has_value());
    EXPECT_EQ(trial.conditions.at("mode"), controlled ? "centralized" : "distributed");
    EXPECT_EQ(trial.conditions.value("cps", ""), controlled ? "controller" : "");
    EXPECT_EQ(trial.conditions.value("southbound", ""), controlled ? "agent" : "");
    // An update may wait T in the manager.
    const Phase* drain = trial.phase("drain");
    ASSERT_NE(drain, nullptr);
    EXPECT_EQ(drain->to_ns - drain->from_ns, Duration(controlled ? 2s : 1s).count());
  }
  EXPECT_THROW(data.decider_of("r2"), MeasurementError);
}

TEST_F(TrialLoop, LosesWhoChoosesAndBringsItBack) {
  scenarios::Scenario scenario = one_test("cps-failover");
  scenario.trials = {1, 1, 0};
  const RunData data = run(scenario);
  ASSERT_GE(testbed_.losses.size(), 2U);
  EXPECT_EQ(testbed_.losses[0], "lose r1 agent");
  EXPECT_EQ(testbed_.losses[1], "restore r1 agent");
  const Event& lost = data.events("lost").at(0);
  const Event& restored = data.events("restored").at(0);
  EXPECT_EQ(lost.node, "runner");
  EXPECT_EQ(lost.text("of"), "r1");
  EXPECT_EQ(lost.text("trial"), data.trials()[0].id);
  EXPECT_EQ(restored.ns("started_ns") - lost.t_ns, Duration(6s).count());
}

TEST_F(TrialLoop, LosesAnIngressAndAnEgressAndWatchesTheRoutes) {
  scenarios::Scenario scenario = one_test("router-failover");
  scenario.trials = {1, 1, 0};
  const RunData data = run(scenario);
  ASSERT_GE(testbed_.losses.size(), 4U);
  testbed_.losses.resize(4);
  EXPECT_THAT(testbed_.losses,
              testing::ElementsAre("lose r1 routing", "restore r1 routing", "lose r2 routing", "restore r2 routing"));
  EXPECT_EQ(data.events("reachable").at(0).at("instances").size(), 3U);
}

TEST_F(TrialLoop, WhatATrialLeftBehindIsBackBeforeTheNext) {
  testbed_.stubborn = true;
  scenarios::Scenario scenario = one_test("cps-failover");
  scenario.trials = {1, 1, 0};
  const RunData data = run(scenario);
  EXPECT_EQ(data.trials().size(), 4U);
  EXPECT_THAT(data.trials()[0].voided.value_or(""), HasSubstr("r1 does not start"));
  testbed_.losses.resize(3);
  EXPECT_THAT(testbed_.losses, testing::ElementsAre("lose r1 agent", "bring back r1", "lose r1 agent"));
}

TEST_F(TrialLoop, ABusyMachineVoidsTrialsAndThenTheTest) {
  testbed_.idle = 0.05;
  const scenarios::Scenario scenario = one_test("metric-distribution");
  const RunData data = run(scenario);
  EXPECT_EQ(data.trials().size(), 12U);  // three trials, each with three repetitions
  EXPECT_THAT(data.trials()[0].voided.value_or(""), HasSubstr("only 5.0 % idle"));
  const Analysis analysis = analyse(data, scenario);
  ASSERT_EQ(analysis.tests.size(), 1U);
  EXPECT_EQ(analysis.tests[0].verdict, Verdict::error);
  EXPECT_EQ(analysis.tests[0].void_trials, 12);
  EXPECT_THAT(analysis.tests[0].reason, HasSubstr("idle"));
  EXPECT_EQ(analysis.warnings.size(), 12U);
}

TEST_F(TrialLoop, ABrokenOffRunIsCompletedAndNothingRunTwice) {
  const scenarios::Scenario scenario = two_algorithms();
  const auto plan = plan_trials(scenario);
  int ended = 0;
  const auto interrupt = [&](const Progress& progress) {
    if (progress.phase == "warm-up" && ++ended == 4) throw Interrupted();
  };
  EXPECT_THROW(run_trials(testbed_, plan, directory_.path(), log_, interrupt), Interrupted);
  const Taken before = taken(*RunData::load(directory_.path()));
  EXPECT_EQ(before.counted.size(), 3U);
  EXPECT_EQ(before.attempts.size(), 4U);
  run_trials(testbed_, plan, directory_.path(), log_, {}, before);
  const auto data = RunData::load(directory_.path());
  ASSERT_TRUE(data) << data.error().message;
  std::multiset<std::pair<std::string, int>> counted;
  for (const Trial& trial : data->trials())
    if (!trial.voided) counted.emplace(trial.entry, trial.index);
  EXPECT_EQ(counted.size(), 6U);
  EXPECT_EQ((std::set<std::pair<std::string, int>>(counted.begin(), counted.end()).size()), 6U);
  EXPECT_EQ(data->trials().size(), 7U);  // one did not end
  EXPECT_EQ(testbed_.configured.size(), 7U);
}

TEST_F(TrialLoop, AdaptiveTrialsEndAtTheirMostWhenNothingIsPrecise) {
  scenarios::Scenario scenario = one_test("metric-distribution");
  scenario.trials = {2, 5, 0.05};  // no update is ever received here: the figure has no value
  EXPECT_EQ(run(scenario).trials().size(), 5U);
}

TEST_F(TrialLoop, AnAgentThatDoesNotAnswerVoidsTheTrial) {
  testbed_.broken = "es2";
  const RunData data = run(one_test("collection"));
  EXPECT_EQ(data.trials().size(), 12U);
  EXPECT_EQ(data.trials()[0].voided, "es2 does not answer");
}

TEST_F(TrialLoop, CollectionDrivesEverySiteThroughTheLevels) {
  const RunData data = run(one_test("collection"));
  EXPECT_THAT(data.trials()[0].voided.value_or(""), HasSubstr("no sample of es1"));  // no agent wrote any
  std::vector<std::string> loads;
  for (const std::string& command : testbed_.commands)
    if (command.starts_with("es3") && command.find("calibrated_load") != std::string::npos) loads.push_back(command);
  ASSERT_GE(loads.size(), 3U);
  EXPECT_EQ(loads[0], R"(es3 {"do":"calibrated_load","share":0.2})");
  EXPECT_EQ(loads[2], R"(es3 {"do":"calibrated_load","share":0.8})");
}

TEST_F(TrialLoop, SessionContinuityLoadsTheInstanceWithMostSessions) {
  testbed_.connections["es2"] = 12;
  const RunData data = run(one_test("session-continuity"));
  // No edge server logs the change of its load here, so no trial counts.
  EXPECT_THAT(data.trials()[0].voided.value_or(""), HasSubstr("load_changed"));
  const auto& commands = testbed_.commands;
  const auto load = std::find_if(commands.begin(), commands.end(), [](const std::string& command) {
    return command.find(R"("do":"load")") != std::string::npos;
  });
  ASSERT_NE(load, commands.end());
  const auto request = nlohmann::json::parse(load->substr(load->find('{')));
  EXPECT_EQ(request.at("trial"), data.trials()[0].id);
  EXPECT_EQ(request.at("service"), "2001:2:0:c5::1");
  EXPECT_EQ(request.at("persistent").at("sessions"), 4);
  EXPECT_EQ(request.at("short").at("rate"), 5.0);
  EXPECT_EQ(request.at("work_us"), 500);
  const auto step = std::find_if(commands.begin(), commands.end(), [](const std::string& command) {
    return command.find("background_load") != std::string::npos && command.find("\"cores\":0,") == std::string::npos;
  });
  ASSERT_NE(step, commands.end());
  EXPECT_EQ(*step, R"(es2 {"cores":0.16000000000000003,"do":"background_load"})");
}

TEST_F(TrialLoop, ARoundOfLbVarianceIsATrialWithFlowsOfItsOwn) {
  scenarios::Scenario scenario = one_test("lb-variance");
  scenario.algorithm.name = "ecmp";
  scenario.tests[0].parameters["rounds"] = 2.0;
  const RunData data = run(scenario);
  ASSERT_EQ(data.trials().size(), 8U);  // no host runs here, so no load is logged: each is repeated three times
  EXPECT_THAT(data.trials()[0].voided.value_or(""), HasSubstr("no host logged a load"));
  const auto first = told("h1", "load");
  const auto second = told("h2", "load");
  ASSERT_EQ(first.size(), 8U);
  EXPECT_EQ(first[0].at("flows").at("host"), 0);
  EXPECT_EQ(second[0].at("flows").at("host"), 1);
  EXPECT_EQ(first[0].at("seed"), second[0].at("seed"));
  EXPECT_NE(first[0].at("seed"), first[4].at("seed"));
  EXPECT_EQ(first[0].at("duration_ns"), second[0].at("duration_ns"));
  const auto seeds = told("r1", "multipath");
  ASSERT_EQ(seeds.size(), 8U);
  EXPECT_NE(seeds[0].at("seed"), seeds[4].at("seed"));
  EXPECT_NE(seeds[0].at("seed"), 0);
}

TEST_F(TrialLoop, LbVarianceWaitsForConnectionsOfEarlierRounds) {
  testbed_.connections["es3"] = 2;
  const RunData data = run(one_test("lb-variance"));
  EXPECT_EQ(data.trials()[0].voided, "es3 still has 2 connections of an earlier load");
  EXPECT_TRUE(told("h1", "load").empty());
}

TEST_F(TrialLoop, UtilizationRunsTheSameLoadUnderBoth) {
  const RunData data = run(one_test("utilization"));
  const auto loads = told("h1", "load");
  ASSERT_GE(loads.size(), 2U);
  EXPECT_EQ(loads[0].at("seed"), loads[1].at("seed"));
  EXPECT_EQ(loads[0].at("duration_ns"), loads[1].at("duration_ns"));
  const auto algorithms = told("r1", "algorithm");
  EXPECT_EQ(algorithms.at(0).at("name"), "ecmp");
  EXPECT_EQ(algorithms.at(1).at("name"), "global-min");
  EXPECT_NE(data.trials()[0].phase("measure-ecmp"), nullptr);
  EXPECT_NE(data.trials()[0].phase("measure-cats"), nullptr);
}

TEST_F(TrialLoop, WhoDecidesTakesTheAlgorithmAndTheIngressTheRest) {
  scenarios::Scenario scenario = one_test("utilization");
  scenario.mode = scenarios::Mode::centralized;
  run(scenario);
  EXPECT_EQ(told("sdn", "algorithm").at(0).at("name"), "ecmp");
  EXPECT_EQ(told("sdn", "algorithm").back().at("name"), "global-min");
  EXPECT_TRUE(told("r1", "algorithm").empty());
  EXPECT_FALSE(told("r1", "multipath").empty());
  EXPECT_FALSE(told("r1", "forget_flows").empty());
}

TEST_F(TrialLoop, AFaultOfTheCpsStrikesWhereAnIngressDecides) {
  scenarios::Scenario scenario = one_test("metric-distribution");
  scenario.faults = {{.kind = "stuck-cps", .node = "", .instance = ""}};
  run(scenario);
  EXPECT_EQ(told("r1", "fault").at(0).at("kind"), "stuck-cps");
  scenario.mode = scenarios::Mode::centralized;
  EXPECT_THROW(run(scenario), UsageError);
}

TEST_F(TrialLoop, UtilizationGivesTheAlgorithmBackWhateverHappens) {
  testbed_.next_hops = 2;
  const RunData data = run(one_test("utilization"));
  EXPECT_THAT(data.trials()[0].voided.value_or(""), HasSubstr("has 2 next hops"));
  EXPECT_EQ(told("r1", "algorithm").back().at("name"), "global-min");
}

}  // namespace
}  // namespace cats::suite
