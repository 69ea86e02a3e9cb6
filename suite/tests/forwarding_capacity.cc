// `forwarding-capacity` (docs/tests.md; RFC 8456, 5.2.3): how many sessions does the ingress' table hold while new ones
// are still tracked and steered?
#include <algorithm>
#include <map>

#include "base/error.h"
#include "suite/report/figure.h"
#include "suite/tests/afterwards.h"
#include "suite/tests/phases.h"
#include "suite/tests/steps.h"
#include "suite/tests/tests.h"
#include "suite/tests/workload.h"

namespace cats::suite {
namespace {

// Between two `flows_held` of one step, over all ingresses.
struct Step {
  std::int64_t held = 0;      // by the ingress that held least
  std::int64_t dropped = 0;   // entries that were no longer there at the step's end
  std::int64_t sessions = 0;  // opened by hosts
  std::int64_t unanswered = 0;
  std::int64_t unsteered = 0;  // sessions that the flow table gave no mark
  std::string refused;         // by the kernel: why
  std::int64_t limit = 0;      // of the kernel
};

std::vector<Step> steps_of(const RunData& data, const Trial& trial) {
  std::map<std::string, std::vector<const Event*>> by_ingress;
  for (const Event* event : data.events("flows_held", trial.started_ns, trial.ended_ns))
    by_ingress[event->node].push_back(event);
  std::vector<Step> steps;
  for (const auto& [ingress, events] : by_ingress) {
    // One at the beginning of each step, and one at its end.
    if (events.size() % 2 != 0 || (!steps.empty() && events.size() != 2 * steps.size()))
      throw MeasurementError(fmt::format("trial {}: {} logged {} flows_held", trial.id, ingress, events.size()));
    const bool first = steps.empty();
    steps.resize(events.size() / 2);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const Event& before = *events[2 * i];
      const Event& after = *events[2 * i + 1];
      Step& step = steps[i];
      step.held = first ? before.ns("held") : std::min(step.held, before.ns("held"));
      step.dropped += before.ns("held") - after.ns("kept");
      step.unsteered -= after.ns("steered") - before.ns("steered");
      if (before.at("refused").is_string()) step.refused = before.text("refused");
      step.limit = before.ns("limit");
    }
  }
  if (steps.empty()) throw MeasurementError(fmt::format("trial {}: no ingress logged flows_held", trial.id));
  const auto& events = by_ingress.begin()->second;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Phase step{"", events[2 * i]->t_ns, events[2 * i + 1]->t_ns};
    for (const Session* session : data.sessions(trial.id))
      steps[i].sessions += step.contains(session->started_ns) ? 1 : 0;
    for (const Request* request : data.requests(trial.id))
      if (step.contains(request->scheduled_ns) && request->status != "ok") ++steps[i].unanswered;
    steps[i].unsteered = std::max<std::int64_t>(steps[i].unsteered + steps[i].sessions, 0);
  }
  return steps;
}

