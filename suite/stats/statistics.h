// Numbers from samples (spec: "Statistics" of the common rules). Every function that takes a span wants at least one
// value unless it says otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "suite/stats/verdict.h"

namespace cats::suite::stats {

double mean(std::span<const double> values);                // summed in the given order
double geometric_mean(std::span<const double> values);      // of positive values
double standard_deviation(std::span<const double> values);  // n − 1 below the line; 0 for one value

// Nearest rank: the ⌈q·n⌉-th smallest, 0 < q ≤ 1.
double percentile(std::span<const double> values, double q);
// The same from values already sorted.
double percentile_of_sorted(std::span<const double> sorted, double q);

// The p-quantile of Student's t distribution.
double student_t_quantile(double p, double degrees_of_freedom);

// The p-quantile of the normal distribution with mean 0 and variance 1.
double normal_quantile(double p);

// Student t interval of the mean; nothing below two values.
std::optional<Interval> mean_interval(std::span<const double> values, double confidence = 0.95);
// The same on logarithms, for ratios; nothing below two values or when one is not positive.
std::optional<Interval> ratio_interval(std::span<const double> values, double confidence = 0.95);

// Clopper–Pearson: the exact interval of a share of which `hits` in `n` were seen.
Interval share_interval(std::int64_t hits, std::int64_t n, double confidence = 0.99);

// Nothing in n: the rate below which a 95 % confident reader may put it, 3/n; 1 when n < 3.
double rule_of_three(std::int64_t n);

}  // namespace cats::suite::stats
