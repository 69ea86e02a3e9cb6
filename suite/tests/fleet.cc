// `fleet` (docs/tests.md): what a fleet of sites and ingresses did with its flows. The simulator's alone.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "suite/report/figure.h"
#include "suite/stats/hashing.h"
#include "suite/tests/evenness.h"
#include "suite/tests/fleet_windows.h"
#include "suite/tests/flow_counts.h"
#include "suite/tests/phases.h"
#include "suite/tests/tests.h"

namespace cats::suite {
namespace {

constexpr const char* kAgent = "fleet";
constexpr const char* kLog = "events/fleet.jsonl";
constexpr double kSaturated = 0.95;

using Counts = std::vector<std::int64_t>;
// What the logs have of one trial.
struct Measured {
  const Trial* trial = nullptr;
  const Event* sums = nullptr;
  std::vector<const Event*> windows;  // at least one
  std::vector<double> cores;          // by site
  Counts flows;                       // by site
  std::vector<double> used, offered;  // by site, of its capacity

  double seconds() const { return as_double(sums->ns("time_ns")) / 1e9; }
  // Of the windows.
  double sum(const char* field) const {
    double sum = 0;
    for (const Event* window : windows) sum += window->at(field).get<double>();
    return sum;
  }
};

std::vector<double> shares(const Measured& run, const char* column) {
  const auto cpu_ns = run.sums->at(column).get<Counts>();
  const auto time_ns = as_double(run.sums->ns("time_ns"));
  std::vector<double> used;
  for (std::size_t i = 0; i < cpu_ns.size(); ++i) used.push_back(as_double(cpu_ns[i]) / (run.cores.at(i) * time_ns));
  return used;
}

// Of the trial, its last nanosecond included: without a cool-down it ends when its fleet does.
std::vector<const Event*> events_of(const RunData& data, const char* name, const Trial& trial) {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  const std::int64_t end = trial.ended_ns < kNever ? trial.ended_ns + 1 : kNever;
  std::vector<const Event*> events = data.events(name, trial.started_ns, end);
  std::erase_if(events, [&](const Event* event) { return event->text("trial") != trial.id; });
  return events;
}

// Throws MeasurementError for what is not there.
Measured measured(const RunData& data, const Trial& trial) {
  Measured run;
  run.trial = &trial;
  const auto sums = events_of(data, "fleet_sums", trial);
  if (sums.empty()) throw MeasurementError(fmt::format("trial {}: no sums in {}", trial.id, kLog));
  run.sums = sums.back();
  run.windows = events_of(data, "fleet_window", trial);
  if (run.windows.empty()) throw MeasurementError(fmt::format("trial {}: no window in {}", trial.id, kLog));
  const auto capacity = run.sums->at("capacity").get<std::vector<double>>();
  run.flows = run.sums->at("site_flows").get<Counts>();
  for (std::size_t i = 0; i < run.flows.size(); ++i) run.cores.push_back(capacity.at(i % capacity.size()));
  run.used = shares(run, "site_used_ns");
  run.offered = shares(run, "site_offered_ns");
  return run;
}

// Flows that are not where one of each should be: given to a site, or not steered; and of those given served, refused,
// lost or still there.
std::int64_t miscounted(const Measured& run) {
  const Event& sums = *run.sums;
  std::int64_t given = 0;
  for (const std::int64_t flows : run.flows) given += flows;
  const std::int64_t ended = sums.ns("served") + sums.ns("refused") + sums.ns("lost");
  return std::abs(sums.ns("flows") - sums.ns("unsteered") - given) +
         std::abs(given + sums.ns("there_before") - ended - sums.ns("there_after"));
}

// Nearest rank, by buckets: the largest value of the one that holds it.
Ratio latency_ms(const Measured& run, double q) {
  const std::int64_t served = run.sums->ns("served");
  const auto rank = std::max(static_cast<std::int64_t>(std::ceil(q * as_double(served))), std::int64_t{1});
  std::int64_t seen = 0;
  for (const auto& bucket : run.sums->at("latency")) {
    seen += bucket.at(1).get<std::int64_t>();
    if (seen >= rank) return as_double(bucket.at(0).get<std::int64_t>()) / 1e6;
  }
  return std::nullopt;
}

class FleetFigures {
 public:
  FleetFigures(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings)
      : input_(input), result_(result), warnings_(warnings) {
    for (const Trial* trial : input.trials) runs_.push_back(measured(input.data, *trial));
  }

