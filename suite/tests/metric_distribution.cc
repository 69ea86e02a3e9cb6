// 5.1 `metric-distribution` (docs/tests.md): does every update arrive, intact and on time?
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/ip.h"
#include "cpsel/known_sequence.h"
#include "suite/report/figure.h"
#include "suite/tests/phases.h"
#include "suite/tests/tests.h"

namespace cats::suite {
namespace {

struct Update {
  const Event* sent = nullptr;
  std::map<std::string, std::vector<const Event*>> received;  // by ingress, in time
  std::map<std::string, std::int64_t> hops;                   // router → first sight
};

// By source, then sequence.
using Updates = std::map<std::string, std::map<std::int64_t, Update>>;

Updates updates_of(const RunData& data, const Trial& trial) {
  const Phase& phase = phase_of(trial, kMeasurePhase);
  Updates updates;
  for (const Event* sent : data.events("metric_sent", phase.from_ns, phase.to_ns))
    updates[sent->text("source")][sent->ns("seq")].sent = sent;
  const auto find = [&](const Event& event) -> Update* {
    const auto source = updates.find(event.text("source"));
    if (source == updates.end()) return nullptr;
    const auto update = source->second.find(event.ns("seq"));
    return update == source->second.end() ? nullptr : &update->second;
  };
  for (const Event* event : data.events("metric_received", phase.from_ns, trial.ended_ns))
    if (Update* update = find(*event)) update->received[event->node].push_back(event);
  for (const Event* event : data.events("hop_seen", phase.from_ns, trial.ended_ns))
    if (Update* update = find(*event)) update->hops.try_emplace(event->text("router"), event->t_ns);
  for (const SiteInfo& site : data.sites())
    if (!updates.contains(site.csci))
      throw MeasurementError(
          fmt::format("trial {}: {} logged no metric_sent in the phase measure: an update without "
                      "sequence (refresh: on-change) cannot be followed",
                      trial.id, site.node));
  return updates;
}

// The routers that an update of `site` passes: its egress, then each ingress.
std::vector<std::string> routers_of(const RunData& data, const SiteInfo& site) {
  std::vector<std::string> routers{site.egress};
  for (const std::string& ingress : data.ingresses())
    if (ingress != site.egress) routers.push_back(ingress);
  return routers;
}

struct Counts {
  std::int64_t sent = 0;      // updates × ingresses
  std::int64_t received = 0;  // distinct
  std::int64_t duplicated = 0;
  std::int64_t reordered = 0;
  std::int64_t altered = 0;
};

bool intact(const Event& sent, const Event& received, std::uint64_t seed) {
  const auto csci = IpAddress::parse(sent.text("source"));
  if (!csci) return false;
  const auto known = cpsel::known_value(seed, *csci, static_cast<std::uint32_t>(sent.ns("seq")));
  return received.at("known") == nlohmann::json(known) && received.at("values") == sent.at("values");
}

Counts count(const RunData& data, const Trial& trial, const Updates& updates) {
  Counts counts;
  for (const std::string& ingress : data.ingresses())
    for (const auto& [source, by_sequence] : updates) {
      std::vector<std::pair<std::int64_t, std::int64_t>> arrivals;  // time, sequence: the first copy of each
      for (const auto& [sequence, update] : by_sequence) {
        ++counts.sent;
        const auto found = update.received.find(ingress);
        if (found == update.received.end()) continue;
        ++counts.received;
        std::map<std::string, int> copies;  // by path
        for (const Event* copy : found->second) {
          if (++copies[copy->at("path").dump()] > 1) ++counts.duplicated;
          if (!intact(*update.sent, *copy, trial.seed)) ++counts.altered;
        }
        arrivals.emplace_back(found->second.front()->t_ns, sequence);
      }
      std::stable_sort(arrivals.begin(), arrivals.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      std::int64_t newest = -1;
      for (const auto& [time, sequence] : arrivals) {
        if (sequence < newest) ++counts.reordered;
        newest = std::max(newest, sequence);
      }
    }
  return counts;
}

// |Δ − T| in ms, between updates that follow each other.
std::vector<double> interval_errors(const RunData& data, const Updates& updates, Duration interval) {
  std::vector<double> errors;
  for (const std::string& ingress : data.ingresses())
    for (const auto& [source, by_sequence] : updates)
      for (const auto& [sequence, update] : by_sequence) {
        const auto before = by_sequence.find(sequence - 1);
        if (before == by_sequence.end()) continue;
        const auto now = update.received.find(ingress);
        const auto then = before->second.received.find(ingress);
        if (now == update.received.end() || then == before->second.received.end()) continue;
        const std::int64_t gap = now->second.front()->t_ns - then->second.front()->t_ns;
        errors.push_back(std::abs(to_ms(Duration(gap) - interval)));
      }
  return errors;
}

std::vector<double> delays(const RunData& data, const Updates& updates) {
  std::vector<double> all;
  for (const std::string& ingress : data.ingresses())
    for (const auto& [source, by_sequence] : updates)
      for (const auto& [sequence, update] : by_sequence)
        if (const auto found = update.received.find(ingress); found != update.received.end())
          all.push_back(to_ms(Duration(found->second.front()->t_ns - update.sent->t_ns)));
  return all;
}

// From sending to the sight at `router`, of the updates that pass it and arrived. `missing` counts those without a
// sight.
std::vector<double> hop_delays(const RunData& data, const Updates& updates, const std::string& router, int& missing) {
  std::vector<double> all;
  for (const SiteInfo& site : data.sites()) {
    const auto routers = routers_of(data, site);
    if (std::find(routers.begin(), routers.end(), router) == routers.end()) continue;
    for (const auto& [sequence, update] : updates.at(site.csci)) {
      const auto seen = update.hops.find(router);
      if (seen != update.hops.end())
        all.push_back(to_ms(Duration(seen->second - update.sent->t_ns)));
      else if (!update.received.empty())
        ++missing;
    }
  }
  return all;
}

struct Age {
  std::vector<double> averages;  // ms, of each source at each ingress over the phase
  std::vector<double> peaks;     // ms, just before each arrival and at the end of the phase
};

// Age of information: now − end of the sampling window of the newest update that is there. It rises with time and drops
// at arrivals.
Age ages(const RunData& data, const Trial& trial) {
  const Phase& phase = phase_of(trial, kMeasurePhase);
  Age age;
  for (const std::string& ingress : data.ingresses())
    for (const SiteInfo& site : data.sites()) {
      double area = 0;  // ms²
      std::optional<std::int64_t> generated;
      std::int64_t since = phase.from_ns;
      std::int64_t covered = 0;
      const auto advance = [&](std::int64_t to) {
        if (generated) {
          const double a = to_ms(Duration(since - *generated));
          const double b = to_ms(Duration(to - *generated));
          area += (a + b) / 2 * (b - a);
          covered += to - since;
          age.peaks.push_back(b);
        }
        since = to;
      };
      for (const Event* event : data.events("metric_received", trial.started_ns, phase.to_ns)) {
        if (event->node != ingress || event->text("source") != site.csci) continue;
        if (event->t_ns >= phase.from_ns) advance(event->t_ns);
        generated = std::max(generated.value_or(event->ns("window_end")), event->ns("window_end"));
      }
      advance(phase.to_ns);
      if (covered > 0) age.averages.push_back(area / to_ms(Duration(covered)));
    }
  return age;
}

class MetricDistribution final : public Test {
 public:
  std::string_view name() const override { return "metric-distribution"; }
  std::string_view title() const override { return "metrics reach the decision maker, intact and on time"; }
  std::string_view primary_figure() const override { return "distribution_delay_ms"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{{"coverage", "1"},
                                                                {"lost", "updates"},
                                                                {"altered", "updates"},
                                                                {"duplicated", "updates"},
                                                                {"reordered", "updates"},
                                                                {"interval_error_ms", "ms"},
                                                                {"distribution_delay_ms", "ms"},
                                                                {"distribution_delay_ms.*", "ms"},
                                                                {"age_ms", "ms"},
                                                                {"age_ms.max", "ms"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"measure_s", "s", 15, 6, 1, 86400, "how long updates are followed"},
        {"drain_s", "s", 1, 0.5, 0.1, 60, "for the last updates to arrive"},
        {"tolerance_ms", "ms", 60, 60, 0, 60000,
         "least tolerance of the interval error: 60 ms through routers that hold updates (FRR: up to 50 ms), else 20"},
        {"tolerance_share", "share", 0.05, 0.05, 0, 1, "tolerance of the interval error as a share of T"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return c.duration("measure_s") + c.duration("drain_s");
  }

  std::optional<std::string> impossible(const Conditions& c) const override {
    if (c.duration("measure_s") >= 2 * c.interval) return std::nullopt;
    return fmt::format("measure {}s is less than two intervals of {:g}s: make it longer", c.number("measure_s"),
                       to_seconds(c.interval));
  }

  void run_trial(const TrialContext& context) const override {
    for (const scenarios::Site& site : context.testbed.sites())
      context.testbed.command(site.node, {{"do", "known_sequence"}, {"seed", context.seed}});
    context.phase("warm-up", context.warm_up);
    context.phase(kMeasurePhase, context.conditions.duration("measure_s"));
    context.phase("drain", context.conditions.duration("drain_s"));
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData&, const Trial&, const Conditions&) const override {
    return std::nullopt;  // it offers no load, and what happens to its updates is the result
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>&) const override {
    const RunData& data = input.data;
    if (data.ingresses().empty()) throw MeasurementError("the runner's log names no ingress (event testbed)");
    std::vector<TrialSamples> errors, delay, age, peak_age;
    std::vector<std::pair<const Trial*, Updates>> trials;
    for (const Trial* trial : input.trials) {
      const Updates& updates = trials.emplace_back(trial, updates_of(data, *trial)).second;
      errors.push_back(TrialSamples::of(*trial, interval_errors(data, updates, input.conditions.interval)));
      delay.push_back(TrialSamples::of(*trial, delays(data, updates)));
      Age ageing = ages(data, *trial);
      peak_age.push_back(TrialSamples::of(*trial, ageing.peaks));
      age.push_back(TrialSamples::of(*trial, ageing.averages));
    }
    const std::string received = "events/<ingress>.jsonl";
    add_counts(data, trials, result);
    const double tolerance = std::max(input.conditions.number("tolerance_ms"),
                                      input.conditions.number("tolerance_share") * to_ms(input.conditions.interval));
    judge(add_figure(result, "interval_error_ms", {"ms", "p99", "dut", received}, errors), {"<=", tolerance});
    add_figure(result, "distribution_delay_ms", {"ms", "mean", "both", received}, delay);
    if (input.conditions.mode == "distributed") add_hops(data, trials, result);
    add_figure(result, "age_ms", {"ms", "mean", "dut", received}, age);
    add_figure(result, "age_ms.max", {"ms", "max", "dut", received}, peak_age);
  }

 private:
  static void add_counts(const RunData& data, const std::vector<std::pair<const Trial*, Updates>>& trials,
                         TestResult& result) {
    std::vector<TrialSamples> coverage, lost, duplicated, reordered, altered;
    std::int64_t sent = 0;
    std::int64_t received = 0;
    for (const auto& [trial, updates] : trials) {
      const Counts counts = count(data, *trial, updates);
      sent += counts.sent;
      received += counts.received;
      const auto value = [t = trial](std::int64_t n) { return TrialSamples::with_value(*t, static_cast<double>(n)); };
      coverage.push_back(
          TrialSamples::with_value(*trial, static_cast<double>(counts.received) / static_cast<double>(counts.sent)));
      lost.push_back(value(counts.sent - counts.received));
      duplicated.push_back(value(counts.duplicated));
      reordered.push_back(value(counts.reordered));
      altered.push_back(value(counts.altered));
    }
    const FigureKind updates{"updates", "sum", "dut", "events/<ingress>.jsonl"};
    judge_exact(add_figure(result, "coverage", {"1", "share", "dut", updates.data}, coverage), 1, sent, "updates sent");
    judge_exact(add_figure(result, "lost", updates, lost), 0, sent, "updates sent");
    judge_exact(add_figure(result, "altered", updates, altered), 0, received, "updates received");
    judge_exact(add_figure(result, "duplicated", updates, duplicated), 0, received, "updates received");
    judge_exact(add_figure(result, "reordered", updates, reordered), 0, received, "updates received");
  }

  static void add_hops(const RunData& data, const std::vector<std::pair<const Trial*, Updates>>& trials,
                       TestResult& result) {
    std::set<std::string> routers;
    for (const SiteInfo& site : data.sites())
      for (const std::string& router : routers_of(data, site)) routers.insert(router);
    for (const std::string& router : routers) {
      std::vector<TrialSamples> delay;
      int missing = 0;
      for (const auto& [trial, updates] : trials)
        delay.push_back(TrialSamples::of(*trial, hop_delays(data, updates, router, missing)));
      Figure& figure = add_figure(result, "distribution_delay_ms." + router,
                                  {"ms", "mean", "outside", "events/tap.jsonl", {{"hop", router}}}, delay);
      if (missing > 0 || !figure.value)
        set_verdict(figure, Verdict::error,
                    fmt::format("{} updates that arrived were not seen at {} (no hop_seen): the tap's log is "
                                "incomplete",
                                missing, router));
    }
  }
};

}  // namespace

const Test& metric_distribution_test() {
  static const MetricDistribution test;
  return test;
}

}  // namespace cats::suite