class ForwardingCapacity final : public Test {
 public:
  std::string_view name() const override { return "forwarding-capacity"; }
  std::string_view title() const override { return "how many sessions the ingress' table holds and still steers"; }
  std::string_view primary_figure() const override { return "entries_held"; }
  std::string_view emulator_only() const override { return "the entries that the kernel's session table holds"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{{"entries_held", "entries"},
                                                                {"dropped_entries", "entries"},
                                                                {"unanswered_requests", "requests"},
                                                                {"unsteered_sessions", "sessions"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"first", "none", 2500, 2500, 1, 1000000, "entries of the first step; each doubles them"},
        {"limit", "none", 20000, 10000, 1, 1000000, "entries of the last step"},
        {"check_s", "s", 1, 1, 0.2, 60, "how long new sessions are opened in each step"},
        {"rate", "/s", 25, 25, 1, 1000, "new sessions of each host"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    const auto steps = static_cast<std::int64_t>(held_counts(c).size());
    return steps * (kSchedulingMargin + c.duration("check_s") + from_seconds(0.5));
  }

  std::optional<std::string> impossible(const Conditions& c) const override {
    if (auto why = no_held_counts(c)) return why;
    if (c.southbound.starts_with("frr-")) return "FRR's routes choose the instance: no table counts what it steers";
    if (c.algorithm == "ecmp") return "ecmp leaves new flows to the router: the flow table marks none";
    return std::nullopt;
  }

  void run_trial(const TrialContext& context) const override {
    context.phase("warm-up", context.warm_up);
    Afterwards emptied([&context] { forget_flows(context.testbed); });
    wait_until_idle(context.testbed);
    forget_flows(context.testbed);
    hold_counts(context, [&context](std::int64_t count) {
      const bool full = hold(context, count);
      if (!full) open_sessions(context);
      hold(context, count);
      return !full;
    });
    emptied.now();
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial, const Conditions&) const override {
    for (const std::string& ingress : data.ingresses()) {
      const auto events = data.events("flows_held", trial.started_ns, trial.ended_ns);
      if (std::ranges::none_of(events, [&](const Event* event) { return event->node == ingress; }))
        return fmt::format("{} logged no flows_held", ingress);
    }
    return load_problem(data, trial);
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const override {
    std::vector<TrialSamples> held, dropped, unanswered, unsteered;
    std::int64_t entries = 0;
    std::int64_t sessions = 0;
    for (const Trial* trial : input.trials) {
      Step sum;
      for (const Step& step : steps_of(input.data, *trial)) {
        // Of a full table nothing is asked: it is the answer.
        if (!step.refused.empty())
          warnings.push_back({result.name, "entries_held",
                              fmt::format("trial {}: the kernel's limit: {} (nf_conntrack_max is {})", trial->index,
                                          step.refused, step.limit)});
        sum.held = std::max(sum.held, step.held);
        sum.dropped += step.dropped;
        sum.sessions += step.sessions;
        sum.unanswered += step.unanswered;
        sum.unsteered += step.unsteered;
        sum.refused = step.refused;
      }
      if (sum.refused.empty())
        warnings.push_back(
            {result.name, "entries_held",
             fmt::format("trial {}: the kernel refused none: {} is the test's limit", trial->index, sum.held)});
      entries += sum.held;
      sessions += sum.sessions;
      held.push_back(TrialSamples::with_value(*trial, static_cast<double>(sum.held)));
      dropped.push_back(TrialSamples::with_value(*trial, static_cast<double>(sum.dropped)));
      unanswered.push_back(TrialSamples::with_value(*trial, static_cast<double>(sum.unanswered)));
      unsteered.push_back(TrialSamples::with_value(*trial, static_cast<double>(sum.unsteered)));
    }
    const std::string log = "events/<ingress>.jsonl";
    add_figure(result, "entries_held", {"entries", "of a trial", "dut", log}, std::move(held));
    judge_exact(add_figure(result, "dropped_entries", {"entries", "of a trial", "dut", log}, std::move(dropped)), 0,
                entries, "entries");
    judge_exact(add_figure(result, "unanswered_requests",
                           {"requests", "of a trial", "outside", "samples/<host>.requests.csv"}, std::move(unanswered)),
                0, sessions, "new sessions");
    judge_exact(add_figure(result, "unsteered_sessions", {"sessions", "of a trial", "both", log}, std::move(unsteered)),
                0, sessions, "new sessions");
  }

 private:
  // Whether a kernel refused one.
  static bool hold(const TrialContext& context, std::int64_t count) {
    bool full = false;
    for (const std::string& ingress : context.testbed.ingresses()) {
      const auto reply = context.testbed.command(ingress, {{"do", "hold_flows"},
                                                           {"service", context.testbed.sites().front().cs_id.str()},
                                                           {"port", context.scenario.service.port},
                                                           {"count", count}});
      full = full || !reply.at("refused").is_null();
    }
    return full;
  }

  // New sessions of every host for `check`, all answered or given up when it returns.
  static void open_sessions(const TrialContext& context) {
    scenarios::Testbed& testbed = context.testbed;
    const Conditions& c = context.conditions;
    const Instant start = testbed.now() + kSchedulingMargin;
    nlohmann::json request = load_request(context, start, c.duration("check_s"), Sessions::brief);
    request["short"] = {{"rate", c.number("rate")}, {"arrivals", "constant"}, {"requests", 1}, {"gap_ns", 0}};
    begin_load(testbed, request);
    testbed.sleep_until(start + c.duration("check_s"));
    end_load(testbed);
  }
};

}  // namespace

const Test& forwarding_capacity_test() {
  static const ForwardingCapacity test;
  return test;
}

}  // namespace cats::suite
