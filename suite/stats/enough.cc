#include "suite/stats/enough.h"

#include <cmath>

#include "suite/stats/statistics.h"

namespace cats::suite::stats {
namespace {

constexpr std::size_t kLeastValues = 3;

}  // namespace

bool enough(std::span<const double> values, double relative_width, Scale scale) {
  if (values.size() < kLeastValues) return false;
  const auto interval = scale == Scale::ratio ? ratio_interval(values) : mean_interval(values);
  if (!interval) return false;  // a ratio that is not positive has no interval
  if (interval->lo == interval->hi) return true;
  if (scale == Scale::ratio) return std::sqrt(interval->hi / interval->lo) - 1 <= relative_width;
  if (interval->contains(0)) return false;
  return (interval->hi - interval->lo) / 2 <= relative_width * std::abs(mean(values));
}

}  // namespace cats::suite::stats
