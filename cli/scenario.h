// Running a scenario, for every command that does.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "scenarios/scenario.h"
#include "suite/ranks/ranks.h"
#include "suite/report/model.h"

namespace cats::cli {

struct ScenarioOptions {
  std::string file;
  std::string out;
  std::string resume;
  std::vector<std::string> values;  // --set
  bool quick = false;
  bool json = false;
  unsigned threads = 0;           // that simulate; 0: as many as there are cores
  suite::Ranks* ranks = nullptr;  // the other processes of mpirun, where the command makes use of them
};

// The scenario with its topology. Throws UsageError with every problem of the file.
scenarios::Scenario load(const Session& session, const ScenarioOptions& options);

// runs/TIME-NAME
std::filesystem::path default_directory(const std::string& scenario_name);

// Runs the scenario into `directory` and shows progress; what the emulator has a part in after cleaning up after dead
// runs, as root: `command` is what needs it.
suite::Report run(const Session& session, const ScenarioOptions& options, const scenarios::Scenario& scenario,
                  const std::filesystem::path& directory, const std::string& command);

}  // namespace cats::cli
