// The known sequence of values that runs beside live metrics in the metric-distribution test: publisher and analysis
// compute the same number from the same three.
#pragma once

#include <cstdint>

#include "base/ip.h"
#include "base/random.h"

namespace cats::cpsel {

// Uniform over 1 … 2³²−1, so that it fits any 32-bit field in which zero means "ignore" (Site Preference).
inline std::uint32_t known_value(std::uint64_t seed, const IpAddress& csci, std::uint32_t sequence) {
  std::uint64_t x = mix64(seed);
  for (const std::byte octet : csci.bytes()) x = mix64(x ^ static_cast<std::uint64_t>(octet));
  const auto value = static_cast<std::uint32_t>(mix64(x ^ sequence) >> 32);
  return value == 0 ? 1 : value;
}

}  // namespace cats::cpsel
