#include "suite/comparisons.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "suite/report/figure.h"
#include "suite/tests/test.h"

namespace cats::suite {
namespace {

struct Pairs {
  std::vector<double> a, b;
};

// The error: trials of the same index have different seeds.
Expected<Pairs> pairs_of(const TestResult& a, const TestResult& b, std::string_view figure) {
  Pairs pairs;
  for (const TrialResult& left : a.trials)
    for (const TrialResult& right : b.trials) {
      if (left.index != right.index || left.error || right.error) continue;
      if (left.seed != right.seed)
        return fail("trial {} has seed {} in a and {} in b", left.index, left.seed, right.seed);
      const auto x = left.value(figure);
      const auto y = right.value(figure);
      if (!x || !y) continue;
      pairs.a.push_back(*x);
      pairs.b.push_back(*y);
    }
  return pairs;
}

void fill(Comparison& comparison, const Expected<stats::Difference>& difference) {
  if (!difference) {
    comparison.verdict = kNotCompared;
    comparison.reason = difference.error().message;
    return;
  }
  comparison.effect = difference->effect;
  comparison.ci95 = difference->ci95;
  comparison.effect_size = difference->effect_size;
  comparison.p = difference->p;
  comparison.verdict = name(stats::order(*difference));
  if (difference->paired && std::ldexp(1.0, 1 - difference->a) > 0.05)
    comparison.reason = fmt::format("{} pairs: the sign-flip test's p cannot be below {:.4g}", difference->a,
                                    std::ldexp(1.0, 1 - difference->a));
}

// What two entries differ in, and what they share.
struct Contrast {
  std::string a, b;
  nlohmann::ordered_json conditions;
};

// As the study wrote it, so that one algorithm with two settings is told apart; else its name.
std::string algorithm_of(const TestResult& entry) { return entry.study.value("algorithm", entry.algorithm); }

std::optional<Contrast> contrast(const TestResult& a, const TestResult& b) {
  if (a.name != b.name || a.interval_ms != b.interval_ms || a.parameters != b.parameters || a.metrics != b.metrics)
    return std::nullopt;
  struct Dimension {
    const char* name;
    std::string a, b;
  };
  std::optional<Contrast> found;
  nlohmann::ordered_json shared;
  for (const Dimension& one : {Dimension{"algorithm", algorithm_of(a), algorithm_of(b)},
                               Dimension{"mode", a.mode, b.mode}, Dimension{"engine", a.engine, b.engine}}) {
    if (one.a == one.b) {
      shared[one.name] = one.a;
    } else {
      if (found) return std::nullopt;
      found = Contrast{one.a, one.b, {}};
    }
  }
  if (!found) return std::nullopt;
  shared["interval_ms"] = a.interval_ms;
  shared["parameters"] = a.parameters;
  found->conditions = std::move(shared);
  return found;
}

bool comparable(const TestResult& entry, std::string_view figure) {
  const Figure* found = entry.find(figure);
  return found != nullptr && !(found->bound && found->bound->op == "==");
}

}  // namespace

Comparison compare_figure(const TestResult& a, const TestResult& b, std::string_view figure, bool may_be_unpaired) {
  const Figure& left = *a.find(figure);
  const Figure& right = *b.find(figure);
  Comparison comparison;
  comparison.test = a.name;
  comparison.figure = figure;
  comparison.unit = left.unit;
  comparison.scale = std::max(scale_of(left), scale_of(right));  // a side without an interval does not say
  const auto pairs = pairs_of(a, b, figure);
  if (pairs && (!may_be_unpaired || pairs->a.size() > 1)) {
    comparison.pairs = static_cast<int>(pairs->a.size());
    fill(comparison, stats::compare_paired(pairs->a, pairs->b, comparison.scale));
  } else if (may_be_unpaired) {
    comparison.paired = false;
    fill(comparison, stats::compare_unpaired(a.values(figure), b.values(figure), comparison.scale));
  } else {
    fill(comparison, tl::make_unexpected(pairs.error()));
  }
  return comparison;
}

void adjust(std::vector<Comparison>::iterator first, std::vector<Comparison>::iterator last) {
  std::vector<double> p;
  for (auto one = first; one != last; ++one)
    if (one->p) p.push_back(*one->p);
  const std::vector<double> adjusted = stats::holm(p);
  auto next = adjusted.begin();
  for (auto one = first; one != last; ++one)
    if (one->p) one->p_adjusted = *next++;
}

std::vector<Comparison> compare_entries(const std::vector<TestResult>& entries) {
  std::vector<std::vector<Comparison>> families;
  for (std::size_t i = 0; i < entries.size(); ++i)
    for (std::size_t j = i + 1; j < entries.size(); ++j) {
      const auto found = contrast(entries[i], entries[j]);
      const Test* test = found ? find_test(entries[i].name) : nullptr;
      if (test == nullptr) continue;
      for (const std::string_view figure : test->compared_figures()) {
        if (!comparable(entries[i], figure) || !comparable(entries[j], figure)) continue;
        Comparison comparison = compare_figure(entries[i], entries[j], figure, false);
        comparison.a = found->a;
        comparison.b = found->b;
        comparison.conditions = found->conditions;
        const auto family = std::find_if(families.begin(), families.end(), [&](const auto& members) {
          return members[0].test == comparison.test && members[0].conditions == comparison.conditions;
        });
        if (family == families.end())
          families.push_back({std::move(comparison)});
        else
          family->push_back(std::move(comparison));
      }
    }
  std::vector<Comparison> all;
  for (auto& family : families) {
    adjust(family.begin(), family.end());
    std::move(family.begin(), family.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace cats::suite
