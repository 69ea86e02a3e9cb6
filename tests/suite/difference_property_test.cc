// What holds of every comparison.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "suite/stats/difference.h"
#include "suite/stats/enough.h"
#include "suite/stats/sign_flip.h"

namespace cats::suite::stats {
namespace {

// Multiples of 1/8: their sums are exact, so that ties are ties.
std::vector<double> series(std::size_t n) {
  std::vector<double> values;
  for (const int eighths : *rc::gen::container<std::vector<int>>(n, rc::gen::inRange(-400, 400)))
    values.push_back(eighths / 8.0);
  return values;
}

std::vector<double> positive(std::size_t n) {
  std::vector<double> values;
  for (const int eighths : *rc::gen::container<std::vector<int>>(n, rc::gen::inRange(1, 400)))
    values.push_back(eighths / 8.0);
  return values;
}

bool near(double x, double y) { return std::abs(x - y) <= 1e-9 * std::max({1.0, std::abs(x), std::abs(y)}); }

void mirrored(const Difference& ab, const Difference& ba) {
  RC_ASSERT(near(ab.effect, -ba.effect));
  RC_ASSERT(near(ab.ci95.lo, -ba.ci95.hi));
  RC_ASSERT(near(ab.ci95.hi, -ba.ci95.lo));
  RC_ASSERT(near(ab.p, ba.p));
  RC_ASSERT(ab.effect_size.has_value() == ba.effect_size.has_value());
  RC_ASSERT(near(ab.effect_size.value_or(0), -ba.effect_size.value_or(0)));
  RC_ASSERT((order(ab) == Order::a_lower) == (order(ba) == Order::b_lower));
}

RC_GTEST_PROP(Difference, ExchangingAAndBMirrorsIt, ()) {
  const std::size_t n = *rc::gen::inRange<std::size_t>(2, 40);
  const auto a = series(n);
  const auto b = series(n);
  mirrored(*compare_paired(a, b), *compare_paired(b, a));
  mirrored(*compare_unpaired(a, b), *compare_unpaired(b, a));
}

RC_GTEST_PROP(Difference, ARatioTurnsIntoItsReciprocal, ()) {
  const std::size_t n = *rc::gen::inRange<std::size_t>(2, 12);
  const auto a = positive(n);
  const auto b = positive(n);
  const auto ab = compare_paired(a, b, Scale::ratio);
  const auto ba = compare_paired(b, a, Scale::ratio);
  RC_ASSERT(near(ab->effect * ba->effect, 1));
  RC_ASSERT(near(ab->p, ba->p));
  RC_ASSERT(ab->ci95.contains(ab->effect));
}

RC_GTEST_PROP(Difference, PIsAProbabilityAndNotZero, ()) {
  const std::size_t n = *rc::gen::inRange<std::size_t>(2, 40);
  const auto a = series(n);
  const auto b = series(n);
  for (const auto& result : {compare_paired(a, b), compare_unpaired(a, b)}) {
    RC_ASSERT(result->p > 0);
    RC_ASSERT(result->p <= 1);
    RC_ASSERT(result->ci95.contains(result->effect));
  }
}

// The definition, pattern by pattern.
double counted(const std::vector<double>& differences) {
  const double seen = std::abs(std::accumulate(differences.begin(), differences.end(), 0.0));
  const std::size_t patterns = std::size_t{1} << differences.size();
  std::size_t extreme = 0;
  for (std::size_t signs = 0; signs < patterns; ++signs) {
    double sum = 0;
    for (std::size_t i = 0; i < differences.size(); ++i) sum += (signs >> i) & 1 ? differences[i] : -differences[i];
    extreme += std::abs(sum) >= seen ? 1 : 0;
  }
  return static_cast<double>(extreme) / static_cast<double>(patterns);
}

RC_GTEST_PROP(SignFlip, TheJoinedHalvesCountEveryPattern, ()) {
  const auto differences = series(*rc::gen::inRange<std::size_t>(1, 13));
  RC_ASSERT(near(sign_flip_p(differences), counted(differences)));
}

// Under the null hypothesis each sign pattern is equally likely: p ≤ α in at most α of them, for every α.
RC_GTEST_PROP(SignFlip, ItsSizeIsExact, ()) {
  const auto magnitudes = series(*rc::gen::inRange<std::size_t>(1, 9));
  const std::size_t patterns = std::size_t{1} << magnitudes.size();
  std::vector<double> p;
  for (std::size_t signs = 0; signs < patterns; ++signs) {
    auto differences = magnitudes;
    for (std::size_t i = 0; i < differences.size(); ++i)
      if ((signs >> i) & 1) differences[i] = -differences[i];
    p.push_back(sign_flip_p(differences));
  }
  std::sort(p.begin(), p.end());
  for (std::size_t i = 0; i < p.size(); ++i) {
    const auto rank = std::upper_bound(p.begin(), p.end(), p[i] + 1e-9) - p.begin();
    RC_ASSERT(static_cast<double>(rank) <= p[i] * static_cast<double>(patterns) + 1e-6);
  }
}

RC_GTEST_PROP(Holm, OnlyRaisesAndKeepsTheOrder, ()) {
  std::vector<double> p;
  for (const int x : *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 1001))) p.push_back(x / 1000.0);
  const auto adjusted = holm(p);
  RC_ASSERT(adjusted.size() == p.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    RC_ASSERT(adjusted[i] >= p[i]);
    RC_ASSERT(adjusted[i] <= 1);
    for (std::size_t j = 0; j < p.size(); ++j) RC_ASSERT(p[i] > p[j] || adjusted[i] <= adjusted[j]);
  }
  if (!p.empty()) {
    const auto least = std::min_element(p.begin(), p.end()) - p.begin();
    RC_ASSERT(near(adjusted[least], std::min(1.0, p[least] * static_cast<double>(p.size()))));
  }
}

RC_GTEST_PROP(Enough, AWiderGoalIsReachedSooner, ()) {
  const auto values = positive(*rc::gen::inRange<std::size_t>(3, 30));
  const double width = *rc::gen::inRange(1, 1000) / 1000.0;
  RC_ASSERT(!enough(values, width) || enough(values, 2 * width));
  std::vector<double> scaled = values;
  for (double& value : scaled) value *= 4;
  RC_ASSERT(enough(values, width) == enough(scaled, width));
}

}  // namespace
}  // namespace cats::suite::stats
