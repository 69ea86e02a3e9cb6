// From the samples of trials to a figure, and from a figure to its verdict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "suite/report/model.h"
#include "suite/report/run_data.h"

namespace cats::suite {

// Two trials give an interval of t = 12.7 standard errors, which says nothing: below three, as in a quick run (which
// the report marks as not conforming), verdicts come from the range of the trials' values instead.
inline constexpr int kLeastTrialsForInterval = 3;

// Figure::ci_method of figures that are ratios.
inline constexpr std::string_view kRatioMethod = "student-t over logarithms of trials";

struct FigureKind {
  std::string unit;
  std::string statistic;  // "mean", "max", "p99", "sum" are computed from samples; others come as values
  std::string observed;   // "outside", "dut", "both"
  std::string data;       // file of the run directory
  nlohmann::ordered_json labels = nullptr;
  bool ratio = false;  // values are ratios: geometric mean, interval on logarithms
};

// On which scale the figure's trials are averaged and compared.
stats::Scale scale_of(const Figure& figure);

struct TrialSamples {
  const Trial* trial = nullptr;
  std::vector<double> samples;
  std::optional<double> value;  // given, or by the statistic from samples
  std::string missing;          // why there is no value

  static TrialSamples of(const Trial& trial, std::vector<double> samples, std::string missing = "");
  static TrialSamples with_value(const Trial& trial, double value, std::vector<double> samples = {});
  static TrialSamples without_value(const Trial& trial, std::string missing);
};

// Appends the figure, and each trial's value to result.trials (which hold those trials already). `value` is the mean
// over the trials that have one; the interval is Student t over them. Returns the figure; it stays valid until the next
// one.
Figure& add_figure(TestResult& result, const std::string& name, const FigureKind& kind,
                   std::vector<TrialSamples> trials);

// What a figure of the result, which has a value, is against a bound: from the interval, wholly within it or not.
struct Judgement {
  Verdict verdict = Verdict::error;
  std::string reason;  // "" when it passes
};
Judgement judgement(const TestResult& result, const std::string& figure, const stats::Bound& bound);

// Sets bound, verdict and reason so. A figure without a value is an error.
void judge(TestResult& result, const std::string& figure, const stats::Bound& bound);
// For what must hold each time: one trial outside the bound fails, whatever the interval.
void judge_every(TestResult& result, const std::string& figure, const stats::Bound& bound);
// For what must be exactly `target` (0 violations, coverage 1) in every trial: one violation fails. `n` is how many
// chances for a violation there were, `of` what they are called ("updates"); the figure states the bound 3/n. n = 0:
// error.
void judge_exact(Figure& figure, double target, std::int64_t n, std::string_view of);
void set_verdict(Figure& figure, Verdict verdict, std::string reason);

// The verdict of the test: the worst of its figures, with the reasons of those that are as bad.
void conclude(TestResult& result);

}  // namespace cats::suite
