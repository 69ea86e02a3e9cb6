#include "suite/tests/control_plane.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "suite/stats/statistics.h"
#include "suite/tests/losses.h"
#include "suite/tests/phases.h"

namespace cats::suite {
namespace {

constexpr const char* kRest = "rest";
constexpr Duration kSettle = std::chrono::milliseconds(500);

using Key = std::pair<std::string, std::int64_t>;  // source, sequence

std::map<Key, const Event*> first_receipts(const RunData& data, const Trial& trial, std::int64_t from_ns) {
  const std::string controller = controller_node(data);
  std::map<Key, const Event*> receipts;
  for (const Event* event : data.events("metric_received", from_ns, trial.ended_ns))
    if (event->node == controller && event->text("via") == kRest)
      receipts.try_emplace({event->text("source"), event->ns("seq")}, event);
  return receipts;
}

struct SequenceRange {
  std::int64_t first = 0, end = 0;
  bool contains(std::int64_t sequence) const { return first <= sequence && sequence < end; }
};

SequenceRange range_of(const Event& burst) {
  return {burst.ns("first_seq"), burst.ns("first_seq") + burst.ns("updates")};
}

}  // namespace

std::optional<std::string> no_controller(const Conditions& conditions) {
  if (conditions.mode == "distributed") return "there is no controller in mode distributed";
  if (conditions.cps == "ingress") return "the controller decides nothing with \"cps: ingress\"";
  return std::nullopt;
}

bool has_controller(const scenarios::Testbed& testbed) {
  return std::ranges::any_of(testbed.steering(), [](const auto& one) { return one.listener != one.node; });
}

std::string controller_node(const RunData& data) {
  for (const ReceiverInfo& receiver : data.receivers())
    if (receiver.via == kRest) return receiver.node;
  throw MeasurementError("the runner's log names no receiver of metrics by REST (event testbed)");
}

Duration settle_time(const Conditions& conditions) { return conditions.longest_wait() + kSettle; }

ControllerDecisions::ControllerDecisions(const RunData& data, const Trial& trial) {
  for (const SiteInfo& site : data.sites()) service_of_[site.csci] = site.cs_id;
  const std::string controller = controller_node(data);
  for (const char* name : {"decision", "candidate"})
    for (const Event* event : data.events(name, trial.started_ns, trial.ended_ns))
      if (event->node == controller) decisions_[event->fields.value("service", "")].push_back(event->t_ns);
  for (auto& [service, times] : decisions_) std::ranges::sort(times);
}

std::optional<std::int64_t> ControllerDecisions::after(const std::string& csci, std::int64_t t_ns) const {
  const auto service = service_of_.find(csci);
  const auto times = service == service_of_.end() ? decisions_.end() : decisions_.find(service->second);
  if (times == decisions_.end()) return std::nullopt;
  const auto next = std::ranges::lower_bound(times->second, t_ns);
  return next == times->second.end() ? std::nullopt : std::optional(*next);
}

Handling handling(const RunData& data, const Trial& trial, std::int64_t from_ns, std::int64_t to_ns) {
  const auto receipts = first_receipts(data, trial, from_ns);
  const ControllerDecisions decisions(data, trial);
  Handling result;
  for (const Event* sent : data.events("metric_sent", from_ns, to_ns)) {
    if (sent->text("via") != kRest) continue;
    ++result.sent;
    const auto found = receipts.find({sent->text("source"), sent->ns("seq")});
    if (found == receipts.end()) continue;
    const Event& received = *found->second;
    ++result.received;
    result.delivery_ms.push_back(to_ms(Duration(received.t_ns - sent->t_ns)));
    if (const auto decided = decisions.after(found->first.first, received.t_ns))
      result.processing_ms.push_back(to_ms(Duration(*decided - received.t_ns)));
    else
      ++result.undecided;
  }
  if (result.sent == 0)
    throw MeasurementError(fmt::format("trial {}: no edge server logged a metric_sent by REST", trial.id));
  return result;
}

std::int64_t unasked_changes(const RunData& data, const Trial& trial, std::int64_t from_ns, std::int64_t to_ns) {
  const std::string controller = controller_node(data);
  const std::string algorithm = trial.conditions.value("algorithm", "");
  std::int64_t changes = 0;
  for (const char* name : {"decision", "candidate"})
    for (const Event* event : data.events(name, from_ns, to_ns))
      changes += event->node == controller && event->fields.value("algorithm", "") != algorithm ? 1 : 0;
  std::map<Key, const Event*> sent;  // also those of before, which may still be on their way
  for (const Event* event : data.events("metric_sent", 0, to_ns))
    if (event->text("via") == kRest) sent[{event->text("source"), event->ns("seq")}] = event;
  std::vector<SequenceRange> bursts;
  for (const Event& burst : data.events("burst")) bursts.push_back(range_of(burst));
  for (const Event* event : data.events("metric_received", from_ns, to_ns)) {
    if (event->node != controller || event->text("via") != kRest) continue;
    const std::int64_t sequence = event->ns("seq");
    if (std::ranges::any_of(bursts, [&](const SequenceRange& range) { return range.contains(sequence); })) continue;
    const auto origin = sent.find({event->text("source"), sequence});
    changes += origin == sent.end() || origin->second->at("values") != event->at("values") ? 1 : 0;
  }
  return changes;
}

void burst(const TrialContext& context, double rate, Duration length) {
  context.testbed.command(
      node_with(context.scenario, topologies::Role::kManager),
      {{"do", "burst"}, {"rate", rate}, {"batch", context.testbed.sites().size()}, {"duration_ns", length.count()}});
}

std::vector<BurstHandling> burst_handling(const RunData& data, const Trial& trial, Duration bound) {
  const std::string controller = controller_node(data);
  const ControllerDecisions decisions(data, trial);
  std::vector<BurstHandling> all;
  for (const Event& burst : data.events("burst")) {
    // Logged at its end; a burst of this trial began in it.
    const std::int64_t start = burst.ns("started_ns");
    if (start < trial.started_ns || start >= trial.ended_ns) continue;
    const SequenceRange range = range_of(burst);
    BurstHandling& one = all.emplace_back();
    one.rate = burst.at("rate").get<double>();
    one.sent = burst.ns("updates");
    one.offered = static_cast<double>(one.sent) / to_seconds(Duration(burst.t_ns - start));
    std::set<std::int64_t> received;
    for (const Event* event : data.events("metric_received", start, trial.ended_ns)) {
      if (event->node != controller || !range.contains(event->ns("seq")) || !received.insert(event->ns("seq")).second)
        continue;
      // A synthetic update's window ends as it is published.
      const std::int64_t published = event->ns("window_end");
      const auto decided = decisions.after(event->text("source"), event->t_ns);
      if (decided) one.response_ms.push_back(to_ms(Duration(*decided - published)));
      if (!decided || *decided - published > bound.count()) ++one.late;
    }
    one.lost = one.sent - static_cast<std::int64_t>(received.size());
  }
  return all;
}

std::vector<scenarios::FigureDeclaration> compared_declarations() {
  return {{"coverage", "1"},
          {"undecided", "updates"},
          {"processing_ms", "ms"},
          {"processing_ms.without", "ms"},
          {"processing_ratio", "1"}};
}

void add_exact(TestResult& result, const std::string& figure, const FigureKind& kind, std::vector<TrialSamples> trials,
               double target, std::int64_t n, std::string_view of) {
  judge_exact(add_figure(result, figure, kind, std::move(trials)), target, n, of);
}

void add_compared(const std::vector<Compared>& trials, TestResult& result) {
  const std::string log = "events/<controller>.jsonl";
  std::vector<TrialSamples> coverage, undecided, with, without, ratio;
  std::int64_t sent = 0;
  std::int64_t received = 0;
  for (const Compared& one : trials) {
    sent += one.with.sent;
    received += one.with.received;
    coverage.push_back(TrialSamples::with_value(*one.trial, one.with.coverage()));
    undecided.push_back(TrialSamples::with_value(*one.trial, static_cast<double>(one.with.undecided)));
    with.push_back(TrialSamples::of(*one.trial, one.with.processing_ms));
    without.push_back(TrialSamples::of(*one.trial, one.without.processing_ms));
    const bool both = !one.with.processing_ms.empty() && !one.without.processing_ms.empty();
    ratio.push_back(both ? TrialSamples::with_value(
                               *one.trial, stats::mean(one.with.processing_ms) / stats::mean(one.without.processing_ms))
                         : TrialSamples::without_value(*one.trial, "no update was processed with, or without"));
  }
  add_exact(result, "coverage", {"1", "received ÷ sent", "both", log}, std::move(coverage), 1, sent, "updates sent");
  add_exact(result, "undecided", {"updates", "of a trial", "dut", log}, std::move(undecided), 0, received,
            "updates received");
  add_figure(result, "processing_ms", {"ms", "mean", "dut", log}, std::move(with));
  add_figure(result, "processing_ms.without", {"ms", "mean", "dut", log}, std::move(without));
  add_figure(result, "processing_ratio", {"1", "with ÷ without", "dut", log, nullptr, true}, std::move(ratio));
}

}  // namespace cats::suite
