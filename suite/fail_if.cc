#include "suite/fail_if.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "base/diagnostics.h"
#include "suite/comparisons.h"
#include "suite/stats/statistics.h"
#include "suite/tests/test.h"

namespace cats::suite {
namespace {

constexpr std::string_view kAllowed =
    "write TEST.FIGURE or TEST.ALGORITHM, one of > >= < <=, and a change such as +10%";

tl::unexpected<Error> at(std::string_view text, std::size_t place, const std::string& message) {
  return fail("--fail-if '{}', character {}: {}: {}", text, place + 1, message, kAllowed);
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Of one entry: the figure that `what` names, or nothing.
std::string figure_of(const std::string& what, const TestResult& entry) {
  if (entry.find(what) != nullptr) return what;
  if (what == entry.algorithm) {
    const Test* test = find_test(entry.name);
    return test == nullptr ? "" : std::string(test->primary_figure());
  }
  if (what.starts_with(entry.algorithm + ".")) return what.substr(entry.algorithm.size() + 1);
  return "";
}

double relative(double change, double reference) {
  if (change == 0) return 0;
  return reference == 0 ? std::copysign(std::numeric_limits<double>::infinity(), change) : change / std::abs(reference);
}

FailIfResult judge_one(const FailIf& condition, const Comparison& comparison, const RunComparison::Entry& entry) {
  FailIfResult result{condition.text, title(*entry.a), comparison.figure, false, std::nullopt, ""};
  if (!comparison.ci95) {
    result.reason = comparison.reason;
    return result;
  }
  stats::Interval change = *comparison.ci95;
  if (comparison.scale == stats::Scale::ratio) {
    if (!condition.relative) {
      result.reason = "the figure is a ratio: write a percentage";
      return result;
    }
    change = {change.lo - 1, change.hi - 1};
  } else if (condition.relative) {
    const double reference = stats::mean(entry.a->values(comparison.figure));
    change = {relative(change.lo, reference), relative(change.hi, reference)};
  }
  result.change = change;
  result.held = condition.bound.holds(change.lo) && condition.bound.holds(change.hi);
  return result;
}

// What could have been written instead of `condition.what`.
std::vector<std::string> candidates(const FailIf& condition, const RunComparison& runs) {
  std::set<std::string> names;
  for (const auto& entry : runs.entries) {
    if (entry.a->name != condition.test) continue;
    names.insert(entry.a->algorithm);
    for (const auto& [figure, ignored] : entry.a->figures) names.insert(figure);
  }
  return {names.begin(), names.end()};
}

}  // namespace

Expected<FailIf> parse_fail_if(std::string_view text) {
  FailIf condition;
  condition.text = text;
  const std::size_t op = text.find_first_of("<>=!");
  if (op == std::string_view::npos) return at(text, text.size(), "there is no comparison");
  const std::string_view subject = trimmed(text.substr(0, op));
  const std::size_t dot = subject.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == subject.size())
    return at(text, 0, fmt::format("\"{}\" is not TEST.FIGURE", subject));
  condition.test = subject.substr(0, dot);
  condition.what = subject.substr(dot + 1);
  std::size_t end = op;
  while (end < text.size() && std::string_view("<>=!").find(text[end]) != std::string_view::npos) ++end;
  condition.bound.op = text.substr(op, end - op);
  constexpr std::array<std::string_view, 4> kOperators{">", ">=", "<", "<="};
  if (std::ranges::find(kOperators, condition.bound.op) == kOperators.end())
    return at(text, op, fmt::format("\"{}\" is no comparison of changes", condition.bound.op));
  std::string_view number = trimmed(text.substr(end));
  const auto place = static_cast<std::size_t>(number.data() - text.data());
  const bool plus = number.starts_with('+');
  std::string_view digits = number.substr(plus ? 1 : 0);
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), condition.bound.value);
  if (error != std::errc() || !std::isfinite(condition.bound.value) || (plus && digits.starts_with('-')))
    return at(text, number.empty() ? text.size() : place, fmt::format("\"{}\" is no change", number));
  const std::string_view unit = trimmed(digits.substr(static_cast<std::size_t>(rest - digits.data())));
  condition.relative = unit == "%";
  if (condition.relative) condition.bound.value /= 100;
  if (!condition.relative && !unit.empty())
    return at(
        text, static_cast<std::size_t>(unit.data() - text.data()),
        fmt::format("\"{}\" after the number: only % may stand there, a bare number is in the figure's unit", unit));
  return condition;
}

Expected<std::vector<FailIfResult>> judge(const FailIf& condition, const RunComparison& runs) {
  std::vector<FailIfResult> results;
  for (const auto& entry : runs.entries) {
    if (entry.a->name != condition.test) continue;
    const std::string figure = figure_of(condition.what, *entry.a);
    for (std::size_t i = entry.first; i < entry.last; ++i)
      if (runs.comparisons[i].figure == figure) results.push_back(judge_one(condition, runs.comparisons[i], entry));
  }
  if (!results.empty()) return results;
  std::set<std::string> unique;
  for (const auto& entry : runs.entries) unique.insert(entry.a->name);
  const std::vector<std::string> tests(unique.begin(), unique.end());
  if (tests.empty()) return fail("--fail-if '{}': the runs have no entry in common", condition.text);
  if (!unique.contains(condition.test))
    return fail("--fail-if '{}': \"{}\" is no test of both runs: there are {}{}", condition.text, condition.test,
                one_of(tests), did_you_mean(condition.test, tests));
  const auto names = candidates(condition, runs);
  return fail("--fail-if '{}': {} has no figure or algorithm \"{}\" in both runs: there are {}{}", condition.text,
              condition.test, condition.what, one_of(names), did_you_mean(condition.what, names));
}

}  // namespace cats::suite
