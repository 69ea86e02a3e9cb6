// 5.0 `collection` (docs/tests.md): is what the collectors say what the kernel accounted? The runner reads the
// accounting of every site by itself, beside the collectors.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "cpsel/metrics.h"
#include "suite/report/figure.h"
#include "suite/tests/phases.h"
#include "suite/tests/tests.h"

namespace cats::suite {
namespace {

constexpr std::array<int, 3> kLevels{20, 50, 80};  // percent of the quota
// Further from the level than this, the site was not driven: the trial says nothing about that level.
constexpr double kDrivenWithinPoints = 10;
constexpr Duration kReadEvery = std::chrono::milliseconds(100);

// What the runner read of one site's control group, by time.
class Readings {
 public:
  Readings(const RunData& data, const Trial& trial, const Phase& phase, const std::string& csci) {
    for (const Event* event : data.events("site_usage", phase.from_ns, trial.ended_ns))
      if (event->text("source") == csci && event->t_ns <= phase.to_ns) events_.push_back(event);
    if (events_.size() < 2)
      throw MeasurementError(fmt::format("trial {}: the runner read the accounting of {} {} times in the phase {}",
                                         trial.id, csci, events_.size(), phase.name));
  }

  // CPU time in ns from one time to another, in proportion between two readings.
  double used(std::int64_t from_ns, std::int64_t to_ns) const { return at(to_ns) - at(from_ns); }

 private:
  double at(std::int64_t t_ns) const {
    std::size_t i = 0;
    while (i + 2 < events_.size() && events_[i + 1]->t_ns <= t_ns) ++i;
    const auto value = [&](std::size_t k) { return static_cast<double>(events_[k]->ns("usage_ns")); };
    const auto length = static_cast<double>(events_[i + 1]->t_ns - events_[i]->t_ns);
    return value(i) + (value(i + 1) - value(i)) * static_cast<double>(t_ns - events_[i]->t_ns) / length;
  }

  std::vector<const Event*> events_;
};

struct Window {
  const Event* sample = nullptr;
  std::vector<const Event*> sent;  // the metric_sent that published it, one per way; none: none was logged
  int level = 0;
  std::string source;
  double accounted = 0;  // percent of the quota, by the runner's readings

