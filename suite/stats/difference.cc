#include "suite/stats/difference.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/binomial.hpp>

#include "suite/stats/sign_flip.h"
#include "suite/stats/statistics.h"

namespace cats::suite::stats {
namespace {

constexpr double kConfidence = 0.95;
constexpr double kRounding = 1e-12;

// The values on the scale on which they are subtracted.
Expected<std::vector<double>> scaled(std::span<const double> values, Scale scale) {
  std::vector<double> result(values.begin(), values.end());
  if (scale == Scale::difference) return result;
  for (double& value : result) {
    if (value <= 0) return fail("a ratio is not positive: {}", value);
    value = std::log(value);
  }
  return result;
}

// Back from that scale.
void set_effect(Difference& result, double effect, double half) {
  result.effect = effect;
  result.ci95 = {effect - half, effect + half};
  if (result.scale == Scale::difference) return;
  result.effect = std::exp(result.effect);
  result.ci95 = {std::exp(result.ci95.lo), std::exp(result.ci95.hi)};
}

std::optional<double> standardised(double effect, double deviation, int degrees_of_freedom) {
  const double correction = small_sample_correction(degrees_of_freedom);
  if (deviation <= kRounding * std::abs(effect) || correction == 0) return std::nullopt;
  return effect / deviation * correction;
}

double squared(double x) { return x * x; }

}  // namespace

std::string_view name(Scale scale) { return scale == Scale::ratio ? "ratio" : "difference"; }

double no_effect(Scale scale) { return scale == Scale::ratio ? 1 : 0; }

Expected<Difference> compare_paired(std::span<const double> a, std::span<const double> b, Scale scale) {
  if (a.size() != b.size()) return fail("{} values cannot be paired with {}", a.size(), b.size());
  if (a.size() < 2) return fail("{} pairs: a comparison needs at least 2", a.size());
  const auto left = scaled(a, scale);
  const auto right = scaled(b, scale);
  if (!left || !right) return tl::make_unexpected(left ? right.error() : left.error());
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double rounding = kRounding * std::max(std::abs((*left)[i]), std::abs((*right)[i]));
    const double d = (*right)[i] - (*left)[i];
    differences.push_back(std::abs(d) <= rounding ? 0 : d);
  }
  Difference result;
  result.scale = scale;
  result.a = result.b = static_cast<int>(a.size());
  const double effect = mean(differences);
  const auto interval = mean_interval(differences, kConfidence);
  set_effect(result, effect, interval->hi - effect);
  result.p = sign_flip_p(differences);
  result.effect_size = standardised(effect, standard_deviation(differences), result.a - 1);
  return result;
}

Expected<Difference> compare_unpaired(std::span<const double> a, std::span<const double> b, Scale scale) {
  if (a.size() < 2 || b.size() < 2)
    return fail("{} values against {}: a comparison needs at least 2 on each side", a.size(), b.size());
  const auto left = scaled(a, scale);
  const auto right = scaled(b, scale);
  if (!left || !right) return tl::make_unexpected(left ? right.error() : left.error());
  Difference result;
  result.scale = scale;
  result.paired = false;
  result.a = static_cast<int>(a.size());
  result.b = static_cast<int>(b.size());
  double effect = mean(*right) - mean(*left);
  if (std::abs(effect) <= kRounding * std::max(std::abs(mean(*left)), std::abs(mean(*right)))) effect = 0;
  const double da = result.a - 1;  // degrees of freedom
  const double db = result.b - 1;
  const double va = squared(standard_deviation(*left));
  const double vb = squared(standard_deviation(*right));
  const double error = std::sqrt(va / (da + 1) + vb / (db + 1));
  if (error == 0) {  // nothing varies: the interval is the difference, p that of exchanging the values' labels
    set_effect(result, effect, 0);
    const auto n = static_cast<unsigned>(result.a + result.b);
    if (effect != 0) result.p = 2 / boost::math::binomial_coefficient<double>(n, static_cast<unsigned>(result.a));
    return result;
  }
  const double freedom = squared(va / (da + 1) + vb / (db + 1)) /
                         (squared(va / (da + 1)) / da + squared(vb / (db + 1)) / db);  // Welch–Satterthwaite
  set_effect(result, effect, student_t_quantile((1 + kConfidence) / 2, freedom) * error);
  const boost::math::students_t distribution(freedom);
  result.p = std::min(1.0, 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(effect) / error)));
  result.effect_size = standardised(effect, std::sqrt((da * va + db * vb) / (da + db)), result.a + result.b - 2);
  return result;
}

std::string_view name(Order order) {
  switch (order) {
    case Order::a_lower:
      return "a lower";
    case Order::b_lower:
      return "b lower";
    case Order::not_seen:
      break;
  }
  return "no difference seen";
}

Order order(const Difference& difference) {
  const double none = no_effect(difference.scale);
  if (difference.ci95.lo > none) return Order::a_lower;
  if (difference.ci95.hi < none) return Order::b_lower;
  return Order::not_seen;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> by_size(p.size());
  std::iota(by_size.begin(), by_size.end(), std::size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(), [&](std::size_t x, std::size_t y) { return p[x] < p[y]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t i = 0; i < by_size.size(); ++i) {
    largest = std::max(largest, std::min(1.0, p[by_size[i]] * static_cast<double>(p.size() - i)));
    adjusted[by_size[i]] = largest;
  }
  return adjusted;
}

double small_sample_correction(int degrees_of_freedom) {
  if (degrees_of_freedom < 2) return 0;
  const double m = degrees_of_freedom;
  return std::exp(std::lgamma(m / 2) - std::lgamma((m - 1) / 2)) / std::sqrt(m / 2);
}

}  // namespace cats::suite::stats
