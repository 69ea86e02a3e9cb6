#include "suite/tests/session_figures.h"

#include <algorithm>

#include "suite/tests/phases.h"

namespace cats::suite {

void add_session_figures(const std::vector<TrialSessions>& trials, MustHold must, TestResult& result,
                         std::vector<Warning>& warnings) {
  std::vector<TrialSamples> broken, changes, failed;
  std::int64_t sessions = 0;
  std::int64_t pairs = 0;
  double all_failed = 0;
  for (const TrialSessions& view : trials) {
    double broke = 0;
    double changed = 0;
    double not_ok = 0;
    for (const TracedSession& row : *view.sessions) {
      if (row.session->connected_ns) ++sessions;
      broke += row.session->outcome == "broken" ? 1 : 0;
      changed += row.instance_changes();
      pairs += std::max<std::int64_t>(static_cast<std::int64_t>(row.answered().size()) - 1, 0);
      for (const Request* request : row.requests) not_ok += request->status == "ok" ? 0 : 1;
    }
    all_failed += not_ok;
    broken.push_back(TrialSamples::with_value(*view.trial, broke));
    changes.push_back(TrialSamples::with_value(*view.trial, changed));
    failed.push_back(TrialSamples::with_value(*view.trial, not_ok));
  }
  Figure& breaks =
      add_figure(result, "broken_sessions", {"sessions", "sum", "outside", "samples/<host>.sessions.csv"}, broken);
  if (must == MustHold::yes) judge_exact(breaks, 0, sessions, "sessions");
  Figure& moves =
      add_figure(result, "instance_changes", {"changes", "sum", "outside", "samples/<host>.requests.csv"}, changes);
  if (must == MustHold::yes) judge_exact(moves, 0, pairs, "replies that follow another in their session");
  add_figure(result, "failed_requests", {"requests", "sum", "outside", "samples/<host>.requests.csv"}, failed);
  if (all_failed > 0)
    warnings.push_back({result.name, "failed_requests", fmt::format("{} requests failed", all_failed)});
}

void add_stall_figure(const std::vector<TrialSessions>& trials, std::string_view until, TestResult& result) {
  std::vector<TrialSamples> stalls;
  for (const TrialSessions& view : trials) {
    std::vector<double> samples;
    for (const TracedSession& row : *view.sessions)
      if (row.session->kind == "persistent" && !row.requests.empty())
        samples.push_back(row.longest_stall_ms(phase_of(*view.trial, until).from_ns));
    stalls.push_back(TrialSamples::of(*view.trial, std::move(samples), ""));
  }
  add_figure(result, "longest_stall_ms", {"ms", "max", "outside", "samples/<host>.requests.csv"}, stalls);
}

}  // namespace cats::suite
