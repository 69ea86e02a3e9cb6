// The result of a run as a value: what report.json says, with its names (docs/report.md). A number that could not be
// computed is absent and has a reason; NaN and infinity do not occur.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "suite/report/bound.h"
#include "suite/report/comparison.h"
#include "suite/stats/verdict.h"

namespace cats::suite {

inline constexpr std::string_view report_schema = "catsbench.report/1";

struct Figure {
  std::string unit;
  std::string statistic;  // what `value` averages over the trials: "mean", "p99", "max", "sum", "share"
  std::optional<double> value;
  std::optional<stats::Interval> ci95;
  std::string ci_method;  // how ci95 was made, or why there is none
  int trials = 0;         // that have a value
  std::int64_t samples = 0;
  // Over the samples of all trials.
  std::optional<double> min, median, max, mean, sd, p50, p90, p99;
  std::optional<stats::Bound> bound;
  nlohmann::ordered_json theory;   // null, or an object
  std::string observed;            // "outside", "dut" or "both"
  nlohmann::ordered_json labels;   // null, or an object of strings
  std::optional<Verdict> verdict;  // null: the figure is not judged
  std::string reason;              // of the verdict, or why a number is null
  std::string data;                // the file of the run directory it was computed from

  bool operator==(const Figure&) const = default;
};

// Keeps the order in which a test made its figures.
using Figures = std::vector<std::pair<std::string, Figure>>;

struct TrialResult {
  int index = 0;
  std::uint64_t seed = 0;  // below 2^53
  std::int64_t started_ns = 0;
  std::vector<std::pair<std::string, std::optional<double>>> figures;
  std::optional<std::string> error;

  std::optional<double> value(std::string_view figure) const;
  bool operator==(const TrialResult&) const = default;
};

struct TestResult {
  std::string name;
  std::string mode;    // "distributed", "centralized", "hybrid"
  std::string engine;  // "emulator", "sim"
  std::string algorithm;
  double interval_ms = 0;
  nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
  nlohmann::ordered_json study = nlohmann::ordered_json::object();  // studied key → value as written
  nlohmann::ordered_json metrics = nlohmann::ordered_json::array();
  std::optional<double> load_offered, load_achieved;  // requests; absent where the test sends none
  int void_trials = 0;
  Verdict verdict = Verdict::error;
  std::string reason;
  Figures figures;
  std::vector<TrialResult> trials;

  const Figure* find(std::string_view figure) const;
  // Of the trials that have one, by index.
  std::vector<double> values(std::string_view figure) const;
  bool operator==(const TestResult&) const = default;
};

struct Warning {
  std::string test;    // may be empty
  std::string figure;  // may be empty
  std::string text;

  bool operator==(const Warning&) const = default;
};

// The parts that describe the run are JSON as the schema says; they are made by whoever knows them.
struct Report {
  nlohmann::ordered_json run, scenario, topology, clock, environment, declarations;
  nlohmann::ordered_json duts = nlohmann::ordered_json::array();
  nlohmann::ordered_json preflight = nlohmann::ordered_json::array();
  std::vector<TestResult> tests;
  std::vector<Comparison> comparisons;
  std::vector<BoundResult> bounds;
  std::vector<Warning> warnings;

  bool operator==(const Report&) const = default;
};

// 0: every test passed or does not apply; 1: one failed; 3: none failed, but one (or all) could not be measured; 1 also
// when the worst is inconclusive.
int exit_status(const Report& report);

}  // namespace cats::suite
