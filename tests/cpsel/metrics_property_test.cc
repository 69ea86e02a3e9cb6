#include <cmath>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cpsel/known_sequence.h"
#include "cpsel/metrics.h"

namespace cats::cpsel {
namespace {

double number(int lo, int hi) { return *rc::gen::inRange(lo * 1000, hi * 1000) / 1000.0; }

Normalisation any_normalisation() {
  const auto kind = *rc::gen::element(NormalisationKind::minmax, NormalisationKind::sigmoid, NormalisationKind::zscore);
  const auto better = *rc::gen::element(Better::less, Better::more);
  const double a = number(-100, 100);
  const double step = number(1, 50);
  return {kind, a, kind == NormalisationKind::minmax ? a + step : step, better};
}

RC_GTEST_PROP(Normalise, BoundedAndMonotone, ()) {
  const Normalisation f = any_normalisation();
  RC_ASSERT(!problem(f));
  const double x = number(-1000, 1000);
  const double y = x + number(0, 500);
  const double fx = normalise(f, x);
  const double fy = normalise(f, y);
  RC_ASSERT(fx >= 0 && fx <= 1 && fy >= 0 && fy <= 1);
  const bool rises = f.better == Better::more;
  RC_ASSERT((rises ? fy >= fx : fy <= fx));
}

RC_GTEST_PROP(Normalise, DirectionsMirror, ()) {
  Normalisation f = any_normalisation();
  const double x = number(-1000, 1000);
  const double one = normalise(f, x);
  f.better = f.better == Better::more ? Better::less : Better::more;
  RC_ASSERT(std::abs(one + normalise(f, x) - 1) < 1e-9);
}

RC_GTEST_PROP(Aggregate, LiesBetweenMinAndMaxInAnyOrder, ()) {
  auto integers = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000)));
  std::vector<double> values(integers.begin(), integers.end());
  std::vector<double> reversed(values.rbegin(), values.rend());
  const std::vector<double> equal(values.size(), 1.0 / static_cast<double>(values.size()));
  const double lo = aggregate(Aggregation::min, values);
  const double hi = aggregate(Aggregation::max, values);
  for (const auto how : {Aggregation::mean, Aggregation::weighted}) {
    const double value = aggregate(how, values, equal);
    RC_ASSERT(value >= lo - 1e-9 && value <= hi + 1e-9);
    RC_ASSERT(std::abs(value - aggregate(how, reversed, equal)) < 1e-9);
  }
}

RC_GTEST_PROP(Quantise, WithinHalfAStep, ()) {
  const double x = number(0, 1);
  RC_ASSERT(std::abs(quantise(x) - x * 10) <= 0.5 + 1e-12);
}

// Two sites with the same load get the same score: derive() depends on nothing else.
RC_GTEST_PROP(Derive, ScoresAreAFunctionOfTheValues, ()) {
  Declaration cpu{.type = "cpu_utilisation"};
  Declaration score{.type = "compute_norm", .normalisation = any_normalisation(), .aggregation = Aggregation::mean};
  score.of = {{"cpu_utilisation", std::nullopt, 0}};
  const Values raw = {{"cpu_utilisation", number(0, 100)}, {"queue_length", number(0, 100)}};
  const auto derived = derive({cpu, score}, raw);
  const auto mirrored = derive({score, cpu}, raw);
  RC_ASSERT(derived && mirrored);
  RC_ASSERT(derived->unquantised == mirrored->unquantised);
  RC_ASSERT(derived->scores.at("compute_norm") == quantise(derived->unquantised.at("compute_norm")));
}

TEST(KnownSequence, DiffersByEachOfItsThree) {
  const IpAddress a = IpAddress::of("2001:2::1");
  const IpAddress b = IpAddress::of("2001:2::2");
  std::set<std::uint32_t> seen;
  for (std::uint32_t i = 0; i < 1000; ++i) seen.insert(known_value(7, a, i));
  EXPECT_GT(seen.size(), 998u);
  EXPECT_NE(known_value(7, a, 1), known_value(8, a, 1));
  EXPECT_NE(known_value(7, a, 1), known_value(7, b, 1));
  EXPECT_EQ(known_value(7, a, 1), known_value(7, IpAddress::of("2001:2:0::1"), 1));
}

}  // namespace
}  // namespace cats::cpsel
