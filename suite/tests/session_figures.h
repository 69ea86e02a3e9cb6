// What became of sessions: figures that every test with a workload may have.
#pragma once

#include <string_view>
#include <vector>

#include "suite/report/figure.h"
#include "suite/tests/session_table.h"

namespace cats::suite {

struct TrialSessions {
  const Trial* trial = nullptr;
  const std::vector<TracedSession>* sessions = nullptr;
};

enum class MustHold { yes, no };

// `broken_sessions` and `instance_changes`, which must be 0 where sessions must hold and are not judged elsewhere, and
// `failed_requests`, of which a warning tells.
void add_session_figures(const std::vector<TrialSessions>& trials, MustHold must, TestResult& result,
                         std::vector<Warning>& warnings);

// `longest_stall_ms` of persistent sessions. `until`: the phase whose beginning ends the wait of what is never
// answered.
void add_stall_figure(const std::vector<TrialSessions>& trials, std::string_view until, TestResult& result);

}  // namespace cats::suite
