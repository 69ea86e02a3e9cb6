// What each test's stimulus tells the testbed.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/suite/trial_loop.h"

namespace cats::suite {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST_F(TrialLoop, LosesWhoChoosesAndBringsItBack) {
  scenarios::Scenario scenario = one_test("cps-failover");
  scenario.trials = {1, 1, 0};
  const RunData data = run(scenario);
  ASSERT_GE(testbed_.losses.size(), 2U);
  EXPECT_EQ(testbed_.losses[0], "lose r1 agent");
  EXPECT_EQ(testbed_.losses[1], "restore r1 agent");
  const Event& lost = data.events("lost")[0];
  const Event& restored = data.events("restored")[0];
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
  EXPECT_EQ(data.events("reachable")[0].at("instances").size(), 3U);
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

TEST_F(TrialLoop, UtilizationGivesTheAlgorithmBackWhateverHappens) {
  testbed_.next_hops = 2;
  const RunData data = run(one_test("utilization"));
  EXPECT_THAT(data.trials()[0].voided.value_or(""), HasSubstr("has 2 next hops"));
  EXPECT_EQ(told("r1", "algorithm").back().at("name"), "global-min");
}

}  // namespace
}  // namespace cats::suite
