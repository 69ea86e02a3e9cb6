// 5.5 `lb-variance` (docs/tests.md): how evenly are flows spread over the sites? One round is one trial.
#include <algorithm>
#include <cmath>
#include <limits>

#include "load/load.h"
#include "suite/report/figure.h"
#include "suite/stats/hashing.h"
#include "suite/stats/statistics.h"
#include "suite/tests/cpu_use.h"
#include "suite/tests/flow_counts.h"
#include "suite/tests/multipath.h"
#include "suite/tests/phases.h"
#include "suite/tests/tests.h"
#include "suite/tests/workload.h"

namespace cats::suite {
namespace {

// Below the ports that the kernel chooses for others, and as many as there are.
constexpr load::SourcePorts kSourcePorts{10000, 22768};
constexpr double kEcmpTolerance = 2.6;  // standard errors: a sound hash fails one run in a hundred
constexpr const char* kCounted = "samples/<edge server>.connections.csv";

constexpr const char* kMultipath = "ecmp";  // the algorithm that leaves flows to the router

// What each host is told; the load ends with the last flow.
std::vector<load::LoadDescription> descriptions(const TrialContext& context, Instant start) {
  const scenarios::Workload& workload = context.scenario.workload;
  const scenarios::Workload::Flows& flows = workload.flows;
  load::LoadDescription load;
  load.trial = context.trial;
  load.seed = context.seed;
  load.service = context.testbed.sites().front().cs_id;
  load.port = static_cast<std::uint16_t>(context.scenario.service.port);
  load.flows = load::FlowLoad{.count = static_cast<unsigned>(flows.count),
                              .hosts = static_cast<unsigned>(context.testbed.hosts().size()),
                              .rate = flows.rate,
                              .arrivals = for_hosts(flows.arrivals),
                              .duration = for_hosts(flows.duration),
                              .gap = flows.interval};
  load.source_ports = kSourcePorts;
  load.work = for_hosts(workload.work);
  load.timeout = workload.timeout;
  load.start = start;
  Instant last = start;
  for (const load::Flow& flow : load::draw_flows(load)) last = std::max(last, flow.ends);
  load.duration = last - start + std::chrono::milliseconds(1);
  std::vector<load::LoadDescription> all(context.testbed.hosts().size(), load);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].flows->host = static_cast<unsigned>(i);
  return all;
}

// About the expected longest of so many lives: the quantile that one of count·e^0.58 exceeds.
Duration longest_of(int count, const load::RandomDuration& life) {
  using Law = load::RandomDuration::Law;
  const double log_of_tail = -std::log(count) - 0.58;
  const double mean_s = to_seconds(life.mean);
  const double relative = to_seconds(life.deviation) / mean_s;
  const double variance = std::log(1 + relative * relative);  // of a log-normal's logarithm
  switch (life.law) {
    case Law::deterministic:
      return life.mean;
    case Law::exponential:
      return from_seconds(-log_of_tail * mean_s);
    case Law::log_normal:
      return from_seconds(
          mean_s * std::exp(std::sqrt(variance) * stats::normal_quantile(1 - std::exp(log_of_tail)) - variance / 2));
    case Law::pareto:
      return from_seconds(mean_s * (life.shape - 1) / life.shape * std::exp(-log_of_tail / life.shape));
    case Law::trace:
      break;
  }
  return from_seconds(*std::ranges::max_element(*life.values));
}

double half_width(std::size_t rounds, double sd) {
  if (rounds < 2) return std::numeric_limits<double>::infinity();
  const auto n = static_cast<double>(rounds);
  return stats::student_t_quantile(0.975, n - 1) * sd / std::sqrt(n);
}

class RoundFigures {
 public:
  RoundFigures(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings)
      : input_(input), result_(result), warnings_(warnings), flows_(input.scenario.workload.flows) {
    for (const Trial* trial : input.trials) rounds_.push_back(count_flows(input.data, *trial, flows_.count));
    weights_ = capacity_shares(rounds_.front().sites);
    sites_ = std::ssize(weights_);
    equal_ = std::ranges::all_of(rounds_.front().sites, [&](const SiteInfo* site) {
      return site->quota_cores == rounds_.front().sites.front()->quota_cores;
    });
  }

