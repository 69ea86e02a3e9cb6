// Reports of runs that studied something, as small as can be.
#pragma once

#include <string>
#include <utility>

#include "suite/report/model.h"

namespace cats::suite::plot {

inline Figure fake_figure(double value, double half, std::string unit = "1", int trials = 8) {
  Figure figure;
  figure.unit = std::move(unit);
  figure.statistic = "mean";
  figure.value = value;
  figure.ci95 = stats::Interval{value - half, value + half};
  figure.trials = trials;
  return figure;
}

inline TestResult& add_entry(Report& report, nlohmann::ordered_json study, Figures figures) {
  TestResult& test = report.tests.emplace_back();
  test.name = "lb-variance";
  test.mode = "distributed";
  test.engine = "sim";
  test.algorithm = study.value("algorithm", "global-min");
  test.interval_ms = 200;
  test.study = std::move(study);
  test.figures = std::move(figures);
  return test;
}

inline Report fake_run(const std::string& name) {
  Report report;
  report.run = {
      {"id", "1a2b"}, {"started_utc", "2026-01-01T00:00:00Z"}, {"catsbench_version", "0.1.0"}, {"quick", false}};
  report.scenario = {{"name", name}};
  return report;
}

// Two algorithms over T from 100 ms to 30 s.
inline Report fake_staleness() {
  Report report = fake_run("staleness <small>");
  const std::pair<const char*, double> intervals[] = {{"100ms", 0.1}, {"1s", 1}, {"2500ms", 2.5}, {"30s", 30}};
  for (const auto& [interval, seconds] : intervals)
    for (const char* algorithm : {"ecmp", "global-min"}) {
      const bool hashed = std::string(algorithm) == "ecmp";
      const double value = hashed ? 0.25 : 0.1 + seconds / 30;
      add_entry(report, {{"interval", interval}, {"algorithm", algorithm}},
                {{"var", fake_figure(value, 0.05)}, {"latency_ms", fake_figure(5 * value, 0.5, "ms")}});
    }
  return report;
}

// One figure for each of some algorithms.
inline Report fake_algorithms() {
  Report report = fake_run("algorithms");
  double value = 0.5;
  for (const char* algorithm :
       {"ecmp", "global-min-local", "load-interpretation", "p2c", "inverse-load", "round-robin"})
    add_entry(report, {{"algorithm", algorithm}}, {{"var", fake_figure(value /= 1.5, 0.03)}});
  return report;
}

}  // namespace cats::suite::plot
