// One planned trial on a testbed: its attempts, what they log, and why one does not count. The emulator's trials share
// a testbed, one of the simulator's has its own.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/event_log.h"
#include "scenarios/testbed.h"
#include "suite/faults.h"
#include "suite/trials.h"

namespace cats::suite {

class TrialTaker {
 public:
  // When a phase of an attempt begins; or with `why` and the phase "void" when the attempt does not count.
  using Show =
      std::function<void(const PlannedTrial& planned, int attempt, std::string_view phase, const std::string& why)>;

  // The logs of all nodes lie in `run_directory`; `log` is events/runner.jsonl there.
  TrialTaker(scenarios::Testbed& testbed, std::filesystem::path run_directory, EventLog& log, Show show);

  // Attempts, numbered from `first` on, until one counts or kAttempts did not. Logs `testbed`, `trial_started`,
  // `phase`, `host_idle`, `trial_ended`. Throws MeasurementError when the testbed cannot be made what the trial needs,
  // AlgorithmFailed, Interrupted.
  void take(const PlannedTrial& planned, int first = 0);

  Duration passed() const { return testbed_.now() - started_; }  // since the last attempt began

 private:
  std::optional<std::string> attempt(const PlannedTrial& planned, int number);
  std::optional<std::string> stimulate(const PlannedTrial& planned, const std::string& id,
                                       const std::function<void(std::string_view)>& begin_phase,
                                       const std::function<void(std::string_view, nlohmann::ordered_json)>& log);
  std::optional<std::string> check_logs(const PlannedTrial& planned, const std::string& id) const;

  scenarios::Testbed& testbed_;
  std::filesystem::path run_directory_;
  EventLog& log_;
  Show show_;
  Faults faults_;
  nlohmann::ordered_json described_;
  Instant started_;
  bool algorithm_failed_ = false;
};

}  // namespace cats::suite
