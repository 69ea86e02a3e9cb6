// 5.4 `utilization` (docs/tests.md): does CATS use the sites more evenly than the router's own multipath?
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/error.h"
#include "scenarios/deployment.h"
#include "suite/report/figure.h"
#include "suite/tests/afterwards.h"
#include "suite/tests/cpu_use.h"
#include "suite/tests/evenness.h"
#include "suite/tests/multipath.h"
#include "suite/tests/phases.h"
#include "suite/tests/tests.h"
#include "suite/tests/workload.h"

namespace cats::suite {
namespace {

constexpr const char* kMultipath = "ecmp";

// The two halves of a trial. Names of figures end in `suffix`.
struct Half {
  const char* settle;
  const char* measure;
  const char* suffix;
};
constexpr Half kEcmp{"settle-ecmp", "measure-ecmp", ".ecmp"};
constexpr Half kCats{"settle-cats", "measure-cats", ""};

void choose(scenarios::Testbed& testbed, const cpsel::ChosenAlgorithm& algorithm) {
  std::map<std::string, int> services;
  for (const scenarios::Site& site : testbed.sites()) ++services[site.cs_id.str()];
  for (const std::string& decider : testbed.deciders())
    for (const auto& [cs_id, sites] : services) testbed.command(decider, cpsel::algorithm_command(cs_id, algorithm));
}

// One half of one trial. By site, in the logs' order.
struct Use {
  std::vector<double> used;     // CPU time relative to the quota
  std::vector<double> offered;  // the CPU time that requests asked for, relative to the quota
  std::int64_t unanswered = 0;
  std::int64_t requests = 0;
};

Use use_of(const RunData& data, const Trial& trial, const Half& half) {
  const Phase& phase = phase_of(trial, half.measure);
  Use use;
  std::map<std::string, std::int64_t> asked_us;  // of the answered, by instance
  for (const Request* request : data.requests(trial.id)) {
    if (!phase.contains(request->scheduled_ns)) continue;
    ++use.requests;
    if (request->instance.empty())
      ++use.unanswered;
    else
      asked_us[request->instance] += request->work_us;
  }
  const double length_s = static_cast<double>(phase.to_ns - phase.from_ns) / 1e9;
  for (const SiteInfo& site : data.sites()) {
    const auto cpu = cpu_use(data, site.csci, phase.from_ns, phase.to_ns);
    if (!cpu)
      throw MeasurementError(fmt::format("trial {}: sampling windows of {} cover less than half of {}", trial.id,
                                         site.node, half.measure));
    use.used.push_back(cpu->share);
    use.offered.push_back(static_cast<double>(asked_us[site.csci]) / 1e6 / (site.quota_cores * length_s));
  }
  return use;
}

// Why new sessions were not given out in that half as they should have been.
std::optional<std::string> wrong_algorithm(const RunData& data, const Trial& trial, const Half& half,
                                           const std::string& algorithm) {
  const Phase& phase = phase_of(trial, half.measure);
  std::set<std::string> deciders;
  for (const std::string& ingress : data.ingresses()) deciders.insert(data.decider_of(ingress));
  for (const std::string& decider : deciders) {
    const Event* last = nullptr;
    for (const Event* event : data.events("decision", trial.started_ns, phase.to_ns)) {
      if (event->node != decider) continue;
      last = event;
      if (event->t_ns >= phase.from_ns && event->fields.value("algorithm", "") != algorithm) break;
    }
    if (last == nullptr) return fmt::format("no decision of {} before {} ended", decider, half.measure);
    if (const std::string name = last->fields.value("algorithm", ""); name != algorithm)
      return fmt::format("{} decided by {} in {}, must be {}", decider, name, half.measure, algorithm);
  }
  return std::nullopt;
}

class HalfFigures {
 public:
  HalfFigures(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings)
      : input_(input), result_(result), warnings_(warnings) {
    for (const Trial* trial : input.trials) {
      ecmp_.push_back(use_of(input.data, *trial, kEcmp));
      cats_.push_back(use_of(input.data, *trial, kCats));
    }
  }

  void run() {
    add_ratio("bias_ratio", &Use::used);
    judge_ratio();
    add_half(cats_, kCats, input_.conditions.algorithm);
    add_half(ecmp_, kEcmp, kMultipath);
    add_ratio("offered_bias_ratio", &Use::offered);
  }

 private:
  using Values = std::vector<double> Use::*;

  void warn(const std::string& figure, std::string text) {
    warnings_.push_back({result_.name, figure, std::move(text)});
  }

  void add_ratio(const std::string& name, Values values) {
    std::vector<TrialSamples> rows;
    for (std::size_t i = 0; i < cats_.size(); ++i) {
      const auto with = bias(cats_[i].*values);
      const auto without = bias(ecmp_[i].*values);
      const bool defined = with && without && *with > 0 && *without > 0;
      rows.push_back(defined ? TrialSamples::with_value(*input_.trials[i], *with / *without)
                             : TrialSamples::without_value(*input_.trials[i], "a half without any load, or any bias"));
    }
    add_figure(result_, name,
               {"1", "CATS / ECMP", "outside", "events/<edge server>.jsonl", {{"against", kMultipath}}, true},
               std::move(rows));
  }

  void judge_ratio() {
    Figure& figure = result_.figures.back().second;
    if (input_.conditions.algorithm == kMultipath)
      return set_verdict(figure, Verdict::not_applicable, "the algorithm is the baseline itself");
    judge(result_, "bias_ratio", {"<", 1});
    // Hashing is even by chance now and then: the two trials of a quick run may lie on both sides.
    if (figure.verdict == Verdict::inconclusive && figure.trials < kLeastTrialsForInterval)
      set_verdict(figure, Verdict::not_applicable,
                  fmt::format("{} trials do not tell: {}", figure.trials, figure.reason));
  }

