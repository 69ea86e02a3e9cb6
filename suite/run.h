// One run: from a scenario to a run directory, and from a run directory to its report.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "scenarios/scenario.h"
#include "suite/part_runner.h"
#include "suite/ranks/ranks.h"
#include "suite/report/model.h"
#include "suite/trials.h"

namespace cats::suite {

struct RunOptions {
  std::filesystem::path directory;  // of the results; made here, must not hold a run already unless it is resumed
  bool resume = false;              // go on with the run that `directory` holds: trials that count are not repeated
  std::filesystem::path catsd;      // the agents' program
  std::string version;              // of catsbench
  std::string commit;               // of its source; empty when not known
  std::vector<std::string> command_line;
  std::function<void(const std::string&)> stage = [](const std::string&) {};  // set-up and tear-down, for people
  std::function<void(const Progress&)> progress = [](const Progress&) {};     // of the emulator's trials

  // Of the simulator's.
  unsigned threads = 0;    // 0: as many as this machine has for this process
  Ranks* ranks = nullptr;  // processes that mpirun started, this one being rank 0; no emulator then
  std::function<void(const PartsProgress&)> parts = [](const PartsProgress&) {};
};

// What a scenario may name, with the tests that exist.
scenarios::Catalogue catalogue(const std::filesystem::path& shipped_topologies);

// Builds the world of the scenario's engine, checks it, runs every trial, removes the world, and writes the report. A
// failed preflight is written too, and no test is run. With entries on both engines the emulator's are run first, then
// the simulator's, whatever came of the former. Resumed, the emulator's trials that count are not repeated, and neither
// are simulated trials that are complete, unless the emulator had some left to take. Throws Interrupted, UsageError,
// SystemError; the directory keeps the logs.
Report run_scenario(const scenarios::Scenario& scenario, const RunOptions& options);

// The scenario that a run directory holds, with its topologies; what `resume` goes on with. Throws UsageError.
scenarios::Scenario scenario_of(const std::filesystem::path& run_directory);

// The report of a run directory, computed from its logs alone: the same digits each time.
Report recompute(const std::filesystem::path& run_directory);

}  // namespace cats::suite
