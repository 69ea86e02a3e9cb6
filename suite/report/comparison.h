// Two entries of one test against each other: one line of report.json's `comparisons` (docs/report.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "suite/stats/difference.h"
#include "suite/stats/verdict.h"

namespace cats::suite {

inline constexpr std::string_view kNotCompared = "not compared";

struct Comparison {
  std::string test, figure;
  std::string a, b;  // what differs: algorithms, modes, engines or runs
  nlohmann::ordered_json conditions = nlohmann::ordered_json::object();  // what both share
  bool paired = true;
  int pairs = 0;  // trials of the same index and seed; 0 when not paired
  std::string unit;
  stats::Scale scale = stats::Scale::difference;
  std::optional<double> effect;  // b − a in `unit`, or b / a when the scale is a ratio
  std::optional<stats::Interval> ci95;
  std::optional<double> effect_size;    // in standard deviations (suite/stats/difference.h)
  std::optional<double> p, p_adjusted;  // two-sided; Holm's within the test's conditions
  std::string verdict;                  // "a lower", "b lower", "no difference seen", "not compared"
  std::string reason;                   // of "not compared", or of a p that cannot be small

  bool operator==(const Comparison&) const = default;
};

nlohmann::ordered_json to_json(const Comparison& comparison);
Comparison comparison_from_json(const nlohmann::ordered_json& json);

// For a terminal: a heading per test and conditions, a line per comparison; verdicts name what is lower.
std::string comparison_table(const std::vector<Comparison>& comparisons);

}  // namespace cats::suite
