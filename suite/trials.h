// The trial loop: each test and trial in a seeded order, invalid trials repeated, everything logged.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/event_log.h"
#include "scenarios/scenario.h"
#include "scenarios/testbed.h"
#include "suite/report/model.h"
#include "suite/report/run_data.h"
#include "suite/tests/test.h"

namespace cats::suite {

struct Progress {
  std::string test;
  int trial = 0;    // of this test, from 1
  int trials = 0;   // of this test
  int attempt = 0;  // from 1
  std::string phase;
  Duration left{};  // estimate for the whole run
};

struct TrialPlan {
  const Test* test = nullptr;
  Conditions conditions;
  int index = 0;
  std::uint64_t seed = 0;
  Duration warm_up{};
  Duration cool_down{};
};

// Every trial of the scenario in the order in which it will run. Seeds come from the scenario's seed by streams named
// after the trial, so that they are equal for whatever is compared. Throws UsageError on a test that does not exist.
std::vector<TrialPlan> plan_trials(const scenarios::Scenario& scenario, bool quick);
Duration total_length(const std::vector<TrialPlan>& plan);

// Runs the stimuli of `plan`. The logs of the run lie in `run_directory`; `log` is events/runner.jsonl there. A trial
// that does not count is repeated up to 3 times; after that the loop goes on, and the analysis calls it an error.
// Throws Interrupted.
void run_trials(scenarios::Testbed& testbed, const scenarios::Scenario& scenario, const std::vector<TrialPlan>& plan,
                const std::filesystem::path& run_directory, EventLog& log,
                const std::function<void(const Progress&)>& progress);

// The analysis: results of every test in the logs, in the scenario's order, and what to warn of. A test whose trials
// did not happen or do not count is an error with its reason.
struct Analysis {
  std::vector<TestResult> tests;
  std::vector<Warning> warnings;
  std::vector<std::string> trial_order;  // "metric-distribution/2"
};
Analysis analyse(const RunData& data, const scenarios::Scenario& scenario);

}  // namespace cats::suite