  void run() {
    add_miscounted();
    add_latencies();
    add_use();
    add_spread();
    add_shares();
    add_rates();
    if (const auto disturbance = input_.scenario.fleet.value().disturbance()) add_periods(*disturbance);
  }

 private:
  template <class Value>
  Figure& add(const std::string& name, const char* unit, const char* statistic, const char* missing, Value value) {
    std::vector<TrialSamples> rows;
    for (const Measured& run : runs_) {
      const Ratio one = value(run);
      rows.push_back(one ? TrialSamples::with_value(*run.trial, *one)
                         : TrialSamples::without_value(*run.trial, missing));
    }
    return add_figure(result_, name, {unit, statistic, "outside", kLog}, std::move(rows));
  }
  void warn(const std::string& figure, std::string text) {
    warnings_.push_back({result_.name, figure, std::move(text)});
  }

  void add_miscounted() {
    std::int64_t flows = 0;
    for (const Measured& run : runs_) flows += run.sums->ns("flows");
    Figure& figure =
        add("miscounted_flows", "flows", "sum", "", [](const Measured& run) { return as_double(miscounted(run)); });
    judge_exact(figure, 0, flows, "flows");
  }

  void add_latencies() {
    constexpr const char* kNone = "no flow was served";
    add("latency_ms.mean", "ms", "mean", kNone, [](const Measured& run) {
      return ratio(as_double(run.sums->ns("latency_sum_ns")) / 1e6, as_double(run.sums->ns("served")));
    });
    add("latency_ms.p50", "ms", "p50", kNone, [](const Measured& run) { return latency_ms(run, 0.5); });
    add("latency_ms.p99", "ms", "p99", kNone, [](const Measured& run) { return latency_ms(run, 0.99); });
  }

  void add_use() {
    constexpr const char* kIdle = "the sites were idle";
    add("bias", "1", "of a trial", kIdle, [](const Measured& run) { return bias(run.used); });
    add("offered_bias", "1", "of a trial", kIdle, [](const Measured& run) { return bias(run.offered); });
    double most = 0;
    add("peak_load", "1", "busiest site of a trial", "", [&](const Measured& run) {
      const double peak = *std::ranges::max_element(run.used);
      most = std::max(most, peak);
      return Ratio(peak);
    });
    add("peak_load.window", "1", "busiest site of a window", "", [](const Measured& run) {
      double peak = 0;
      for (const Event* window : run.windows) peak = std::max(peak, window->at("peak_used").get<double>());
      return Ratio(peak);
    });
    add("peak_offered", "1", "busiest site of a trial", "",
        [](const Measured& run) { return Ratio(*std::ranges::max_element(run.offered)); });
    if (most > kSaturated)
      warn("peak_load",
           fmt::format("a site used {:.0f} % of its capacity: what is saturated hides how uneven the load is, and "
                       "peak_offered does not",
                       100 * most));
  }

  void add_spread() {
    constexpr const char* kNone = "no flow was given to a site";
    constexpr const char* kNever = "no flow was at a site when a window ended";
    add("var", "1", "of a trial", kNone, [](const Measured& run) { return some(run, stats::spread(run.flows)); });
    add("imbalance", "1", "of a trial", kNone,
        [](const Measured& run) { return some(run, imbalance(run.flows, weights(run))); });
    add("var_time_averaged", "1", "of a trial", kNever,
        [](const Measured& run) { return ratio(run.sum("active_var"), run.sum("active")); });
    add("imbalance_time_averaged", "1", "of a trial", kNever,
        [](const Measured& run) { return ratio(run.sum("active_imbalance"), run.sum("active")); });
    const std::vector<double>& cores = runs_.front().cores;
    if (std::ranges::adjacent_find(cores, std::not_equal_to<>()) != cores.end())
      warn("var", "capacities are not equal: var ranks backwards, imbalance and peak_offered do not");
  }