  void run() {
    add_miscounted();
    add_var();
    add_imbalance();
    add_peak_load();
    add_peak_offered();
    add_time_averages();
    add_flows();
  }

 private:
  template <class Value>
  Figure& add(const std::string& name, Value value) {
    std::vector<TrialSamples> rows;
    for (const Round& round : rounds_) rows.push_back(TrialSamples::with_value(*round.trial, value(round)));
    return add_figure(result_, name, {"1", "of a round", "outside", kCounted}, std::move(rows));
  }
  void warn(const std::string& figure, std::string text) {
    warnings_.push_back({result_.name, figure, std::move(text)});
  }

  void add_miscounted() {
    std::vector<TrialSamples> rows;
    std::string first;
    for (const Round& round : rounds_) {
      rows.push_back(TrialSamples::with_value(*round.trial, static_cast<double>(round.miscounted)));
      if (first.empty() && round.miscounted > 0)
        first = fmt::format("; trial {}: {}", round.trial->index, round.first_miscount);
    }
    Figure& figure = add_figure(result_, "miscounted_flows", {"flows", "sum", "outside", kCounted}, std::move(rows));
    judge_exact(figure, 0, static_cast<std::int64_t>(flows_.count) * std::ssize(rounds_), "flows");
    figure.reason += first;
  }

  void add_var() {
    Figure& figure = add("var", [](const Round& round) { return stats::spread(round.flows); });
    const std::int64_t flows = flows_.count;
    const stats::HashBand band = stats::hash_band(flows, sites_);
    const double mean = stats::hash_mean(flows, sites_);
    const double floor = stats::round_robin_floor(flows, sites_);
    figure.theory = {
        {"flows", flows},
        {"sites", sites_},
        {"hash_mean", mean},
        {"hash_sd", band.sd},
        {"hash_p5", band.p5},
        {"hash_p95", band.p95},
        {"band", band.method},
        {"round_robin_floor", floor},
        {"worst", stats::worst_spread(sites_)},
        {"flows_per_interval", flows_.rate * to_seconds(input_.conditions.interval)},
        {"interval_per_flow_duration", to_seconds(input_.conditions.interval) / to_seconds(flows_.duration.mean)}};
    if (input_.conditions.algorithm == kMultipath)
      judge_hash(figure, mean, band.sd);
    else if (input_.conditions.algorithm == "round-robin")
      judge_round_robin(figure, floor);
    warn_of_capacities();
    warn_of_one_update();
  }

  void judge_hash(Figure& figure, double mean, double sd) {
    const double tolerance = kEcmpTolerance * sd / std::sqrt(static_cast<double>(rounds_.size()));
    const bool seeded = multipath_seeded(input_.data, input_.trials);
    figure.theory["tolerance"] = tolerance;
    figure.theory["rounds_are_independent_by"] = seeded ? "hash seed and source ports" : "source ports alone";
    const bool holds = std::abs(*figure.value - mean) <= tolerance;
    set_verdict(figure, holds ? Verdict::pass : Verdict::fail,
                holds ? ""
                      : fmt::format("{:.4g} over {} rounds, uniform hashing must be within {:.4g} of {:.4g}",
                                    *figure.value, rounds_.size(), tolerance, mean));
    if (const double width = half_width(rounds_.size(), sd); width > mean / 4)
      warn("var", fmt::format("{} rounds of ECMP leave ±{:.2g} on its mean of {:.2g}", rounds_.size(), width, mean));
    if (!seeded) warn("var", "this kernel takes no multipath hash seed: rounds differ by their source ports alone");
  }

