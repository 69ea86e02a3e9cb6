#include "suite/bounds.h"

#include <algorithm>

#include <fmt/format.h>

#include "suite/report/figure.h"

namespace cats::suite {
namespace {

std::string why_not_measured(const TestResult& entry, const Figure* figure) {
  if (figure == nullptr) return entry.reason.empty() ? "the report has no such figure" : entry.reason;
  const auto missing = std::ranges::find_if(entry.trials, [](const TrialResult& trial) { return bool(trial.error); });
  if (missing != entry.trials.end())
    return fmt::format("trial {} could not be taken: {}", missing->index, *missing->error);
  if (!figure->value || figure->verdict == Verdict::error || figure->verdict == Verdict::not_applicable)
    return figure->reason.empty() ? "the figure has no value" : figure->reason;
  if (figure->trials < static_cast<int>(entry.trials.size())) return "a trial has no value of the figure";
  return "";
}

BoundResult judge_one(const scenarios::FigureBound& bound, const TestResult& entry) {
  BoundResult result;
  result.conditions = {{"mode", entry.mode},
                       {"engine", entry.engine},
                       {"algorithm", entry.algorithm},
                       {"interval_ms", entry.interval_ms},
                       {"parameters", entry.parameters}};
  const Figure* found = entry.find(bound.figure);
  result.reason = why_not_measured(entry, found);
  if (found == nullptr) return result;
  result.unit = found->unit;
  result.value = found->value;
  result.ci95 = found->ci95;
  if (!result.reason.empty()) return result;
  Judgement judged = judgement(entry, bound.figure, {bound.op, bound.value});
  result.verdict = judged.verdict;
  result.reason = std::move(judged.reason);
  return result;
}

}  // namespace

std::vector<BoundResult> judge_bounds(const std::vector<scenarios::FigureBound>& bounds,
                                      const std::vector<TestResult>& entries) {
  std::vector<BoundResult> results;
  for (const scenarios::FigureBound& bound : bounds) {
    const std::size_t before = results.size();
    for (const TestResult& entry : entries)
      if (entry.name == bound.test) results.push_back(judge_one(bound, entry));
    if (results.size() == before) results.emplace_back().reason = "the test was not run";
    for (std::size_t i = before; i < results.size(); ++i) {
      results[i].text = bound.text;
      results[i].test = bound.test;
      results[i].figure = bound.figure;
      results[i].bound = {bound.op, bound.value};
    }
  }
  return results;
}

}  // namespace cats::suite