  double collected() const { return sample->at("raw").at("cpu_utilisation").get<double>(); }  // likewise
  // As it was sent; nothing when it was not.
  std::optional<double> published(const std::string& metric) const {
    for (const Event* event : sent)
      if (const auto& values = event->at("values"); values.contains(metric)) return values.at(metric).get<double>();
    return std::nullopt;
  }
};

std::vector<const Event*> publications(const RunData& data, const Event& sample, const Trial& trial) {
  std::vector<const Event*> found;
  for (const Event* sent : data.events("metric_sent", sample.t_ns - 1'000'000'000, trial.ended_ns)) {
    if (sent->text("source") != sample.text("source")) continue;
    // The stamp's fraction of a second has 32 bits, so the window's end may have moved by a nanosecond.
    if (std::abs(sent->ns("window_end") - sample.ns("window_end")) <= 2) found.push_back(sent);
  }
  return found;
}

// A site's samples whose window lies inside a level's measured phase.
std::vector<Window> windows(const RunData& data, const Trial& trial, int level, const SiteInfo& site) {
  const Phase& phase = phase_of(trial, fmt::format("measure-{}", level));
  const Readings readings(data, trial, phase, site.csci);
  std::vector<Window> found;
  for (const Event* sample : data.events("sample", phase.from_ns, trial.ended_ns)) {
    const std::int64_t start = sample->ns("window_start");
    const std::int64_t end = sample->ns("window_end");
    if (sample->text("source") != site.csci || start < phase.from_ns || end > phase.to_ns) continue;
    const double granted = static_cast<double>(end - start) * site.quota_cores;
    found.push_back(
        {sample, publications(data, *sample, trial), level, site.csci, 100 * readings.used(start, end) / granted});
  }
  if (found.empty())
    throw MeasurementError(
        fmt::format("trial {}: no sample of {} lies inside the phase {}", trial.id, site.node, phase.name));
  return found;
}

std::vector<Window> windows(const RunData& data, const Trial& trial) {
  std::vector<Window> all;
  for (const int level : kLevels)
    for (const SiteInfo& site : data.sites()) {
      std::vector<Window> found = windows(data, trial, level, site);
      all.insert(all.end(), found.begin(), found.end());
    }
  return all;
}

// What the declared functions make of the raw values, and how far the reported scores are from it, on the scale 0 … 10.
double score_deviation(const Window& window, const std::vector<cpsel::Declaration>& declarations) {
  const auto raw = window.sample->at("raw").get<cpsel::Values>();
  const auto derived = cpsel::derive(declarations, raw);
  if (!derived) throw MeasurementError(derived.error().message);
  double worst = 0;
  for (const auto& [score, value] : derived->unquantised)
    worst = std::max(worst, 10 * std::abs(window.sample->at("unquantised").at(score).get<double>() - value));
  for (const auto& [score, value] : derived->scores)
    if (const auto published = window.published(score)) worst = std::max(worst, std::abs(*published - value));
  return worst;
}

// Of every score and level: how far apart two sites' means are, 0 … 1.
std::vector<double> differences_between_sites(const std::vector<Window>& all) {
  std::map<std::pair<int, std::string>, std::map<std::string, std::pair<double, int>>> sums;  // sites: sum and count
  for (const Window& window : all)
    for (const auto& [score, value] : window.sample->at("unquantised").items()) {
      auto& [sum, count] = sums[{window.level, score}][window.source];
      sum += value.get<double>();
      ++count;
    }
  std::vector<double> differences;
  for (const auto& [key, sites] : sums) {
    std::vector<double> means;
    for (const auto& [site, sum] : sites) means.push_back(sum.first / sum.second);
    const auto [lo, hi] = std::minmax_element(means.begin(), means.end());
    differences.push_back(*hi - *lo);
  }
  return differences;
}

class Collection final : public Test {
 public:
  std::string_view name() const override { return "collection"; }
  std::string_view title() const override { return "metrics are collected correctly"; }
  std::string_view primary_figure() const override { return "collection_error_points"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{{"collection_error_points", "points"},
                                                                {"published_error_points", "points"},
                                                                {"score_deviation", "of 10"},
                                                                {"site_difference", "of the scale"},
                                                                {"utilisation_percent.*", "%"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"settle_s", "s", 1.5, 0.8, 0.5, 60, "after a change of the load, before windows count"},
        {"measure_s", "s", 4.5, 2.2, 1, 600, "of each level: 20, 50 and 80 % of the quota"},
        {"tolerance_points", "points", 3, 3, 0.1, 100, "largest error of the reported CPU utilisation"},
        {"site_tolerance", "share", 0.1, 0.1, 0.001, 1, "largest difference of two sites' scores under the same load"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return static_cast<int>(kLevels.size()) * (c.duration("settle_s") + c.duration("measure_s"));
  }

  void run_trial(const TrialContext& context) const override {
    context.phase("warm-up", context.warm_up);
    for (const int level : kLevels) {
      for (const scenarios::Site& site : context.testbed.sites())
        context.testbed.command(site.node, {{"do", "calibrated_load"}, {"share", level / 100.0}});
      context.phase(fmt::format("settle-{}", level), context.conditions.duration("settle_s"));
      context.begin_phase(fmt::format("measure-{}", level));
      read_usage(context, context.testbed.now() + context.conditions.duration("measure_s"));
    }
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial, const Conditions&) const override {
    std::map<std::pair<std::string, int>, std::vector<double>> used;
    for (const Window& window : windows(data, trial)) used[{window.source, window.level}].push_back(window.accounted);
    for (const auto& [key, values] : used) {
      double mean = 0;
      for (const double value : values) mean += value / static_cast<double>(values.size());
      if (std::abs(mean - key.second) > kDrivenWithinPoints)
        return fmt::format("{} was to be driven to {} % of its quota and ran at {:.1f} %", site_name(data, key.first),
                           key.second, mean);
    }
    return std::nullopt;
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>&) const override {
    std::vector<TrialSamples> errors, published, deviations, sites;
    std::map<int, std::vector<TrialSamples>> achieved;
    for (const Trial* trial : input.trials) {
      const std::vector<Window> all = windows(input.data, *trial);
      std::vector<double> error, sent_error, deviation;
      std::map<int, std::vector<double>> used;
      for (const Window& window : all) {
        error.push_back(std::abs(window.collected() - window.accounted));
        if (const auto available = window.published("available_compute"))
          sent_error.push_back(std::abs(100 - *available - std::min(100.0, window.accounted)));
        deviation.push_back(score_deviation(window, input.scenario.metrics.declared));
        used[window.level].push_back(window.accounted);
      }
      errors.push_back(TrialSamples::of(*trial, error));
      if (!sent_error.empty()) published.push_back(TrialSamples::of(*trial, sent_error));
      deviations.push_back(TrialSamples::of(*trial, deviation));
      sites.push_back(TrialSamples::of(*trial, differences_between_sites(all)));
      for (const int level : kLevels) achieved[level].push_back(TrialSamples::of(*trial, used[level]));
    }
    const double tolerance = input.conditions.number("tolerance_points");
    const FigureKind points{"points", "max", "both", "events/runner.jsonl, events/<edge server>.jsonl"};
    add_figure(result, "collection_error_points", points, errors);
    judge(result, "collection_error_points", {"<=", tolerance});
    if (published.size() == errors.size()) {
      add_figure(result, "published_error_points", points, published);
      judge(result, "published_error_points", {"<=", tolerance});
    }
    judge_scores(input, result, deviations, sites);
    for (const int level : kLevels)
      add_figure(result, fmt::format("utilisation_percent.{}", level), {"%", "mean", "outside", "events/runner.jsonl"},
                 achieved[level]);
  }

 private:
  static void read_usage(const TrialContext& context, Instant until) {
    scenarios::Testbed& testbed = context.testbed;
    for (Instant next = testbed.now();; next = std::min(next + kReadEvery, until)) {
      testbed.sleep_until(next);
      for (const scenarios::Site& site : testbed.sites())
        context.log("site_usage", {{"source", site.csci.str()}, {"usage_ns", testbed.cpu_time(site.node).count()}});
      if (next >= until) return;
    }
  }

  static void judge_scores(const AnalysisInput& input, TestResult& result, std::vector<TrialSamples> deviations,
                           std::vector<TrialSamples> sites) {
    const FigureKind scale{"of 10", "max", "dut", "events/<edge server>.jsonl"};
    const FigureKind share{"of the scale", "max", "dut", "events/<edge server>.jsonl"};
    const bool scores = std::any_of(input.scenario.metrics.declared.begin(), input.scenario.metrics.declared.end(),
                                    [](const cpsel::Declaration& d) { return d.level != cpsel::Level::l0; });
    if (scores) {
      add_figure(result, "score_deviation", scale, std::move(deviations));
      judge_every(result, "score_deviation", {"<=", 0.001});
      add_figure(result, "site_difference", share, std::move(sites));
      judge(result, "site_difference", {"<=", input.conditions.number("site_tolerance")});
      return;
    }
    for (const auto& [figure, kind] : {std::pair{"score_deviation", scale}, std::pair{"site_difference", share}}) {
      std::vector<TrialSamples> none;
      for (const Trial* trial : input.trials)
        none.push_back(TrialSamples::without_value(*trial, "the scenario declares no score"));
      set_verdict(add_figure(result, figure, kind, none), Verdict::not_applicable, "the scenario declares no score");
    }
  }
};

}  // namespace

const Test& collection_test() {
  static const Collection test;
  return test;
}

}  // namespace cats::suite
