#include "suite/tests/evenness.h"

#include <algorithm>
#include <cmath>

#include "suite/stats/statistics.h"

namespace cats::suite {

std::optional<double> bias(std::span<const double> u) {
  const double mean = stats::mean(u);
  if (mean <= 0) return std::nullopt;
  double sum = 0;
  for (const double one : u) sum += std::abs(one - mean);
  return sum / (static_cast<double>(u.size()) * mean);
}

double spread(std::span<const double> u) {
  const auto [lo, hi] = std::minmax_element(u.begin(), u.end());
  return *hi - *lo;
}

double deviation(std::span<const double> u) {
  const double mean = stats::mean(u);
  double sum = 0;
  for (const double one : u) sum += (one - mean) * (one - mean);
  return std::sqrt(sum / static_cast<double>(u.size()));
}

}  // namespace cats::suite
