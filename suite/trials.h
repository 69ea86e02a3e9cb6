// The trial loop: each test and trial in a seeded order, invalid trials repeated, everything logged. And its other
// half: the results of every test from the logs.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/event_log.h"
#include "scenarios/scenario.h"
#include "scenarios/testbed.h"
#include "suite/report/model.h"
#include "suite/report/run_data.h"
#include "suite/report/run_reader.h"
#include "suite/tests/test.h"

namespace cats::suite {

inline constexpr int kAttempts = 4;             // of a trial: one, and three repetitions
inline constexpr double kLeastIdleShare = 0.1;  // of the machine's CPU time over a trial

struct PlannedTrial {
  scenarios::Case entry;
  const Test* test = nullptr;
  Conditions conditions;
  int index = 0;
  std::uint64_t seed = 0;  // below 2^53
};

// Every trial that the scenario asks for at least, in the order in which they will run: block after block, each with
// one trial of every entry in a seeded order, so that a drift of the machine favours none. Seeds come from the
// scenario's seed by streams named after test and index, so that they are equal for whatever is compared. Throws
// UsageError on a test that does not exist.
std::vector<PlannedTrial> plan_trials(const scenarios::Scenario& scenario);
// One of them, or of those that come when an entry's trials are adaptive.
PlannedTrial plan_trial(const scenarios::Case& entry, int index);
// The next block: a trial more of every entry whose trials are adaptive and whose primary figure is not precise enough,
// by `results`, which are asked for by label when there is such an entry and hold all its trials of the plan. Empty:
// all are.
std::vector<PlannedTrial> next_block(const std::vector<PlannedTrial>& plan,
                                     const std::function<RunData(const std::string&)>& results);

Duration length_of(const PlannedTrial& trial);  // of one attempt, about
Duration total_length(const std::vector<PlannedTrial>& plan);

// What a run directory holds of a run that was broken off.
struct Taken {
  std::set<std::pair<std::string, int>> counted;        // label and index of the trials that count
  std::map<std::pair<std::string, int>, int> attempts;  // how often each was begun
};
Taken taken(const RunData& data);

struct Progress {
  std::string trial;  // as the logs call it
  std::string label;  // of the entry
  int index = 0;      // of this test's trials, from 1
  int trials = 0;     // of this test
  int attempt = 0;    // from 1
  std::string phase;
  Duration left{};      // estimate for all trials
  std::string message;  // why a trial is repeated; else empty
  std::string engine;   // whose time `left` is: "emulator", "sim"
};

// Runs the stimuli of `plan` on one testbed, each trial as suite/take_trial.h says. A trial that does not count is
// repeated up to 3 times; after that the loop goes on, and the analysis calls the test an error. Entries whose trials
// are adaptive get more, block by block, until their primary figure is precise enough. What `before` holds is not run
// again. Throws Interrupted, MeasurementError.
void run_trials(scenarios::Testbed& testbed, const std::vector<PlannedTrial>& plan,
                const std::filesystem::path& run_directory, EventLog& log,
                const std::function<void(const Progress&)>& progress, const Taken& before = {});

struct Analysis {
  std::vector<TestResult> tests;  // in the scenario's order
  std::vector<Comparison> comparisons;
  std::vector<Warning> warnings;
  std::vector<std::string> trial_order;  // "metric-distribution.2", attempts that did not count included
};

// A pure function of the run directory: `scenario` is its copy, quick() if the run was. A test whose trials did
// not happen or do not count is an error with its reason.
Analysis analyse(const RunData& data, const scenarios::Scenario& scenario);
// The same, with an entry's logs read when it is analysed.
Analysis analyse(RunReader& reader, const scenarios::Scenario& scenario);
// One entry of it.
TestResult analyse(const RunData& data, const scenarios::Case& entry, std::vector<Warning>& warnings);

}  // namespace cats::suite