  void judge_round_robin(Figure& figure, double floor) {
    if (input_.data.ingresses().size() == 1) return judge_every(result_, "var", {"==", floor});
    set_verdict(figure, Verdict::not_applicable, "each ingress has a sequence of its own");
  }

  void warn_of_capacities() {
    if (equal_) return;
    double ideal = 0;
    for (const double weight : weights_) ideal += std::abs(weight - 1 / static_cast<double>(sites_));
    warn("var", fmt::format("capacities are not equal: sharing in proportion to them scores {:.3f}, so that var ranks "
                            "backwards; imbalance, peak_load and peak_offered do not",
                            ideal));
  }

  void warn_of_one_update() {
    if (!input_.conditions.uses_metrics) return;
    const auto inside = std::ranges::count_if(rounds_, [&](const Round& round) {
      return input_.data.events("metric_received", round.accepted.front().first, round.accepted.back().first).empty();
    });
    const double opening = flows_.count / flows_.rate;
    if (inside > 0)
      warn("var",
           fmt::format("in {} of {} rounds all flows opened inside one metric update ({} flows take {:.3g} s, T "
                       "is {:.3g} s): a selection of one instance then scores the worst, {:.4g}, by construction",
                       inside, rounds_.size(), flows_.count, opening, to_seconds(input_.conditions.interval),
                       stats::worst_spread(sites_)));
  }

  void add_imbalance() {
    Figure& figure = add("imbalance", [&](const Round& round) { return imbalance(round.flows, weights_); });
    figure.theory = {{"hash_mean", stats::hash_imbalance_mean(flows_.count, weights_)}};
  }

  void add_peak_load() {
    std::vector<TrialSamples> rows;
    double highest = 0;
    for (const Round& round : rounds_) {
      std::vector<double> samples;
      std::string missing;
      for (const SiteInfo* site : round.sites) {
        const auto use = cpu_use(input_.data, site->csci, round.from_ns, round.to_ns);
        if (use)
          samples.push_back(use->share);
        else
          missing = fmt::format("sampling windows of {} cover less than half of the round", site->node);
      }
      if (!missing.empty()) {
        rows.push_back(TrialSamples::without_value(*round.trial, missing));
        continue;
      }
      const double peak = *std::max_element(samples.begin(), samples.end());
      highest = std::max(highest, peak);
      rows.push_back(TrialSamples::with_value(*round.trial, peak, std::move(samples)));
    }
    add_figure(result_, "peak_load", {"1", "busiest site of a round", "outside", "events/<edge server>.jsonl"},
               std::move(rows));
    if (highest > kSaturated)
      warn("peak_load",
           fmt::format("a site used {:.0f} % of its quota: what is saturated hides how uneven the load is, "
                       "peak_offered does not",
                       100 * highest));
  }

  // What a site was asked for, which its quota does not hold down.
  void add_peak_offered() {
    std::vector<TrialSamples> rows;
    for (const Round& round : rounds_) {
      if (round.asking_ns == 0) {
        rows.push_back(TrialSamples::without_value(*round.trial, "all requests were due at one time"));
        continue;
      }
      const double length_us = static_cast<double>(round.asking_ns) / 1e3;
      std::vector<double> samples;
      for (std::size_t i = 0; i < round.sites.size(); ++i)
        samples.push_back(static_cast<double>(round.asked_us[i]) / (round.sites[i]->quota_cores * length_us));
      const double peak = *std::max_element(samples.begin(), samples.end());
      rows.push_back(TrialSamples::with_value(*round.trial, peak, std::move(samples)));
    }
    add_figure(result_, "peak_offered", {"1", "busiest site of a round", "outside", "samples/<host>.requests.csv"},
               std::move(rows));
  }

