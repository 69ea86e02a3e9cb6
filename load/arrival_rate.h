// The check that arrival processes share.
#pragma once

#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

namespace cats::load {

inline double want_rate(const char* process, double rate, bool may_be_zero = false) {
  if ((rate > 0 || (may_be_zero && rate == 0)) && std::isfinite(rate)) return rate;
  throw std::invalid_argument(fmt::format("{} arrivals: rate is {} per second", process, rate));
}

}  // namespace cats::load
