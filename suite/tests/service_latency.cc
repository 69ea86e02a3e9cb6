// 5.3 `service-latency` (docs/tests.md): how long does the network take to answer a change of load, and what do
// requests feel of it?
#include <algorithm>
#include <map>

#include "base/random.h"
#include "suite/report/figure.h"
#include "suite/stats/statistics.h"
#include "suite/tests/phases.h"
#include "suite/tests/reaction.h"
#include "suite/tests/request_latency.h"
#include "suite/tests/tests.h"
#include "suite/tests/workload.h"

namespace cats::suite {
namespace {

constexpr int kLeastSteps = 20;  // over the trials of a run that conforms
constexpr Duration kRecoverMargin = std::chrono::seconds(3);
constexpr double kToleranceShare = 0.1;  // of T
constexpr double kLeastTolerance_ms = 20;

// Weights by CSCI-ID at the first ingress. Its agent knows them; that of an ingress whose FRR is steered does not, but
// the controller does.
std::map<std::string, double> weights_in_force(const TrialContext& context) {
  scenarios::Testbed& testbed = context.testbed;
  const bool by_frr = context.scenario.steered_by_frr();
  const scenarios::Ingress& ingress = testbed.steering().front();
  const nlohmann::json status = testbed.command(by_frr ? ingress.decider : ingress.node, {{"do", "status"}});
  if (by_frr) return status.at("selections").at(0).at("weights").get<std::map<std::string, double>>();
  std::map<std::string, double> weights;
  for (const nlohmann::json& instance : status.at("services").at(0).at("instances"))
    weights[instance.at("csci").get<std::string>()] = instance.at("weight").get<double>();
  return weights;
}

// The instance of the largest weight; the lowest CSCI-ID among equals.
const scenarios::Site& selected_site(const TrialContext& context) {
  const auto weights = weights_in_force(context);
  const scenarios::Site* best = nullptr;
  double most = 0;
  for (const scenarios::Site& site : context.testbed.sites()) {
    const auto known = weights.find(site.csci.str());
    if (known == weights.end() || known->second < most || known->second == 0) continue;
    if (known->second == most && best != nullptr && best->csci < site.csci) continue;
    best = &site;
    most = known->second;
  }
  if (best == nullptr)
    throw MeasurementError(context.testbed.steering().front().node +
                           ": no instance is selected, so none can be loaded");
  return *best;
}

// One trial's steps, with what was seen of them.
struct TrialView {
  const Trial* trial = nullptr;
  std::vector<Reaction> reactions;
  int blind = 0;
};

double ms(std::int64_t ns) { return to_ms(Duration(ns)); }

class ServiceLatency final : public Test {
 public:
  std::string_view name() const override { return "service-latency"; }
  std::string_view title() const override {
    return "the selection follows the load in time, and requests feel it little";
  }
  std::string_view primary_figure() const override { return "reaction_ms"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{
        {"missed_switches", "steps"}, {"early_switches", "steps"}, {"blind_switches", "switches"},
        {"delta_t_ms", "ms"},         {"reaction_ms", "ms"},       {"reaction_ms.*", "ms"},
        {"latency_ms.*", "ms"},       {"sla_share.*", "1"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"steps", "none", 4, 2, 1, 1000, "load steps of a trial; over all trials at least 20"},
        {"react_s", "s", 2, 2, 1, 3600,
         "how long the load lasts beyond W + T, or W + 2T where a manager holds updates"},
        {"load", "share", 0.8, 0.8, 0.05, 8, "background load of the step, relative to the instance's quota"},
        {"sla_ms", "ms", 20, 20, 0.001, 600000, "a request answered within this, from its schedule, meets the SLA"},
        {"sla_share", "share", 0.99, 0.99, 0, 1, "of the requests after the reaction that must meet the SLA"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return kSchedulingMargin + steps_of(c) * step_time(c);
  }

  void run_trial(const TrialContext& context) const override {
    scenarios::Testbed& testbed = context.testbed;
    const Conditions& conditions = context.conditions;
    const int steps = steps_of(conditions);
    const Instant start = testbed.now() + kSchedulingMargin;
    begin_load(testbed, load_request(context, start, context.warm_up + steps * step_time(conditions), Sessions::brief));
    context.phase("warm-up", kSchedulingMargin + context.warm_up);
    RandomStream random(context.seed, "service-latency/steps");
    for (int i = 0; i < steps; ++i) {
      const auto offset = static_cast<double>(conditions.interval.count()) * random.uniform();
      context.phase("stable", stable_time(conditions.interval));
      const scenarios::Site& site = selected_site(context);
      const auto tick = testbed.command(site.node, {{"do", "status"}}).at("next_tick_ns").get<std::int64_t>();
      context.begin_phase(kMeasurePhase);
      testbed.sleep_until(from_ns(tick + static_cast<std::int64_t>(offset)));
      testbed.command(site.node, {{"do", "background_load"}, {"cores", conditions.number("load") * site.quota_cores}});
      testbed.sleep_until(testbed.now() + react_time(conditions));
      testbed.command(site.node, {{"do", "background_load"}, {"cores", 0}});
      context.phase("recover", recover_time(conditions));
    }
    end_load(testbed);
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial,
                                         const Conditions& conditions) const override {
    if (auto problem = load_problem(data, trial)) return problem;
    const std::vector<LoadStep> steps = load_steps(data, trial);
    if (static_cast<int>(steps.size()) != steps_of(conditions))
      return fmt::format("{} load steps were logged, {} asked for", steps.size(), steps_of(conditions));
    // A selection that moves although nothing new was told is what the test looks for, not an accident of the trial.
    if (!conditions.uses_metrics || blind_switches(data, trial) > 0) return std::nullopt;
    for (const LoadStep& step : steps) {
      if (auto problem = instability(data, trial, step, stable_time(conditions.interval))) return problem;
      for (const std::string& ingress : data.ingresses()) {
        const std::vector<InForce> decisions = decisions_in_force(data, trial, ingress);
        const InForce* decision = at(decisions, step.t_ns);
        const auto chosen = decision == nullptr ? std::vector<std::string>{} : selected(decision->weights);
        if (std::find(chosen.begin(), chosen.end(), step.csci) == chosen.end())
          return fmt::format("{} was loaded, but {} had not selected it", site_name(data, step.csci), ingress);
      }
    }
    return std::nullopt;
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const override {
    if (!input.conditions.uses_metrics) return does_not_apply(input, result);
    std::vector<TrialView> views;
    std::int64_t steps = 0;
    for (const Trial* trial : input.trials) {
      views.push_back({trial, reactions(input.data, *trial), blind_switches(input.data, *trial)});
      steps += static_cast<std::int64_t>(views.back().reactions.size());
    }
    if (steps < kLeastSteps && !input.conditions.quick)
      warnings.push_back(
          {result.name, "reaction_ms",
           fmt::format("{} load steps over all trials; the common rules want at least {}", steps, kLeastSteps)});
    add_switches(views, steps, result);
    add_reaction(input, views, result);
    add_requests(input, views, result);
  }

 private:
  static int steps_of(const Conditions& c) { return static_cast<int>(c.number("steps")); }
  static Duration react_time(const Conditions& c) {
    return c.window + c.interval + c.longest_wait() + c.duration("react_s");
  }
  static Duration recover_time(const Conditions& c) {
    return c.window + c.interval + c.longest_wait() + kRecoverMargin;
  }
  // At most: the wait for the tick, and the offset after it, are below T each.
  static Duration step_time(const Conditions& c) {
    return stable_time(c.interval) + 2 * c.interval + react_time(c) + recover_time(c);
  }

  static void does_not_apply(const AnalysisInput& input, TestResult& result) {
    const std::string why = input.conditions.algorithm + " ignores metrics";
    std::vector<TrialSamples> none;
    for (const Trial* trial : input.trials) none.push_back(TrialSamples::without_value(*trial, why));
    set_verdict(add_figure(result, "reaction_ms", {"ms", "mean", "dut", "events/<ingress>.jsonl"}, none),
                Verdict::not_applicable, why);
  }

  static void add_switches(const std::vector<TrialView>& views, std::int64_t steps, TestResult& result) {
    std::vector<TrialSamples> early, missed, blind;
    std::int64_t decisions = 0;
    for (const TrialView& view : views) {
      double too_early = 0;
      double never = 0;
      for (const Reaction& reaction : view.reactions) {
        too_early += reaction.early ? 1 : 0;
        never += reaction.stages ? 0 : 1;
      }
      decisions += static_cast<std::int64_t>(view.reactions.size());
      early.push_back(TrialSamples::with_value(*view.trial, too_early));
      missed.push_back(TrialSamples::with_value(*view.trial, never));
      blind.push_back(TrialSamples::with_value(*view.trial, view.blind));
    }
    const FigureKind switches{"steps", "sum", "dut", "events/<ingress>.jsonl"};
    judge_exact(add_figure(result, "missed_switches", switches, missed), 0, steps, "load steps");
    judge_exact(add_figure(result, "early_switches", switches, early), 0, steps, "load steps");
    judge_exact(add_figure(result, "blind_switches", {"switches", "sum", "dut", switches.data}, blind), 0, decisions,
                "load steps");
  }

  static void add_reaction(const AnalysisInput& input, const std::vector<TrialView>& views, TestResult& result) {
    std::vector<TrialSamples> delta, total;
    std::array<std::vector<TrialSamples>, kStages.size()> stages;
    std::vector<double> delays;
    const std::string none = "the selection left the loaded instance in no step";
    for (const TrialView& view : views) {
      std::vector<double> deltas, totals;
      std::array<std::vector<double>, kStages.size()> parts;
      for (const Reaction& reaction : view.reactions) {
        if (reaction.delta_t_ns) deltas.push_back(ms(*reaction.delta_t_ns));
        if (!reaction.stages) continue;
        totals.push_back(ms(reaction.total_ns()));
        for (std::size_t i = 0; i < kStages.size(); ++i) parts[i].push_back(ms((*reaction.stages)[i]));
      }
      const auto row = [&](std::vector<double> samples) {
        const bool empty = samples.empty();
        return TrialSamples::of(*view.trial, std::move(samples), empty ? none : "");
      };
      delta.push_back(row(std::move(deltas)));
      total.push_back(row(std::move(totals)));
      for (std::size_t i = 0; i < kStages.size(); ++i) stages[i].push_back(row(std::move(parts[i])));
      const std::vector<double> seen = distribution_delays_ms(input.data, *view.trial);
      delays.insert(delays.end(), seen.begin(), seen.end());
    }
    const FigureKind kind{"ms", "mean", "dut", "events/<ingress>.jsonl"};
    add_figure(result, "delta_t_ms", kind, delta);
    judge_reaction(input, views, delays, add_figure(result, "reaction_ms", kind, total));
    for (std::size_t i = 0; i < kStages.size(); ++i)
      add_figure(result, "reaction_ms." + std::string(kStages[i]), kind, stages[i]);
  }

  // Every reaction within W + T + p99(d) + tolerance. A step without a reaction is a missed switch, judged there.
  static void judge_reaction(const AnalysisInput& input, const std::vector<TrialView>& views,
                             const std::vector<double>& delays, Figure& figure) {
    if (delays.empty())
      return set_verdict(figure, Verdict::error, "no update was logged where it was sent and where it was received");
    const double interval = to_ms(input.conditions.interval);
    const double delay = stats::percentile(delays, 0.99);
    const double tolerance = std::max(kToleranceShare * interval, kLeastTolerance_ms);
    const stats::Bound bound{"<=", to_ms(input.conditions.window) + interval + delay + tolerance};
    figure.bound = bound;
    figure.theory = {{"window_ms", to_ms(input.conditions.window)},
                     {"interval_ms", interval},
                     {"distribution_p99_ms", delay},
                     {"tolerance_ms", tolerance}};
    const Reaction* slowest = nullptr;
    int late = 0;
    int seen = 0;
    for (const TrialView& view : views)
      for (const Reaction& reaction : view.reactions) {
        if (!reaction.stages) continue;
        ++seen;
        late += bound.holds(ms(reaction.total_ns())) ? 0 : 1;
        if (slowest == nullptr || reaction.total_ns() > slowest->total_ns()) slowest = &reaction;
      }
    if (slowest == nullptr) return set_verdict(figure, Verdict::error, "");
    if (late == 0) return set_verdict(figure, Verdict::pass, "");
    std::string parts;
    for (std::size_t i = 0; i < kStages.size(); ++i)
      parts += fmt::format("{}{} {:.1f}", i == 0 ? "" : ", ", kStages[i], ms((*slowest->stages)[i]));
    set_verdict(figure, Verdict::fail,
                fmt::format("{} of {} reactions took longer than {:.1f} ms, the slowest {:.1f} ms ({})", late, seen,
                            bound.value, ms(slowest->total_ns()), parts));
  }

  static void add_requests(const AnalysisInput& input, const std::vector<TrialView>& views, TestResult& result) {
    const double sla = input.conditions.number("sla_ms");
    for (const Period period : {Period::before, Period::during, Period::after}) {
      std::vector<TrialSamples> latency, tail, share;
      for (const TrialView& view : views) {
        const PeriodRequests requests =
            requests_of(input.data, *view.trial, view.reactions, stable_time(input.conditions.interval), period);
        const std::string missing = requests.latencies_ms.empty() ? "no request was answered" : "";
        latency.push_back(TrialSamples::of(*view.trial, requests.latencies_ms, missing));
        if (missing.empty())
          tail.push_back(TrialSamples::with_value(*view.trial, stats::percentile(requests.latencies_ms, 0.999)));
        else
          tail.push_back(TrialSamples::without_value(*view.trial, missing));
        if (requests.all > 0)
          share.push_back(TrialSamples::with_value(*view.trial, requests.share_within(sla)));
        else
          share.push_back(TrialSamples::without_value(*view.trial, "there was no request"));
      }
      const std::string suffix = "." + std::string(to_string(period));
      const std::string file = "samples/<host>.requests.csv";
      add_figure(result, "latency_ms" + suffix, {"ms", "mean", "outside", file}, latency);
      add_figure(result, "latency_ms" + suffix + ".p99.9", {"ms", "p99.9", "outside", file}, tail);
      add_figure(result, "sla_share" + suffix, {"1", "share", "outside", file}, share);
      if (period == Period::after) judge(result, "sla_share" + suffix, {">=", input.conditions.number("sla_share")});
    }
  }
};

}  // namespace

const Test& service_latency_test() {
  static const ServiceLatency test;
  return test;
}

}  // namespace cats::suite
