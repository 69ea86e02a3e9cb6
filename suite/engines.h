// Where a run takes place: what either engine needs around its testbed.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/event_log.h"
#include "scenarios/preflight.h"
#include "scenarios/scenario.h"
#include "suite/run.h"
#include "suite/trials.h"

namespace cats::suite {

// Called with the run's id once it can begin; returns what the run directory holds of it already.
using Begin = std::function<Taken(const std::string& id)>;

// Make the scenario's world, run every trial in it and take it away. What could not be measured is in the runner's log
// then (`run_failed`). Throw Interrupted, UsageError, SystemError.
void run_emulated(const scenarios::Scenario& scenario, const RunOptions& options, const Begin& begin);
void run_simulated(const scenarios::Scenario& scenario, const RunOptions& options, const Begin& begin);
// The second part of a run whose first the emulator has made, and ended: into the same run directory, in virtual time
// that begins after it (suite/simulated_part.h).
void run_simulated_after_emulation(const scenarios::Scenario& scenario, const RunOptions& options);

// Runs `work`; a MeasurementError becomes the event `run_failed`: the report says what could be measured until then,
// and why no more.
void log_failure(EventLog& log, const std::function<void()>& work);

// `preflight` events. Each check once of a network: what an entry in another mode adds, the report has too.
class PreflightLog {
 public:
  explicit PreflightLog(EventLog& log) : log_(log) {}

  // Throws MeasurementError when one failed.
  void add(const std::vector<scenarios::PreflightCheck>& checks, bool new_network);

 private:
  EventLog& log_;
  std::set<std::string> told_;
};

}  // namespace cats::suite
