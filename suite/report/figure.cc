#include "suite/report/figure.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "suite/stats/statistics.h"

namespace cats::suite {
namespace {

std::optional<double> computed(const std::string& statistic, const std::vector<double>& samples) {
  if (statistic == "sum") {
    double sum = 0;
    for (const double sample : samples) sum += sample;
    return sum;
  }
  if (samples.empty()) return std::nullopt;
  if (statistic == "mean") return stats::mean(samples);
  if (statistic == "max") return *std::max_element(samples.begin(), samples.end());
  if (statistic == "p99") return stats::percentile(samples, 0.99);
  throw std::logic_error("no way to compute the statistic " + statistic);
}

void describe_samples(Figure& figure, std::vector<double> samples) {
  figure.samples = static_cast<std::int64_t>(samples.size());
  if (samples.empty()) return;
  figure.mean = stats::mean(samples);
  figure.sd = stats::standard_deviation(samples);
  std::sort(samples.begin(), samples.end());
  figure.min = samples.front();
  figure.max = samples.back();
  figure.p50 = figure.median = stats::percentile_of_sorted(samples, 0.5);
  figure.p90 = stats::percentile_of_sorted(samples, 0.9);
  figure.p99 = stats::percentile_of_sorted(samples, 0.99);
}

TrialResult& result_of(TestResult& result, const Trial& trial) {
  for (TrialResult& row : result.trials)
    if (row.index == trial.index) return row;
  throw std::logic_error("a figure of a trial that the result does not list");
}

Figure& figure_of(TestResult& result, const std::string& figure_name) {
  for (auto& [known, figure] : result.figures)
    if (known == figure_name) return figure;
  throw std::logic_error("no figure is called " + figure_name);
}

std::string text(double value, const std::string& unit) {
  return fmt::format("{:.4g}{}", value, unit == "1" || unit.empty() ? "" : " " + unit);
}

}  // namespace

stats::Scale scale_of(const Figure& figure) {
  return figure.ci_method == kRatioMethod ? stats::Scale::ratio : stats::Scale::difference;
}

TrialSamples TrialSamples::of(const Trial& trial, std::vector<double> samples, std::string missing) {
  return {&trial, std::move(samples), std::nullopt, std::move(missing)};
}

TrialSamples TrialSamples::with_value(const Trial& trial, double value, std::vector<double> samples) {
  return {&trial, std::move(samples), value, ""};
}

TrialSamples TrialSamples::without_value(const Trial& trial, std::string missing) {
  return {&trial, {}, std::nullopt, std::move(missing)};
}

Figure& add_figure(TestResult& result, const std::string& figure_name, const FigureKind& kind,
                   std::vector<TrialSamples> trials) {
  Figure figure;
  figure.unit = kind.unit;
  figure.statistic = kind.statistic;
  figure.observed = kind.observed;
  figure.data = kind.data;
  figure.labels = kind.labels;
  std::vector<double> values;
  std::vector<double> pooled;
  for (TrialSamples& row : trials) {
    if (!row.value && row.missing.empty()) row.value = computed(kind.statistic, row.samples);
    if (!row.value && row.missing.empty()) row.missing = "no samples";
    if (row.value)
      values.push_back(*row.value);
    else if (figure.reason.empty())
      figure.reason = fmt::format("trial {}: {}", row.trial->index, row.missing);
    result_of(result, *row.trial).figures.emplace_back(figure_name, row.value);
    pooled.insert(pooled.end(), row.samples.begin(), row.samples.end());
  }
  figure.trials = static_cast<int>(values.size());
  const bool positive = std::all_of(values.begin(), values.end(), [](double value) { return value > 0; });
  if (kind.ratio && !positive) {
    values.clear();
    figure.reason = "a ratio of a trial is not positive";
  }
  if (!values.empty()) figure.value = kind.ratio ? stats::geometric_mean(values) : stats::mean(values);
  figure.ci95 = kind.ratio ? stats::ratio_interval(values) : stats::mean_interval(values);
  figure.ci_method = !figure.ci95 ? fmt::format("none: {} trials", values.size())
                     : kind.ratio ? std::string(kRatioMethod)
                                  : "student-t over trials";
  describe_samples(figure, std::move(pooled));
  if (figure.samples == 0 && figure.reason.empty()) figure.reason = "has one number per trial, no samples";
  result.figures.emplace_back(figure_name, std::move(figure));
  return result.figures.back().second;
}

void set_verdict(Figure& figure, Verdict verdict, std::string reason) {
  figure.verdict = verdict;
  if (!reason.empty()) figure.reason = std::move(reason);
}

Judgement judgement(const TestResult& result, const std::string& figure_name, const stats::Bound& bound) {
  const Figure& figure = *result.find(figure_name);
  std::optional<stats::Interval> interval = figure.ci95;
  if (figure.trials < kLeastTrialsForInterval) {
    const std::vector<double> values = result.values(figure_name);
    const auto [lo, hi] = std::ranges::minmax(values);
    interval = {lo, hi};
  }
  const Verdict verdict = stats::judge(*figure.value, interval, bound);
  if (verdict == Verdict::pass) return {verdict, ""};
  return {verdict, fmt::format("{} [{:.4g}, {:.4g}], must be {} {:.4g}", text(*figure.value, figure.unit), interval->lo,
                               interval->hi, bound.op, bound.value)};
}

void judge(TestResult& result, const std::string& figure_name, const stats::Bound& bound) {
  Figure& figure = figure_of(result, figure_name);
  figure.bound = bound;
  if (!figure.value) return set_verdict(figure, Verdict::error, "");
  Judgement judged = judgement(result, figure_name, bound);
  set_verdict(figure, judged.verdict, std::move(judged.reason));
}

void judge_every(TestResult& result, const std::string& figure_name, const stats::Bound& bound) {
  Figure& figure = figure_of(result, figure_name);
  figure.bound = bound;
  for (const TrialResult& trial : result.trials)
    if (const auto value = trial.value(figure_name); value && !bound.holds(*value))
      return set_verdict(figure, Verdict::fail,
                         fmt::format("{} in trial {}, must be {} {:.4g}", text(*value, figure.unit), trial.index,
                                     bound.op, bound.value));
  const bool complete =
      figure.trials == static_cast<int>(std::count_if(result.trials.begin(), result.trials.end(),
                                                      [](const TrialResult& trial) { return !trial.error; }));
  set_verdict(figure, complete ? Verdict::pass : Verdict::error, "");
}

void judge_exact(Figure& figure, double target, std::int64_t n, std::string_view of) {
  figure.bound = stats::Bound{"==", target};
  if (!figure.value) return set_verdict(figure, Verdict::error, "");
  if (n == 0) return set_verdict(figure, Verdict::error, fmt::format("there were no {}", of));
  figure.theory = {{"n", n}, {"of", of}};
  // The values are sums and shares of violations that only go one way, so a mean on target has every trial on target.
  if (*figure.value == target) {
    figure.theory["zero_supports_rate_below"] = stats::rule_of_three(n);
    return set_verdict(figure, Verdict::pass, "");
  }
  set_verdict(figure, Verdict::fail,
              fmt::format("{} over {} {}, must be {:.4g}", text(*figure.value, figure.unit), n, of, target));
}

void conclude(TestResult& result) {
  Verdict whole = Verdict::not_applicable;
  bool judged = false;
  for (const auto& [figure_name, figure] : result.figures)
    if (figure.verdict) {
      whole = worst(whole, *figure.verdict);
      judged = true;
    }
  result.verdict = judged ? whole : Verdict::error;
  result.reason = judged ? "" : "nothing was judged";
  if (whole == Verdict::pass) return;
  for (const auto& [figure_name, figure] : result.figures)
    if (figure.verdict == whole)
      result.reason += fmt::format("{}{}: {}", result.reason.empty() ? "" : "; ", figure_name, figure.reason);
}

}  // namespace cats::suite
