// `cps-failover` (docs/tests.md; RFC 8456, section 5.4.1, Controller Failover Time): who chooses is killed in mid-run
// and started anew. Do sessions live on, what steers meanwhile, and how long until it steers again by what is measured?
#include <algorithm>
#include <map>

#include "base/error.h"
#include "suite/report/figure.h"
#include "suite/tests/losses.h"
#include "suite/tests/phases.h"
#include "suite/tests/session_figures.h"
#include "suite/tests/steering.h"
#include "suite/tests/tests.h"
#include "suite/tests/workload.h"

namespace cats::suite {
namespace {

// What the loss was for one ingress that it concerned.
struct AtIngress {
  std::int64_t without = 0;                // decisions that came into force while it was lost
  std::int64_t longest_ns = 0;             // between two that came into force, from before the loss to the recovery
  std::optional<std::int64_t> recovered;   // the first in force on a sample taken after the start
  std::optional<std::int64_t> renewed;     // the first in force on such samples of every instance
  std::optional<std::int64_t> noticed_ns;  // the ingress said that it had lost the controller
};

struct FailoverView {
  const Trial* trial = nullptr;
  Loss loss;
  std::vector<TracedSession> sessions;
  std::vector<AtIngress> ingresses;
};

// Where an ingress refines what a controller orders, it also decides without it: by what it knows itself.
bool by_the_listener(const RunData& data, const InForce& decision) {
  if (data.decider_of(decision.ingress) == data.listener_of(decision.ingress)) return true;
  return decision.decision->fields.value("note", "").starts_with("candidate");
}

AtIngress at_ingress(const RunData& data, const Trial& trial, const Loss& loss, const std::string& ingress) {
  AtIngress result;
  std::int64_t before = 0;
  for (const InForce& decision : decisions_in_force(data, trial, ingress)) {
    const std::int64_t t = decision.from_ns;
    if (t > loss.lost_ns && before == 0)
      throw MeasurementError(
          fmt::format("trial {}: no decision of {} was in force when {} was lost", trial.id, ingress, loss.of));
    if (t > loss.lost_ns && !result.recovered) result.longest_ns = std::max(result.longest_ns, t - before);
    if (t > loss.lost_ns && t < loss.started_ns) ++result.without;
    before = t;
    if (t <= loss.started_ns || !by_the_listener(data, decision)) continue;
    const nlohmann::json& inputs = decision.decision->at("inputs");
    const auto fresh = std::ranges::count_if(
        inputs, [&](const nlohmann::json& input) { return sampled_after(input, loss.started_ns); });
    if (fresh > 0 && !result.recovered) result.recovered = t;
    if (static_cast<std::size_t>(fresh) == data.sites().size() && !result.renewed) result.renewed = t;
  }
  for (const Event* event : data.events("controller_state", loss.lost_ns, trial.ended_ns))
    if (event->node == ingress && !event->at("up").get<bool>() && !result.noticed_ns) result.noticed_ns = event->t_ns;
  return result;
}

FailoverView view_of(const RunData& data, const Trial& trial) {
  FailoverView view{&trial, loss_of(data, trial), sessions_of(data, trial), {}};
  for (const std::string& ingress : data.ingresses())
    if (data.listener_of(ingress) == view.loss.of)
      view.ingresses.push_back(at_ingress(data, trial, view.loss, ingress));
  if (view.ingresses.empty())
    throw MeasurementError(fmt::format("trial {}: {} was lost, and steers no ingress", trial.id, view.loss.of));
  const auto through = [&](const TracedSession& row) {
    return row.session->connected_ns && *row.session->connected_ns < view.loss.lost_ns &&
           row.session->closed_ns.value_or(trial.ended_ns) > view.loss.lost_ns;
  };
  if (std::ranges::none_of(view.sessions, through))
    throw MeasurementError(fmt::format("trial {}: no session was open when {} was lost", trial.id, view.loss.of));
  return view;
}

// The last of the ingresses; nothing when one has none.
std::optional<double> slowest_ms(const FailoverView& view, std::optional<std::int64_t> AtIngress::*moment,
                                 std::int64_t since) {
  std::int64_t last = since;
  for (const AtIngress& one : view.ingresses) {
    if (!(one.*moment)) return std::nullopt;
    last = std::max(last, *(one.*moment));
  }
  return to_ms(Duration(last - since));
}

class CpsFailover final : public Test {
 public:
  std::string_view name() const override { return "cps-failover"; }
  std::string_view title() const override { return "who chooses is killed: sessions live on, and it comes back"; }
  std::string_view primary_figure() const override { return "recovery_ms"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{{"broken_sessions", "sessions"},
                                                                {"instance_changes", "changes"},
                                                                {"failed_requests", "requests"},
                                                                {"longest_stall_ms", "ms"},
                                                                {"recovery_ms", "ms"},
                                                                {"renewal_ms", "ms"},
                                                                {"steering_gap_ms", "ms"},
                                                                {"decisions_without", "decisions"},
                                                                {"noticed_ms", "ms"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"outage_s", "s", 6, 4, 0.1, 3600, "from the kill to the start; an ingress gives a controller up after 3 s"},
        {"recover_s", "s", 6, 3, 0.5, 3600,
         "after the start, with the workload running; T + W longer, and T more where a manager holds updates"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return kSchedulingMargin + c.interval + c.duration("outage_s") + recover_time(c);
  }

  void run_trial(const TrialContext& context) const override {
    scenarios::Testbed& testbed = context.testbed;
    const Conditions& conditions = context.conditions;
    const std::string who = testbed.steering().front().listener;
    const Duration before = kSchedulingMargin + context.warm_up + moment_in_interval(context);
    const Duration outage = conditions.duration("outage_s");
    const Instant start = testbed.now() + kSchedulingMargin;
    begin_load(testbed,
               load_request(context, start, before + outage + kStart + recover_time(conditions) + kSchedulingMargin));
    context.phase("warm-up", before);
    context.begin_phase(kMeasurePhase);
    const Instant lost = testbed.now();
    lose(context, who, scenarios::Part::agent);
    testbed.sleep_until(lost + outage);
    restore(context, who, scenarios::Part::agent);
    testbed.sleep_until(testbed.now() + recover_time(conditions));
    close_load(context);
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial,
                                         const Conditions& /*conditions*/) const override {
    return load_problem(data, trial);
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const override {
    std::vector<FailoverView> views;
    std::vector<TrialSessions> sessions;
    for (const Trial* trial : input.trials) views.push_back(view_of(input.data, *trial));
    for (const FailoverView& view : views) sessions.push_back({view.trial, &view.sessions});
    add_session_figures(sessions, MustHold::yes, result, warnings);
    add_stall_figure(sessions, kClosePhase, result);
    add_recovery(input, views, result);
    add_meanwhile(input, views, result);
  }

 private:
  static constexpr Duration kStart = std::chrono::seconds(2);  // of a process, at most

  static Duration recover_time(const Conditions& c) {
    return c.duration("recover_s") + c.window + c.interval + c.longest_wait();
  }

  static void add_recovery(const AnalysisInput& input, const std::vector<FailoverView>& views, TestResult& result) {
    std::vector<TrialSamples> recovery, renewal;
    std::string never;
    for (const FailoverView& view : views) {
      const std::string why =
          fmt::format("{} decided nothing that came into force by what was measured after its start", view.loss.of);
      if (const auto ms = slowest_ms(view, &AtIngress::recovered, view.loss.started_ns)) {
        recovery.push_back(TrialSamples::with_value(*view.trial, *ms, {*ms}));
      } else {
        recovery.push_back(TrialSamples::without_value(*view.trial, why));
        if (never.empty()) never = fmt::format("trial {}: {}", view.trial->index, why);
      }
      const auto all = slowest_ms(view, &AtIngress::renewed, view.loss.started_ns);
      renewal.push_back(all ? TrialSamples::with_value(*view.trial, *all, {*all})
                            : TrialSamples::without_value(*view.trial, "no decision had new samples of all instances"));
    }
    const std::string ignored = input.conditions.algorithm + " ignores metrics";
    const auto verdict = [&](Figure& figure, const std::string& missing) {
      if (!input.conditions.uses_metrics)
        set_verdict(figure, Verdict::not_applicable, ignored);
      else
        set_verdict(figure, missing.empty() ? Verdict::pass : Verdict::fail, missing);
    };
    verdict(add_figure(result, "recovery_ms", {"ms", "mean", "dut", "events/<ingress>.jsonl"}, recovery), never);
    add_figure(result, "renewal_ms", {"ms", "mean", "dut", "events/<ingress>.jsonl"}, renewal);
  }

  // What steered while nobody listened to metrics.
  static void add_meanwhile(const AnalysisInput& input, const std::vector<FailoverView>& views, TestResult& result) {
    std::vector<TrialSamples> gaps, without, noticed;
    for (const FailoverView& view : views) {
      std::int64_t longest = 0;
      std::int64_t decisions = 0;
      for (const AtIngress& one : view.ingresses) {
        longest = std::max(longest, one.longest_ns);
        decisions += one.without;
      }
      const bool back = slowest_ms(view, &AtIngress::recovered, view.loss.started_ns).has_value();
      gaps.push_back(back ? TrialSamples::with_value(*view.trial, to_ms(Duration(longest)))
                          : TrialSamples::without_value(*view.trial, "it did not end"));
      without.push_back(TrialSamples::with_value(*view.trial, static_cast<double>(decisions)));
      const auto after = slowest_ms(view, &AtIngress::noticed_ns, view.loss.lost_ns);
      noticed.push_back(after ? TrialSamples::with_value(*view.trial, *after, {*after})
                              : TrialSamples::without_value(*view.trial, "no ingress gave the controller up"));
    }
    add_figure(result, "steering_gap_ms", {"ms", "max", "dut", "events/<ingress>.jsonl"}, gaps);
    add_figure(result, "decisions_without", {"decisions", "sum", "dut", "events/<ingress>.jsonl"}, without);
    if (input.conditions.cps == "split")
      add_figure(result, "noticed_ms", {"ms", "mean", "dut", "events/<ingress>.jsonl"}, noticed);
  }
};

}  // namespace

const Test& cps_failover_test() {
  static const CpsFailover test;
  return test;
}

}  // namespace cats::suite
