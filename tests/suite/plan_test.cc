// Which trials a run has, in which order, with which seeds.
#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/suite/trial_loop.h"

namespace cats::suite {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

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

}  // namespace
}  // namespace cats::suite