  void add_time_averages() {
    Figure& figure = add("var_time_averaged", [](const Round& round) { return round.spread_over_time(); });
    std::vector<double> hashed;
    for (const Round& round : rounds_) hashed.push_back(round.hashed_over_time());
    const double expected = stats::mean(hashed);
    figure.theory = {{"hash_mean", expected}, {"worst", stats::worst_spread(sites_)}};
    const double over_time = *figure.value;
    const double final_mean = stats::hash_mean(flows_.count, sites_);
    if (const Figure* var = result_.find("var"); *var->value <= final_mean && over_time > expected)
      warn("var", fmt::format("final counts hide herding: {:.3g} is better than uniform hashing ({:.3g}), but active "
                              "flows were spread worse, {:.3g} against {:.3g} (var_time_averaged)",
                              *var->value, final_mean, over_time, expected));
    add("imbalance_time_averaged", [&](const Round& round) { return round.imbalance_over_time(weights_); });
  }

  void add_flows() {
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const std::string& node = rounds_.front().sites[i]->node;
      std::vector<TrialSamples> rows;
      for (const Round& round : rounds_)
        rows.push_back(TrialSamples::with_value(*round.trial, static_cast<double>(round.flows[i])));
      add_figure(result_, "flows." + node, {"flows", "of a round", "outside", kCounted, {{"site", node}}},
                 std::move(rows));
    }
  }

  const AnalysisInput& input_;
  TestResult& result_;
  std::vector<Warning>& warnings_;
  const scenarios::Workload::Flows& flows_;
  std::vector<Round> rounds_;
  std::vector<double> weights_;  // capacity shares by site
  std::int64_t sites_ = 0;
  bool equal_ = true;  // capacities
};

class LbVariance final : public Test {
 public:
  std::string_view name() const override { return "lb-variance"; }
  std::string_view title() const override { return "flows are spread over the sites"; }
  std::string_view primary_figure() const override { return "var"; }
  // With unequal capacities var ranks backwards, and final counts hide herds: never alone.
  std::vector<std::string_view> compared_figures() const override {
    return {"var", "imbalance", "imbalance_time_averaged", "peak_load"};
  }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{{"miscounted_flows", "flows"},
                                                                {"var", "1"},
                                                                {"imbalance", "1"},
                                                                {"peak_load", "1"},
                                                                {"peak_offered", "1"},
                                                                {"var_time_averaged", "1"},
                                                                {"imbalance_time_averaged", "1"},
                                                                {"flows.*", "flows"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"rounds", "none", 20, 4, 1, 1000, "each with flows, source ports and hash seed of its own"},
    };
    return list;
  }

  int trials(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return static_cast<int>(c.number("rounds"));
  }
  // Until every site has sampled, and told the ingress, that it is idle.
  Duration warm_up(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return c.window + 2 * c.interval + std::chrono::milliseconds(200);
  }
  Duration length(const scenarios::Scenario& scenario, const Conditions& /*conditions*/) const override {
    const scenarios::Workload::Flows& flows = scenario.workload.flows;
    return kSchedulingMargin + from_seconds(flows.count / flows.rate) + longest_of(flows.count, flows.duration);
  }

  void run_trial(const TrialContext& context) const override {
    scenarios::Testbed& testbed = context.testbed;
    wait_until_idle(testbed);
    forget_flows(testbed);
    if (context.conditions.algorithm == kMultipath) prepare_multipath(context);
    context.phase("warm-up", context.warm_up);
    const auto loads = descriptions(context, testbed.now() + kSchedulingMargin);
    for (std::size_t i = 0; i < loads.size(); ++i) {
      auto request = to_json(loads[i]);
      request["do"] = "load";
      testbed.command(testbed.hosts()[i], request);
    }
    context.begin_phase(kMeasurePhase);
    testbed.sleep_until(loads.front().end());
    end_load(testbed);
    wait_until_idle(testbed);
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial,
                                         const Conditions& conditions) const override {
    if (auto problem = load_problem(data, trial)) return problem;
    if (conditions.algorithm == kMultipath) return multipath_problem(data, trial);
    return std::nullopt;
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const override {
    RoundFigures(input, result, warnings).run();
  }
};

}  // namespace

const Test& lb_variance_test() {
  static const LbVariance test;
  return test;
}

}  // namespace cats::suite