  static std::vector<double> weights(const Measured& run) {
    double all = 0;
    for (const double cores : run.cores) all += cores;
    std::vector<double> shares;
    for (const double cores : run.cores) shares.push_back(cores / all);
    return shares;
  }
  static Ratio some(const Measured& run, double value) {
    return std::ranges::any_of(run.flows, [](std::int64_t flows) { return flows > 0; }) ? Ratio(value) : std::nullopt;
  }

  void add_shares() {
    for (const char* what : {"refused", "lost", "unsteered"})
      add(fmt::format("{}_share", what), "1", "share", "no flow came",
          [&](const Measured& run) { return ratio(as_double(run.sums->ns(what)), as_double(run.sums->ns("flows"))); });
  }

  void add_rates() {
    for (const char* what : {"updates_sent", "updates_delivered", "decisions", "probes"})
      add(what, "/s", "mean", "", [&](const Measured& run) { return as_double(run.sums->ns(what)) / run.seconds(); });
    for (const char* what : {"updates_replaced", "updates_lost"})
      add(fmt::format("{}_share", what), "1", "share", "no update was on its way", [&](const Measured& run) {
        const std::int64_t all =
            run.sums->ns("updates_delivered") + run.sums->ns("updates_replaced") + run.sums->ns("updates_lost");
        return ratio(as_double(run.sums->ns(what)), as_double(all));
      });
  }

  // A window that ends when a site fails has what was lost with it: so it belongs to `during`.
  void add_periods(const scenarios::Fleet::Disturbance& disturbance) {
    const auto before = [&](const Measured& run) {
      return FleetStretch{begun(run), begun(run) + disturbance.from.count() - 1}.of(run.windows);
    };
    const auto during = [&](const Measured& run) {
      return FleetStretch{begun(run) + disturbance.from.count(),
                          disturbance.to ? begun(run) + disturbance.to->count() : run.windows.back()->t_ns}
          .of(run.windows);
    };
    add_worst("during", during);
    add_recovery("during", disturbance.from, before, during);
    if (!disturbance.to) return;
    const auto after = [&](const Measured& run) {
      return FleetStretch{begun(run) + disturbance.to->count() + 1, run.windows.back()->t_ns}.of(run.windows);
    };
    add_worst("after", after);
    add_recovery("after", *disturbance.to, before, after);
  }

  static std::int64_t begun(const Measured& run) { return phase_of(*run.trial, kMeasurePhase).from_ns; }

  template <class Windows>
  void add_worst(const std::string& period, Windows windows) {
    const auto worst = [&](const Measured& run, Ratio (FleetFlows::*value)() const) {
      Ratio most;
      for (const FleetWindow& window : windows(run))
        if (const Ratio one = (window.*value)()) most = std::max(most.value_or(0), *one);
      return most;
    };
    add("worst_latency_ms." + period, "ms", "worst window", "no flow was served then",
        [&](const Measured& run) { return worst(run, &FleetFlows::latency_ms); });
    add("worst_unserved_share." + period, "1", "worst window", "no flow came then",
        [&](const Measured& run) { return worst(run, &FleetFlows::unserved_share); });
  }

  // `from`: when the period begins.
  template <class Before, class Windows>
  void add_recovery(const std::string& period, Duration from, Before before, Windows windows_of) {
    const double tolerance = input_.conditions.number("tolerance");
    const double unserved = input_.conditions.number("unserved");
    add("recovery_ms." + period, "ms", "of a trial",
        "the last window was not as those before the disturbance, or there were none",
        [&](const Measured& run) -> Ratio {
          const std::vector<FleetWindow> quiet = before(run);
          const std::vector<FleetWindow> windows = windows_of(run);
          const UsualFleet usual(quiet);
          if (quiet.empty() || windows.empty() || !usual.holds(windows.back(), tolerance, unserved))
            return std::nullopt;
          const std::int64_t from_ns = begun(run) + from.count();
          std::int64_t recovered_ns = from_ns;
          for (const FleetWindow& window : windows)
            if (!usual.holds(window, tolerance, unserved)) recovered_ns = window.end_ns;
          return as_double(recovered_ns - from_ns) / 1e6;
        });
  }

