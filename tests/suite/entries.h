// Entries of a report made by hand: an algorithm's trial values of some figures.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "suite/report/figure.h"
#include "suite/report/model.h"

namespace cats::suite {

using Series = std::vector<std::pair<std::string, std::vector<double>>>;  // figure → value per trial

// metric-distribution, distributed, T = 1 s; seeds 100, 101, … by index.
inline TestResult entry(const std::string& algorithm, const Series& series) {
  TestResult result;
  result.name = "metric-distribution";
  result.mode = "distributed";
  result.engine = "emulator";
  result.algorithm = algorithm;
  result.interval_ms = 1000;
  result.parameters = {{"measure_s", 15.0}};
  result.verdict = Verdict::pass;
  const std::size_t count = series.empty() ? 0 : series[0].second.size();
  std::vector<Trial> trials(count);
  for (std::size_t i = 0; i < count; ++i) {
    trials[i].index = static_cast<int>(i);
    result.trials.push_back({trials[i].index, 100 + i, 0, {}, {}});
  }
  for (const auto& [figure, values] : series) {
    std::vector<TrialSamples> rows;
    for (std::size_t i = 0; i < count; ++i) rows.push_back(TrialSamples::with_value(trials[i], values.at(i)));
    add_figure(result, figure, {"ms", "mean", "both", "x"}, rows);
  }
  return result;
}

inline const std::string kPrimary = "distribution_delay_ms";  // of metric-distribution

}  // namespace cats::suite
