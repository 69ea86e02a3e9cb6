// The trial loop: what it logs, what it repeats, and what it leaves alone.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/interrupt.h"
#include "tests/suite/trial_loop.h"

namespace cats::suite {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

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
  EXPECT_EQ(progress_.front().engine, "emulator");
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

TEST_F(TrialLoop, AFaultOfTheCpsStrikesWhereAnIngressDecides) {
  scenarios::Scenario scenario = one_test("metric-distribution");
  scenario.faults = {{.kind = "stuck-cps", .node = "", .instance = ""}};
  run(scenario);
  EXPECT_EQ(told("r1", "fault").at(0).at("kind"), "stuck-cps");
  scenario.mode = scenarios::Mode::centralized;
  EXPECT_THROW(run(scenario), UsageError);
}

}  // namespace
}  // namespace cats::suite