  const AnalysisInput& input_;
  TestResult& result_;
  std::vector<Warning>& warnings_;
  std::vector<Measured> runs_;
};

class FleetTest final : public Test {
 public:
  std::string_view name() const override { return "fleet"; }
  std::string_view title() const override { return "what a fleet of sites and ingresses does with its flows"; }
  bool of_fleets() const override { return true; }
  std::string_view primary_figure() const override { return "latency_ms.mean"; }
  std::vector<std::string_view> compared_figures() const override {
    return {"latency_ms.mean", "latency_ms.p99", "imbalance_time_averaged", "peak_load"};
  }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{{"miscounted_flows", "flows"},
                                                                {"latency_ms.mean", "ms"},
                                                                {"latency_ms.p50", "ms"},
                                                                {"latency_ms.p99", "ms"},
                                                                {"bias", "1"},
                                                                {"offered_bias", "1"},
                                                                {"peak_load", "1"},
                                                                {"peak_load.window", "1"},
                                                                {"peak_offered", "1"},
                                                                {"var", "1"},
                                                                {"imbalance", "1"},
                                                                {"var_time_averaged", "1"},
                                                                {"imbalance_time_averaged", "1"},
                                                                {"refused_share", "1"},
                                                                {"lost_share", "1"},
                                                                {"unsteered_share", "1"},
                                                                {"updates_sent", "/s"},
                                                                {"updates_delivered", "/s"},
                                                                {"decisions", "/s"},
                                                                {"probes", "/s"},
                                                                {"updates_replaced_share", "1"},
                                                                {"updates_lost_share", "1"},
                                                                {"worst_latency_ms.*", "ms"},
                                                                {"worst_unserved_share.*", "1"},
                                                                {"recovery_ms.*", "ms"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"measure_s", "s", 60, 60, 0.01, 1e6, "of virtual time; crowds and outages are within it"},
        {"watch_ms", "ms", 1000, 1000, 1, 3.6e6, "windows in which the fleet is looked at"},
        {"tolerance", "share", 0.2, 0.2, 0, 1, "recovered: a window's mean latency above the worst before at most"},
        {"unserved", "share", 0.01, 0.01, 0, 1, "recovered: share of a window's flows not served, as much more"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return c.duration("measure_s");
  }

  std::optional<std::string> impossible(const Conditions& c) const override {
    if (c.duration("watch_ms") <= c.duration("measure_s")) return std::nullopt;
    return "measure is shorter than a window: write a larger \"measure\", or a smaller \"watch\"";
  }

  void run_trial(const TrialContext& context) const override {
    scenarios::Testbed& testbed = context.testbed;
    testbed.command(kAgent, {{"do", "make"},
                             {"trial", context.trial},
                             {"seed", context.seed},
                             {"warm_up_ns", context.warm_up.count()},
                             {"watch_ns", context.conditions.duration("watch_ms").count()}});
    context.phase("warm-up", context.warm_up);
    testbed.command(kAgent, {{"do", "measure"}});
    context.phase(kMeasurePhase, context.conditions.duration("measure_s"));
    testbed.command(kAgent, {{"do", "sums"}});
    testbed.command(kAgent, {{"do", "end"}});
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial,
                                         const Conditions& /*conditions*/) const override {
    measured(data, trial);  // or throw
    return std::nullopt;
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const override {
    FleetFigures(input, result, warnings).run();
  }
};

}  // namespace

const Test& fleet_test() {
  static const FleetTest test;
  return test;
}

}  // namespace cats::suite
