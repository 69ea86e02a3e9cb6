#include "suite/stats/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace cats::suite::stats {
namespace {

void want_values(std::span<const double> values) {
  if (values.empty()) throw std::invalid_argument("statistics of no values");
}

std::vector<double> logarithms(std::span<const double> values) {
  std::vector<double> result;
  for (const double v : values) result.push_back(std::log(v));
  return result;
}

}  // namespace

double mean(std::span<const double> values) {
  want_values(values);
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double geometric_mean(std::span<const double> values) {
  want_values(values);
  return std::exp(mean(logarithms(values)));
}

double standard_deviation(std::span<const double> values) {
  want_values(values);
  if (values.size() == 1) return 0;
  const double m = mean(values);
  double squares = 0;
  for (const double v : values) squares += (v - m) * (v - m);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double percentile_of_sorted(std::span<const double> sorted, double q) {
  want_values(sorted);
  // A product that misses a whole number by rounding alone is that number: 0.99 × 100 is rank 99.
  const double rank = std::ceil(q * static_cast<double>(sorted.size()) - 1e-9);
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return sorted[std::min(index, sorted.size() - 1)];
}

double percentile(std::span<const double> values, double q) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return percentile_of_sorted(sorted, q);
}

double student_t_quantile(double p, double degrees_of_freedom) {
  return boost::math::quantile(boost::math::students_t(degrees_of_freedom), p);
}

double normal_quantile(double p) { return boost::math::quantile(boost::math::normal(), p); }

std::optional<Interval> mean_interval(std::span<const double> values, double confidence) {
  if (values.size() < 2) return std::nullopt;
  const auto n = static_cast<double>(values.size());
  const double half = student_t_quantile((1 + confidence) / 2, n - 1) * standard_deviation(values) / std::sqrt(n);
  const double m = mean(values);
  return Interval{m - half, m + half};
}

std::optional<Interval> ratio_interval(std::span<const double> values, double confidence) {
  if (values.size() < 2 || *std::min_element(values.begin(), values.end()) <= 0) return std::nullopt;
  const auto logs = mean_interval(logarithms(values), confidence);
  return Interval{std::exp(logs->lo), std::exp(logs->hi)};
}

Interval share_interval(std::int64_t hits, std::int64_t n, double confidence) {
  if (n <= 0 || hits < 0 || hits > n) throw std::invalid_argument("share_interval: hits must lie in 0…n, n > 0");
  const double tail = (1 - confidence) / 2;
  const auto k = static_cast<double>(hits);
  const auto total = static_cast<double>(n);
  Interval interval{0, 1};
  if (hits > 0) interval.lo = boost::math::quantile(boost::math::beta_distribution<double>(k, total - k + 1), tail);
  if (hits < n) interval.hi = boost::math::quantile(boost::math::beta_distribution<double>(k + 1, total - k), 1 - tail);
  return interval;
}

double rule_of_three(std::int64_t n) { return n < 3 ? 1.0 : 3.0 / static_cast<double>(n); }

}  // namespace cats::suite::stats
