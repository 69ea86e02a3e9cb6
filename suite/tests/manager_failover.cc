// `manager-failover` (docs/tests.md; RFC 8456, section 5.4.1, for the edge server manager): it is killed in mid-run and
// started anew. What is lost meanwhile, and is everything there afterwards, once?
#include <algorithm>
#include <map>

#include "base/error.h"
#include "suite/report/figure.h"
#include "suite/tests/losses.h"
#include "suite/tests/phases.h"
#include "suite/tests/tests.h"
#include "suite/tests/updates.h"

namespace cats::suite {
namespace {

constexpr const char* kRestWay = "rest";

struct ReturnView {
  const Trial* trial = nullptr;
  Loss loss;
  WayUpdates updates;
  UpdateCounts counts;
  std::int64_t followed_ns = 0;            // every receiver follows the manager again; at the earliest when it answers
  std::optional<std::int64_t> noticed_ns;  // the last receiver has noticed
  std::optional<std::int64_t> resumed_ns;  // the first new metric at each receiver, the last of them
  std::int64_t lost_before = 0, lost_after = 0, sent_after = 0;  // updates × receivers
  double gap_ms = 0;  // the longest time without a report of one source at one receiver
};

WayUpdates rest_way(const RunData& data, const Trial& trial) {
  for (const WayUpdates& way : updates_of(data, trial))
    if (way.via == kRestWay) return way;
  throw MeasurementError(fmt::format("trial {}: nobody gets metrics by REST (event testbed)", trial.id));
}

// The first `manager_state` of that kind after `since`.
std::optional<std::int64_t> state_after(const RunData& data, const Trial& trial, const std::string& node, bool up,
                                        std::int64_t since) {
  for (const Event* event : data.events("manager_state", since, trial.ended_ns))
    if (event->node == node && event->at("up").get<bool>() == up) return event->t_ns;
  return std::nullopt;
}

void look_at_receiver(const RunData& data, const std::string& receiver, ReturnView& view) {
  const Trial& trial = *view.trial;
  const Phase& measure = phase_of(trial, kMeasurePhase);
  std::map<std::string, std::int64_t> last;  // by source
  std::optional<std::int64_t> first;
  for (const Event* event : data.events("metric_received", trial.started_ns, trial.ended_ns)) {
    if (event->node != receiver || event->text("via") != kRestWay) continue;
    const auto [known, is_new] = last.try_emplace(event->text("source"), event->t_ns);
    if (!is_new && event->t_ns >= measure.from_ns)
      view.gap_ms = std::max(view.gap_ms, to_ms(Duration(event->t_ns - known->second)));
    known->second = event->t_ns;
    if (event->t_ns > view.loss.restored_ns && !first) first = event->t_ns;
  }
  view.resumed_ns = first && view.resumed_ns ? std::optional(std::max(*view.resumed_ns, *first)) : std::nullopt;
  const auto noticed = state_after(data, trial, receiver, false, view.loss.lost_ns);
  view.noticed_ns = noticed && view.noticed_ns ? std::optional(std::max(*view.noticed_ns, *noticed)) : std::nullopt;
  // Without a word of it, what was sent when the manager answered counts as sent to one that is followed.
  if (noticed)
    if (const auto back = state_after(data, trial, receiver, true, view.loss.started_ns))
      view.followed_ns = std::max(view.followed_ns, *back);
}

ReturnView view_of(const RunData& data, const Trial& trial) {
  ReturnView view;
  view.trial = &trial;
  view.loss = loss_of(data, trial);
  view.updates = rest_way(data, trial);
  view.counts = count_updates(view.updates, trial);
  view.followed_ns = view.loss.restored_ns;
  view.noticed_ns = view.loss.lost_ns;
  view.resumed_ns = view.loss.restored_ns;
  for (const std::string& receiver : view.updates.receivers) look_at_receiver(data, receiver, view);
  for (const auto& [source, by_sequence] : view.updates.sources)
    for (const auto& [sequence, update] : by_sequence) {
      const bool after = update.sent->t_ns >= view.followed_ns;
      const auto missing = static_cast<std::int64_t>(view.updates.receivers.size() - update.received.size());
      (after ? view.lost_after : view.lost_before) += missing;
      if (after) view.sent_after += static_cast<std::int64_t>(view.updates.receivers.size());
    }
  return view;
}

class ManagerFailover final : public Test {
 public:
  std::string_view name() const override { return "manager-failover"; }
  std::string_view title() const override {
    return "the edge server manager is killed: metrics go on after its return";
  }
  std::string_view primary_figure() const override { return "resume_ms"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{
        {"coverage", "1"},        {"lost_after", "updates"}, {"lost_while_away", "updates"}, {"duplicated", "updates"},
        {"reordered", "updates"}, {"resume_ms", "ms"},       {"noticed_ms", "ms"},           {"gap_ms", "ms"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"outage_s", "s", 4, 2, 0.1, 3600, "from the kill to the start"},
        {"measure_s", "s", 10, 5, 1, 3600, "how long updates are followed after the start; 3T longer"},
        {"drain_s", "s", 1, 0.5, 0.1, 60, "for the last updates to arrive; T longer"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return 2 * c.interval + c.duration("outage_s") + after_time(c) + drain_time(c);
  }

  std::optional<std::string> impossible(const Conditions& c) const override {
    if (c.mode != "distributed") return std::nullopt;
    return "in distributed mode there is no edge server manager";
  }

  void run_trial(const TrialContext& context) const override {
    scenarios::Testbed& testbed = context.testbed;
    const Conditions& conditions = context.conditions;
    const std::string manager = node_with(context.scenario, topologies::Role::kManager);
    context.phase("warm-up", context.warm_up);
    context.begin_phase(kMeasurePhase);
    // What the manager held when it was killed was sent within T before.
    testbed.sleep_until(testbed.now() + conditions.interval + moment_in_interval(context));
    const Instant lost = testbed.now();
    lose(context, manager, scenarios::Part::agent);
    testbed.sleep_until(lost + conditions.duration("outage_s"));
    restore(context, manager, scenarios::Part::agent);
    testbed.sleep_until(testbed.now() + after_time(conditions));
    context.phase("drain", drain_time(conditions));
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData&, const Trial&, const Conditions&) const override {
    return std::nullopt;  // it offers no load, and what happens to updates is the result
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>&) const override {
    std::vector<ReturnView> views;
    for (const Trial* trial : input.trials) views.push_back(view_of(input.data, *trial));
    add_counts(views, result);
    add_times(views, result);
  }

 private:
  static Duration after_time(const Conditions& c) { return c.duration("measure_s") + 3 * c.interval; }
  static Duration drain_time(const Conditions& c) { return c.duration("drain_s") + c.interval; }

  static void add_counts(const std::vector<ReturnView>& views, TestResult& result) {
    std::vector<TrialSamples> coverage, after, away, duplicated, reordered;
    std::int64_t sent = 0;
    std::int64_t received = 0;
    for (const ReturnView& view : views) {
      sent += view.sent_after;
      received += view.counts.received;
      coverage.push_back(
          view.sent_after > 0
              ? TrialSamples::with_value(*view.trial, static_cast<double>(view.sent_after - view.lost_after) /
                                                          static_cast<double>(view.sent_after))
              : TrialSamples::without_value(*view.trial, "nothing was sent after its return"));
      after.push_back(TrialSamples::with_value(*view.trial, static_cast<double>(view.lost_after)));
      away.push_back(TrialSamples::with_value(*view.trial, static_cast<double>(view.lost_before)));
      duplicated.push_back(TrialSamples::with_value(*view.trial, static_cast<double>(view.counts.duplicated)));
      reordered.push_back(TrialSamples::with_value(*view.trial, static_cast<double>(view.counts.reordered)));
    }
    const std::string data = "events/<controller>.jsonl";
    judge_exact(add_figure(result, "coverage", {"1", "share", "both", data}, coverage), 1, sent, "updates sent after");
    judge_exact(add_figure(result, "lost_after", {"updates", "sum", "both", data}, after), 0, sent,
                "updates sent after");
    add_figure(result, "lost_while_away", {"updates", "sum", "both", data}, away);
    judge_exact(add_figure(result, "duplicated", {"updates", "sum", "both", data}, duplicated), 0, received,
                "updates received");
    judge_exact(add_figure(result, "reordered", {"updates", "sum", "both", data}, reordered), 0, received,
                "updates received");
  }

  static void add_times(const std::vector<ReturnView>& views, TestResult& result) {
    std::vector<TrialSamples> resume, noticed, gaps;
    std::string never;
    for (const ReturnView& view : views) {
      if (view.resumed_ns) {
        const double ms = to_ms(Duration(*view.resumed_ns - view.loss.restored_ns));
        resume.push_back(TrialSamples::with_value(*view.trial, ms, {ms}));
      } else {
        resume.push_back(TrialSamples::without_value(*view.trial, "no new metric came after its return"));
        if (never.empty()) never = fmt::format("trial {}: no new metric came after its return", view.trial->index);
      }
      noticed.push_back(
          view.noticed_ns
              ? TrialSamples::with_value(*view.trial, to_ms(Duration(*view.noticed_ns - view.loss.lost_ns)))
              : TrialSamples::without_value(*view.trial, "the controller did not say that it had lost the manager"));
      gaps.push_back(TrialSamples::with_value(*view.trial, view.gap_ms));
    }
    const FigureKind kind{"ms", "mean", "both", "events/<controller>.jsonl"};
    set_verdict(add_figure(result, "resume_ms", kind, resume), never.empty() ? Verdict::pass : Verdict::fail, never);
    add_figure(result, "noticed_ms", kind, noticed);
    add_figure(result, "gap_ms", {"ms", "max", "both", kind.data}, gaps);
  }
};

}  // namespace

const Test& manager_failover_test() {
  static const ManagerFailover test;
  return test;
}

}  // namespace cats::suite
