#include "suite/tests/disturbance.h"

#include <algorithm>

#include "base/error.h"
#include "suite/report/figure.h"
#include "suite/tests/control_plane.h"
#include "suite/tests/phases.h"

namespace cats::suite {
namespace {

constexpr const char* kWithout = "without";
constexpr const char* kWith = "with";

struct Messages {
  std::int64_t sent = 0, refused = 0, accepted = 0, unanswered = 0;
  std::int64_t answered = 0;  // of the refused, by a response
  double per_second = 0;      // sent
};

Messages messages_of(const RunData& data, const Trial& trial) {
  const auto loads = data.events("rest_load", trial.started_ns, trial.ended_ns);
  if (loads.empty()) throw MeasurementError(fmt::format("trial {}: no rest_load was logged", trial.id));
  Messages all;
  for (const nlohmann::json& kind : loads.front()->at("messages")) {
    all.sent += kind.at("sent").get<std::int64_t>();
    all.refused += kind.at("refused").get<std::int64_t>();
    all.accepted += kind.at("accepted").get<std::int64_t>();
    all.unanswered += kind.at("unanswered").get<std::int64_t>();
    // An answer is in the controller's event log (docs/rest.md); the end of a connection that spoke no TLS is not.
    if (kind.at("kind") != "no-tls") all.answered += kind.at("refused").get<std::int64_t>();
  }
  const Duration length(loads.front()->t_ns - loads.front()->ns("started_ns"));
  all.per_second = static_cast<double>(all.sent) / to_seconds(length);
  return all;
}

std::int64_t logged_refusals(const RunData& data, const Trial& trial) {
  const std::string controller = controller_node(data);
  const auto refusals = data.events("refused", phase_of(trial, kWith).from_ns, trial.ended_ns);
  return std::ranges::count_if(refusals, [&](const Event* event) { return event->node == controller; });
}

}  // namespace

scenarios::Parameter half_parameter() {
  return {"measure_s", "s", 5, 3, 0.5, 3600, "how long metrics are followed without, and then with the messages"};
}

const std::vector<scenarios::FigureDeclaration>& Disturbance::figures() const {
  static const std::vector<scenarios::FigureDeclaration> list = [] {
    auto all = compared_declarations();
    all.insert(all.end(), {{"accepted", "messages"},
                           {"changed", "changes"},
                           {"unlogged", "messages"},
                           {"refused_share", "1"},
                           {"message_rate", "messages/s"}});
    return all;
  }();
  return list;
}

Duration Disturbance::length(const scenarios::Scenario& /*scenario*/, const Conditions& conditions) const {
  return 2 * conditions.duration("measure_s") + settle_time(conditions);
}

std::optional<std::string> Disturbance::impossible(const Conditions& conditions) const {
  return no_controller(conditions);
}

void Disturbance::run_trial(const TrialContext& context) const {
  const Duration half = context.conditions.duration("measure_s");
  context.phase("warm-up", context.warm_up);
  context.phase(kWithout, half);
  context.begin_phase(kWith);
  context.testbed.command(kRestLoad, command(context.conditions));
  context.testbed.sleep_until(context.testbed.now() + half);
  context.begin_phase("drain");
  context.testbed.command(kRestLoad, {{"do", "release"}});
  context.testbed.sleep_until(context.testbed.now() + settle_time(context.conditions));
  context.begin_phase("done");
}

std::optional<std::string> Disturbance::void_reason(const RunData& data, const Trial& trial, const Conditions&) const {
  if (messages_of(data, trial).sent == 0) return "the REST load sent nothing";
  return std::nullopt;
}

void Disturbance::analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const {
  std::vector<Compared> compared;
  std::vector<TrialSamples> accepted, changed, unlogged, share, rate;
  std::int64_t sent = 0;
  std::int64_t answered = 0;
  std::int64_t updates = 0;
  for (const Trial* trial : input.trials) {
    const Phase& with = phase_of(*trial, kWith);
    const Phase& without = phase_of(*trial, kWithout);
    compared.push_back({trial, handling(input.data, *trial, with.from_ns, with.to_ns),
                        handling(input.data, *trial, without.from_ns, without.to_ns)});
    updates += compared.back().with.received;
    const Messages messages = messages_of(input.data, *trial);
    sent += messages.sent;
    answered += messages.answered;
    const std::int64_t missing = std::max<std::int64_t>(messages.answered - logged_refusals(input.data, *trial), 0);
    accepted.push_back(TrialSamples::with_value(*trial, static_cast<double>(messages.accepted)));
    changed.push_back(TrialSamples::with_value(
        *trial, static_cast<double>(unasked_changes(input.data, *trial, with.from_ns, trial->ended_ns))));
    unlogged.push_back(TrialSamples::with_value(*trial, static_cast<double>(missing)));
    share.push_back(
        TrialSamples::with_value(*trial, static_cast<double>(messages.refused) / static_cast<double>(messages.sent)));
    rate.push_back(TrialSamples::with_value(*trial, messages.per_second));
    if (messages.unanswered > 0)
      warnings.push_back({result.name, "refused_share",
                          fmt::format("trial {}: {} of {} messages were neither refused nor accepted", trial->index,
                                      messages.unanswered, messages.sent)});
  }
  add_compared(compared, result);
  const std::string sent_log = "events/rest-load.jsonl";
  const std::string controller_log = "events/<controller>.jsonl";
  add_exact(result, "accepted", {"messages", "of a trial", "outside", sent_log}, std::move(accepted), 0, sent,
            "messages sent");
  add_exact(result, "changed", {"changes", "of a trial", "dut", controller_log}, std::move(changed), 0, updates,
            "updates received");
  add_exact(result, "unlogged", {"messages", "of a trial", "dut", controller_log}, std::move(unlogged), 0, answered,
            "refusals");
  add_figure(result, "refused_share", {"1", "refused ÷ sent", "outside", sent_log}, std::move(share));
  add_figure(result, "message_rate", {"messages/s", "of a trial", "outside", sent_log}, std::move(rate));
}

}  // namespace cats::suite
