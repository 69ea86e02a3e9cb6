// Values with units, beyond those of base/yaml.h. Each reader reports what is wrong and returns the fallback.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/yaml.h"

namespace cats::scenarios {

// "3 points" → 3 and "points"; "20%" → 20 and "%". No number: nullopt. Finite always.
std::pair<std::optional<double>, std::string_view> split_quantity(std::string_view text);

Duration read_duration(const yaml::Reader& reader, Duration fallback, Duration lo, Duration hi);
// "20/s"
double read_rate(const yaml::Reader& reader, double fallback, double lo, double hi);
// "20%" of one core → 0.2; "150%" is one and a half cores.
double read_cores(const yaml::Reader& reader, double fallback);

}  // namespace cats::scenarios
