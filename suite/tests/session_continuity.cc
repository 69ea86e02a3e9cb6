// 5.2 `session-continuity` (docs/tests.md): do sessions survive a change of the selection, and do new ones follow it?
#include <algorithm>
#include <map>

#include "suite/report/figure.h"
#include "suite/stats/statistics.h"
#include "suite/tests/phases.h"
#include "suite/tests/session_figures.h"
#include "suite/tests/session_table.h"
#include "suite/tests/steering.h"
#include "suite/tests/tests.h"
#include "suite/tests/workload.h"

namespace cats::suite {
namespace {

constexpr Duration kAgingLimit = std::chrono::seconds(1);

// The site with most open sessions; among equals the one of the lowest CSCI-ID.
const scenarios::Site& busiest(scenarios::Testbed& testbed) {
  const scenarios::Site* best = nullptr;
  std::int64_t most = -1;
  for (const scenarios::Site& site : testbed.sites()) {
    const auto connections = testbed.command(site.node, {{"do", "status"}}).at("connections").get<std::int64_t>();
    if (connections < most || (connections == most && best->csci < site.csci)) continue;
    best = &site;
    most = connections;
  }
  if (best == nullptr) throw MeasurementError("the testbed has no site");
  return *best;
}

// Sessions that were open at the step, by the instance that answered them.
std::map<std::string, int> sessions_at(const std::vector<TracedSession>& sessions, std::int64_t t_ns) {
  std::map<std::string, int> counts;
  for (const TracedSession& row : sessions) {
    const Session& session = *row.session;
    if (!session.connected_ns || *session.connected_ns > t_ns || session.closed_ns.value_or(t_ns + 1) <= t_ns) continue;
    if (const auto answered = row.answered(); !answered.empty()) ++counts[answered.front()];
  }
  return counts;
}

// A session that was opened after the step and answered.
struct NewSession {
  std::int64_t started_ns = 0;
  std::string instance;
  const InForce* decision = nullptr;  // in force when it began; nullptr: none was
};

struct TrialView {
  const Trial* trial = nullptr;
  LoadStep step;
  std::vector<TracedSession> sessions;
  std::map<std::string, std::vector<InForce>> decisions;  // by ingress
  std::vector<NewSession> opened;                         // by time
};

TrialView view_of(const RunData& data, const Trial& trial) {
  const auto step = load_step(data, trial);
  if (!step) throw MeasurementError("trial " + trial.id + ": no load_changed after the phase stable began");
  TrialView view{&trial, *step, trace_sessions(data, trial), {}, {}};
  for (const std::string& ingress : data.ingresses())
    view.decisions[ingress] = decisions_in_force(data, trial, ingress);
  const Phase& measure = phase_of(trial, kMeasurePhase);
  for (const TracedSession& row : view.sessions) {
    if (row.session->kind != "short" || row.session->started_ns < step->t_ns ||
        row.session->started_ns >= measure.to_ns)
      continue;
    const auto answered = row.answered();
    if (answered.empty()) continue;
    const std::string& ingress = row.entry ? row.entry->ingress : data.ingresses().front();
    view.opened.push_back(
        {row.session->started_ns, answered.front(), at(view.decisions[ingress], row.session->started_ns)});
  }
  std::sort(view.opened.begin(), view.opened.end(),
            [](const NewSession& a, const NewSession& b) { return a.started_ns < b.started_ns; });
  return view;
}

// From the step to the first new session on another instance under a decision that saw the step.
std::optional<double> steering_delay_ms(const TrialView& view) {
  for (const NewSession& opened : view.opened)
    if (opened.instance != view.step.csci && opened.decision != nullptr && saw_step(*opened.decision, view.step))
      return to_ms(Duration(opened.started_ns - view.step.t_ns));
  return std::nullopt;
}

class SessionContinuity final : public Test {
 public:
  std::string_view name() const override { return "session-continuity"; }
  std::string_view title() const override { return "sessions survive, and new ones follow the selection"; }
  std::string_view primary_figure() const override { return "steering_delay_ms"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{
        {"broken_sessions", "sessions"}, {"instance_changes", "changes"}, {"failed_requests", "requests"},
        {"longest_stall_ms", "ms"},      {"table_match_share", "1"},      {"steering_delay_ms", "ms"},
        {"loaded_share", "1"},           {"aging_error_ms", "ms"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"react_s", "s", 10, 4, 1, 3600,
         "after the load step, with the workload running; T longer where a manager holds updates"},
        {"load", "share", 0.8, 0.8, 0.05, 8, "background load of the step, relative to the instance's quota"},
        {"state_timer_s", "s", 10, 10, 1, 3600, "of the session table's entries after a session was closed"},
        {"poll_ms", "ms", 100, 100, 10, 1000, "between dumps of the session table"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return kSchedulingMargin + stable_time(c.interval) + react_time(c) + aging_time(c);
  }

  void run_trial(const TrialContext& context) const override {
    scenarios::Testbed& testbed = context.testbed;
    const Conditions& conditions = context.conditions;
    const Duration react = react_time(conditions);
    for (const std::string& ingress : testbed.ingresses()) {
      testbed.command(ingress, {{"do", "forget_flows"}});
      testbed.command(ingress, {{"do", "watch_flows"},
                                {"interval_ms", conditions.duration("poll_ms") / std::chrono::milliseconds(1)}});
    }
    const Duration stable = stable_time(conditions.interval);
    const Instant start = testbed.now() + kSchedulingMargin;
    begin_load(testbed, load_request(context, start, context.warm_up + stable + react + kSchedulingMargin));
    context.phase("warm-up", kSchedulingMargin + context.warm_up);
    context.phase("stable", stable);
    const scenarios::Site& site = busiest(testbed);
    context.begin_phase(kMeasurePhase);
    testbed.command(site.node, {{"do", "background_load"}, {"cores", conditions.number("load") * site.quota_cores}});
    testbed.sleep_until(testbed.now() + react);
    close_load(context);
    testbed.command(site.node, {{"do", "background_load"}, {"cores", 0}});
    context.phase("aging", aging_time(conditions));
    for (const std::string& ingress : testbed.ingresses())
      testbed.command(ingress, {{"do", "watch_flows"}, {"interval_ms", 0}});
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial,
                                         const Conditions& conditions) const override {
    const auto step = load_step(data, trial);
    if (!step) return "no load_changed after the phase stable began";
    if (auto problem = load_problem(data, trial)) return problem;
    if (auto problem = instability(data, trial, *step, stable_time(conditions.interval))) return problem;
    const auto counts = sessions_at(trace_sessions(data, trial), step->t_ns);
    for (const auto& [csci, count] : counts)
      if (const auto loaded = counts.find(step->csci); loaded == counts.end() || count > loaded->second)
        // Under equal weights the sessions spread, and a difference of a few says nothing.
        if (conditions.uses_metrics)
          return fmt::format("{} was loaded, but {} had more sessions", site_name(data, step->csci),
                             site_name(data, csci));
    return std::nullopt;
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const override {
    std::vector<TrialView> views;
    for (const Trial* trial : input.trials) views.push_back(view_of(input.data, *trial));
    std::vector<TrialSessions> sessions;
    for (const TrialView& view : views) sessions.push_back({view.trial, &view.sessions});
    add_session_figures(sessions, MustHold::yes, result, warnings);
    add_stall_figure(sessions, "aging", result);
    add_table(views, result);
    add_steering(input, views, result);
    add_loaded_share(views, result);
    add_aging(input, views, result, warnings);
  }

 private:
  static Duration react_time(const Conditions& c) { return c.duration("react_s") + c.longest_wait(); }
  static Duration aging_time(const Conditions& c) {
    return c.duration("state_timer_s") + kAgingLimit + std::chrono::milliseconds(500);
  }

  static void add_table(const std::vector<TrialView>& views, TestResult& result) {
    std::vector<TrialSamples> shares;
    std::int64_t all = 0;
    for (const TrialView& view : views) {
      double answered = 0;
      double matching = 0;
      for (const TracedSession& row : view.sessions) {
        if (row.answered().empty()) continue;
        ++answered;
        matching += row.matches_table() ? 1 : 0;
      }
      all += static_cast<std::int64_t>(answered);
      shares.push_back(answered > 0 ? TrialSamples::with_value(*view.trial, matching / answered)
                                    : TrialSamples::without_value(*view.trial, "no session was answered"));
    }
    judge_exact(add_figure(result, "table_match_share", {"1", "share", "both", "events/<ingress>.jsonl"}, shares), 1,
                all, "sessions with a reply");
  }

  static void add_steering(const AnalysisInput& input, const std::vector<TrialView>& views, TestResult& result) {
    std::vector<TrialSamples> delays;
    std::string stood_still;
    bool nothing_opened = false;
    for (const TrialView& view : views) {
      nothing_opened = nothing_opened || view.opened.empty();
      const auto delay = input.conditions.uses_metrics ? steering_delay_ms(view) : std::nullopt;
      if (delay) {
        delays.push_back(TrialSamples::with_value(*view.trial, *delay, {*delay}));
        continue;
      }
      const std::string why = input.conditions.uses_metrics
                                  ? "no new session reached another instance under a decision that saw the load step"
                                  : input.conditions.algorithm + " ignores metrics";
      delays.push_back(TrialSamples::without_value(*view.trial, why));
      if (stood_still.empty()) stood_still = fmt::format("trial {}: {}", view.trial->index, why);
    }
    Figure& figure =
        add_figure(result, "steering_delay_ms", {"ms", "mean", "both", "samples/<host>.sessions.csv"}, delays);
    if (!input.conditions.uses_metrics)
      set_verdict(figure, Verdict::not_applicable, input.conditions.algorithm + " ignores metrics");
    else if (nothing_opened)
      set_verdict(figure, Verdict::error, "no new session was answered after the load step");
    else
      set_verdict(figure, stood_still.empty() ? Verdict::pass : Verdict::fail, stood_still);
  }

  // Pooled over the trials: the share of new sessions on the loaded instance against the mean of the weights in force
  // when each began.
  static void add_loaded_share(const std::vector<TrialView>& views, TestResult& result) {
    std::vector<TrialSamples> shares;
    std::int64_t hits = 0;
    std::int64_t sessions = 0;
    double weights = 0;
    bool weighted = true;
    for (const TrialView& view : views) {
      double loaded = 0;
      for (const NewSession& opened : view.opened) {
        loaded += opened.instance == view.step.csci ? 1 : 0;
        if (opened.decision == nullptr || opened.decision->weights.empty())
          weighted = false;
        else if (const auto weight = opened.decision->weights.find(view.step.csci);
                 weight != opened.decision->weights.end())
          weights += weight->second;
      }
      const auto n = static_cast<std::int64_t>(view.opened.size());
      hits += static_cast<std::int64_t>(loaded);
      sessions += n;
      shares.push_back(
          n > 0 ? TrialSamples::with_value(*view.trial, loaded / static_cast<double>(n))
                : TrialSamples::without_value(*view.trial, "no new session was answered after the load step"));
    }
    Figure& figure = add_figure(result, "loaded_share", {"1", "share", "both", "samples/<host>.sessions.csv"}, shares);
    if (sessions == 0) return set_verdict(figure, Verdict::error, "");
    if (!weighted)
      return set_verdict(figure, Verdict::not_applicable,
                         "new sessions were left to the router's multipath: no weights");
    const double expected = weights / static_cast<double>(sessions);
    const stats::Interval interval = stats::share_interval(hits, sessions);
    figure.theory = {{"expected", expected},
                     {"hits", hits},
                     {"sessions", sessions},
                     {"interval99", {interval.lo, interval.hi}},
                     {"method", "Clopper-Pearson, pooled over trials"}};
    const bool follows = interval.contains(expected);
    set_verdict(figure, follows ? Verdict::pass : Verdict::fail,
                follows
                    ? ""
                    : fmt::format("{} of {} new sessions on the loaded instance (99 % interval {:.4g} to {:.4g}), the "
                                  "weights in force say {:.4g}",
                                  hits, sessions, interval.lo, interval.hi, expected));
  }

  static void add_aging(const AnalysisInput& input, const std::vector<TrialView>& views, TestResult& result,
                        std::vector<Warning>& warnings) {
    const Duration timer = input.conditions.duration("state_timer_s");
    const Duration poll = input.conditions.duration("poll_ms");
    std::vector<TrialSamples> errors;
    Duration gap{};
    for (const TrialView& view : views) {
      std::vector<double> samples;
      for (const TracedSession& row : view.sessions)
        if (const auto error = row.aging_error_ms(timer, phase_of(*view.trial, "aging").to_ns))
          samples.push_back(*error);
      errors.push_back(
          TrialSamples::of(*view.trial, samples, samples.empty() ? "no closed session's entry was watched" : ""));
      gap = std::max(gap, longest_poll_gap(input.data, *view.trial));
    }
    add_figure(result, "aging_error_ms", {"ms", "max", "dut", "events/<ingress>.jsonl"}, errors);
    judge_every(result, "aging_error_ms", {"<=", to_ms(kAgingLimit)});
    if (gap > 3 * poll)
      warnings.push_back({result.name, "aging_error_ms",
                          fmt::format("two dumps of the session table were {:.0f} ms apart, {:.0f} were asked for",
                                      to_ms(gap), to_ms(poll))});
  }
};

}  // namespace

const Test& session_continuity_test() {
  static const SessionContinuity test;
  return test;
}

}  // namespace cats::suite
