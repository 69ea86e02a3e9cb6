// When a trial loop may stop (spec: "adaptive trial count to a target interval width with a cap").
#pragma once

#include <span>

#include "suite/stats/difference.h"

namespace cats::suite::stats {

// Whether the 95 % interval of the values is as narrow as asked: half of it is at most `relative_width` of the mean, so
// that 0.05 reads "to ± 5 %". For ratios the interval is that of the logarithms, and its half the factor √(hi/lo) − 1.
//
// Fewer than 3 values are never enough; values that do not vary always are. An interval around 0 has no relative width:
// it is never enough, the cap decides. Stopping on what was seen makes intervals a little too narrow; a `min` of 8
// keeps that small.
bool enough(std::span<const double> values, double relative_width, Scale scale = Scale::difference);

}  // namespace cats::suite::stats
