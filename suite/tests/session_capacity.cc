// `session-capacity` (docs/tests.md; RFC 8456, 5.2.1): how many sessions does the controller hold while it goes on
// collecting metrics and deciding?
#include <algorithm>

#include "base/error.h"
#include "suite/report/figure.h"
#include "suite/tests/control_plane.h"
#include "suite/tests/phases.h"
#include "suite/tests/steps.h"
#include "suite/tests/tests.h"

namespace cats::suite {
namespace {

constexpr const char* kWithout = "without";
constexpr const char* kRelease = "release";

// One trial's `rest_sessions` and `rest_released`.
struct Sessions {
  std::int64_t held = 0;     // at most at one time
  std::int64_t refused = 0;  // attempts
  std::int64_t unclean = 0;  // of the steps with a refusal: those where one was no answer
  std::int64_t dropped = 0;  // ended by the controller while they were held
  std::string why;           // of the first refusal
};

Sessions sessions_of(const RunData& data, const Trial& trial) {
  Sessions sessions;
  for (const Event* event : data.events("rest_sessions", trial.started_ns, trial.ended_ns)) {
    sessions.held = std::max(sessions.held, event->ns("held"));
    sessions.refused += event->ns("refused");
    if (event->ns("refused") > 0 && !event->at("clean").get<bool>()) ++sessions.unclean;
    if (sessions.why.empty() && event->at("why").is_string()) sessions.why = event->text("why");
  }
  const auto released = data.events("rest_released", trial.started_ns, trial.ended_ns);
  if (released.empty()) throw MeasurementError(fmt::format("trial {}: no rest_released was logged", trial.id));
  sessions.dropped = released.front()->ns("opened") - released.front()->ns("held");
  return sessions;
}

class SessionCapacity final : public Test {
 public:
  std::string_view name() const override { return "session-capacity"; }
  std::string_view title() const override { return "how many sessions the controller holds beside its work"; }
  std::string_view primary_figure() const override { return "sessions_held"; }
  std::string_view emulator_only() const override { return "the TLS sessions that a real controller holds"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list = [] {
      auto all = compared_declarations();
      all.insert(all.begin(),
                 {{"sessions_held", "sessions"}, {"dropped_sessions", "sessions"}, {"unclean_refusals", "steps"}});
      return all;
    }();
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"first", "none", 100, 100, 1, 100000, "of the first step; each doubles them"},
        {"limit", "none", 1600, 400, 1, 100000, "of the last step"},
        {"hold_s", "s", 1, 1, 0.1, 3600, "how long a step is held once its sessions are open"},
        {"without_s", "s", 4, 2, 0.5, 3600, "before the first session, to compare with"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    const auto steps = static_cast<std::int64_t>(held_counts(c).size());
    // Opening takes some milliseconds a session.
    const Duration opening = from_seconds(0.003 * c.number("limit"));
    return c.duration("without_s") + 2 * settle_time(c) + steps * c.duration("hold_s") + opening;
  }

  std::optional<std::string> impossible(const Conditions& c) const override {
    if (auto why = no_held_counts(c)) return why;
    return no_controller(c);
  }

  void run_trial(const TrialContext& context) const override {
    const Conditions& c = context.conditions;
    context.phase("warm-up", context.warm_up);
    context.phase(kWithout, c.duration("without_s"));
    hold_counts(context, [&](std::int64_t count) {
      const auto reply = context.testbed.command(kRestLoad, {{"do", "sessions"}, {"count", count}});
      context.testbed.sleep_until(context.testbed.now() + c.duration("hold_s"));
      return reply.at("held").get<std::int64_t>() >= count;
    });
    context.begin_phase(kRelease);
    context.testbed.command(kRestLoad, {{"do", "release"}});
    context.testbed.sleep_until(context.testbed.now() + settle_time(c));
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial, const Conditions&) const override {
    if (data.events("rest_sessions", trial.started_ns, trial.ended_ns).empty()) return "no sessions were asked for";
    return std::nullopt;
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const override {
    std::vector<TrialSamples> held, dropped, unclean;
    std::vector<Compared> compared;
    std::int64_t opened = 0;
    std::int64_t refused = 0;
    const auto limit = held_counts(input.conditions).back();
    for (const Trial* trial : input.trials) {
      const Sessions sessions = sessions_of(input.data, *trial);
      opened += sessions.held;
      refused += sessions.refused;
      held.push_back(TrialSamples::with_value(*trial, static_cast<double>(sessions.held)));
      dropped.push_back(TrialSamples::with_value(*trial, static_cast<double>(sessions.dropped)));
      unclean.push_back(TrialSamples::with_value(*trial, static_cast<double>(sessions.unclean)));
      if (sessions.held >= limit)
        warnings.push_back({result.name, "sessions_held",
                            fmt::format("trial {}: none was refused: {} is the test's limit", trial->index, limit)});
      else
        warnings.push_back({result.name, "sessions_held",
                            fmt::format("trial {}: the next one was refused: {}", trial->index, sessions.why)});
      compared.push_back(compare(input.data, *trial));
    }
    const std::string log = "events/rest-load.jsonl";
    add_figure(result, "sessions_held", {"sessions", "of a trial", "outside", log}, std::move(held));
    add_exact(result, "dropped_sessions", {"sessions", "of a trial", "outside", log}, std::move(dropped), 0, opened,
              "sessions");
    Figure& figure =
        add_figure(result, "unclean_refusals", {"steps", "of a trial", "outside", log}, std::move(unclean));
    if (refused > 0)
      judge_exact(figure, 0, refused, "refusals");
    else
      set_verdict(figure, Verdict::not_applicable, "no session was refused");
    add_compared(compared, result);
  }

 private:
  static Compared compare(const RunData& data, const Trial& trial) {
    const Phase& without = phase_of(trial, kWithout);
    const Phase& release = phase_of(trial, kRelease);
    return {&trial, handling(data, trial, without.to_ns, release.from_ns),
            handling(data, trial, without.from_ns, without.to_ns)};
  }
};

}  // namespace

const Test& session_capacity_test() {
  static const SessionCapacity test;
  return test;
}

}  // namespace cats::suite
