// Two series against each other (spec: "Comparisons" of the common rules). Always b against a: a positive difference,
// or a ratio above 1, says that b is higher.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "suite/stats/verdict.h"

namespace cats::suite::stats {

// What an effect is: mean b − mean a, or, for figures that are ratios themselves, geometric mean b / geometric mean a,
// computed on logarithms.
enum class Scale : std::uint8_t { difference, ratio };

std::string_view name(Scale scale);  // "difference", "ratio"
double no_effect(Scale scale);       // 0, 1

struct Difference {
  Scale scale = Scale::difference;
  bool paired = true;
  int a = 0;  // values of a; pairs when paired
  int b = 0;
  double effect = 0;
  Interval ci95;
  double p = 1;  // two-sided
  // In standard deviations, with Hedges' correction for few values: paired, Cohen's d_z (of the differences) × J(n −
  // 1); unpaired, Cohen's d (pooled) × J(n_a + n_b − 2). Of logarithms when the scale is a ratio. None when nothing
  // varies, and with 2 pairs.
  std::optional<double> effect_size;
};

// a[i] and b[i] are one pair. Student interval of the mean difference, sign-flip test. Differences that rounding alone
// explains (10⁻¹² of the values) are none. The error says why nothing can be said: fewer than two pairs, series of
// different lengths, a ratio that is not positive.
Expected<Difference> compare_paired(std::span<const double> a, std::span<const double> b,
                                    Scale scale = Scale::difference);

// For values that have nothing to do with each other, as of two runs with different seeds: Welch's interval and test,
// which ask for no equal variances. Errors: fewer than two values on a side, a ratio that is not positive.
Expected<Difference> compare_unpaired(std::span<const double> a, std::span<const double> b,
                                      Scale scale = Scale::difference);

// From the interval alone: which one is lower, or that no difference was seen.
enum class Order : std::uint8_t { a_lower, b_lower, not_seen };

std::string_view name(Order order);  // "a lower", "b lower", "no difference seen"
Order order(const Difference& difference);

// Holm's step-down adjustment of the p values of one family, in the given order. Each is at least what it was, at most
// 1; calling those ≤ 0.05 different is wrong about any of them in at most one family of twenty.
std::vector<double> holm(std::span<const double> p);

// Hedges' exact correction Γ(m/2) / (√(m/2)·Γ((m − 1)/2)) for m ≥ 2 degrees of freedom; 0 below, where none exists.
double small_sample_correction(int degrees_of_freedom);

}  // namespace cats::suite::stats