  void add_half(const std::vector<Use>& halves, const Half& half, const std::string& algorithm) {
    add(halves, half, algorithm, "bias", &Use::used, bias);
    add(halves, half, algorithm, "spread", &Use::used, spread);
    add(halves, half, algorithm, "deviation", &Use::used, deviation);
    add(halves, half, algorithm, "offered_bias", &Use::offered, bias);
    for (std::size_t site = 0; site < input_.data.sites().size(); ++site) {
      const std::string& node = input_.data.sites()[site].node;
      std::vector<TrialSamples> rows;
      for (std::size_t i = 0; i < halves.size(); ++i)
        rows.push_back(TrialSamples::with_value(*input_.trials[i], halves[i].used[site]));
      add_figure(
          result_, fmt::format("utilisation.{}{}", node, half.suffix),
          {"1", "of a trial", "outside", "events/<edge server>.jsonl", {{"algorithm", algorithm}, {"site", node}}},
          std::move(rows));
    }
    warn_of_saturation(halves, half);
  }

  template <class Statistic>
  void add(const std::vector<Use>& halves, const Half& half, const std::string& algorithm, const std::string& name,
           Values values, Statistic statistic) {
    std::vector<TrialSamples> rows;
    for (std::size_t i = 0; i < halves.size(); ++i) {
      const std::optional<double> value = statistic(halves[i].*values);
      rows.push_back(value ? TrialSamples::with_value(*input_.trials[i], *value)
                           : TrialSamples::without_value(*input_.trials[i], "the sites were idle"));
    }
    const bool offered = values == &Use::offered;
    add_figure(result_, name + half.suffix,
               {"1",
                "of a trial",
                "outside",
                offered ? "samples/<host>.requests.csv" : "events/<edge server>.jsonl",
                {{"algorithm", algorithm}}},
               std::move(rows));
  }

  void warn_of_saturation(const std::vector<Use>& halves, const Half& half) {
    double most = 0;
    std::int64_t unanswered = 0;
    std::int64_t requests = 0;
    for (const Use& use : halves) {
      most = std::max({most, *std::ranges::max_element(use.used), *std::ranges::max_element(use.offered)});
      unanswered += use.unanswered;
      requests += use.requests;
    }
    if (most > kSaturated)
      warn(std::string("bias") + half.suffix,
           fmt::format("a site was asked for, or used, {:.0f} % of its quota: what is saturated hides bias",
                       100 * most));
    if (100 * unanswered > requests)
      warn(std::string("offered_bias") + half.suffix,
           fmt::format("{} of {} requests were not answered: nobody knows which site they were for", unanswered,
                       requests));
  }

  const AnalysisInput& input_;
  TestResult& result_;
  std::vector<Warning>& warnings_;
  std::vector<Use> ecmp_, cats_;  // by trial
};

class Utilization final : public Test {
 public:
  std::string_view name() const override { return "utilization"; }
  std::string_view title() const override { return "sites are used more evenly than by plain ECMP"; }
  std::string_view primary_figure() const override { return "bias_ratio"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{{"bias_ratio", "1"},        {"bias", "1"},
                                                                {"bias.ecmp", "1"},         {"spread", "1"},
                                                                {"spread.ecmp", "1"},       {"deviation", "1"},
                                                                {"deviation.ecmp", "1"},    {"offered_bias", "1"},
                                                                {"offered_bias.ecmp", "1"}, {"offered_bias_ratio", "1"},
                                                                {"utilisation.*", "1"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"measure_s", "s", 20, 5, 1, 3600, "of each half, with the workload running"},
        {"settle_s", "s", 3, 2, 0, 3600, "of each half, from the workload's start to the measuring"},
    };
    return list;
  }

  // Each half has its own settling, with the workload running.
  Duration warm_up(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return c.window + 2 * c.interval;
  }
  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return 2 * (kSchedulingMargin + c.duration("settle_s") + c.duration("measure_s"));
  }

  void run_trial(const TrialContext& context) const override {
    wait_until_idle(context.testbed);
    context.phase("warm-up", context.warm_up);
    {
      Afterwards steered([&] { choose(context.testbed, scenarios::chosen(context.scenario.algorithm)); });
      choose(context.testbed, {.name = kMultipath});
      prepare_multipath(context);
      run_half(context, kEcmp);
      steered.now();
    }
    run_half(context, kCats);
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial,
                                         const Conditions& conditions) const override {
    if (auto problem = load_problem(data, trial)) return problem;
    if (auto problem = multipath_problem(data, trial)) return problem;
    if (auto problem = wrong_algorithm(data, trial, kEcmp, kMultipath)) return problem;
    return wrong_algorithm(data, trial, kCats, conditions.algorithm);
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const override {
    HalfFigures(input, result, warnings).run();
  }

 private:
  static void run_half(const TrialContext& context, const Half& half) {
    scenarios::Testbed& testbed = context.testbed;
    const Conditions& conditions = context.conditions;
    const Duration settle = conditions.duration("settle_s");
    const Duration measure = conditions.duration("measure_s");
    forget_flows(testbed);
    const Instant start = testbed.now() + kSchedulingMargin;
    begin_load(testbed, load_request(context, start, settle + measure));
    context.begin_phase(half.settle);
    testbed.sleep_until(start + settle);
    context.begin_phase(half.measure);
    testbed.sleep_until(start + settle + measure);
    close_load(context);
    wait_until_idle(testbed);
  }
};

}  // namespace

const Test& utilization_test() {
  static const Utilization test;
  return test;
}

}  // namespace cats::suite
