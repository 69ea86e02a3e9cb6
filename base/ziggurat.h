// Exponential and normal draws by the ziggurat method (Marsaglia, Tsang: The Ziggurat Method for Generating Random
// Variables, 2000): mostly one draw of 64 bits, one multiplication and one comparison. The same draws on every machine
// (base/portable_math.h). RandomStream::exponential asks the C library for a logarithm and is slower; what runs in
// virtual time draws here.
#pragma once

#include <array>
#include <cstdint>

#include "base/random.h"

namespace cats {

namespace detail {

// Of one layer: u·scale is the draw, for u of 53 bits; below `accept` it lies under the curve for certain.
struct ZigguratLayer {
  std::uint64_t accept = 0;
  double scale = 0;
};

extern const std::array<ZigguratLayer, 256> kExponentialLayers;
extern const std::array<ZigguratLayer, 128> kNormalLayers;

// When the first look did not decide.
double exponential_edge(RandomStream& random, std::size_t layer, double x);
double normal_edge(RandomStream& random, std::size_t layer, double x);

}  // namespace detail

// ≥ 0, mean 1.
inline double standard_exponential(RandomStream& random) {
  const std::uint64_t bits = random.bits();
  const std::size_t layer = bits & 255;
  const std::uint64_t u = bits >> 11;
  const double x = static_cast<double>(static_cast<std::int64_t>(u)) * detail::kExponentialLayers[layer].scale;
  if (u < detail::kExponentialLayers[layer].accept) [[likely]]
    return x;
  return detail::exponential_edge(random, layer, x);
}

// Mean 0, variance 1.
inline double standard_normal(RandomStream& random) {
  const std::uint64_t bits = random.bits();
  const std::size_t layer = bits & 127;
  const std::uint64_t u = bits >> 11;
  double x = static_cast<double>(static_cast<std::int64_t>(u)) * detail::kNormalLayers[layer].scale;
  if (u >= detail::kNormalLayers[layer].accept) [[unlikely]]
    x = detail::normal_edge(random, layer, x);
  return (bits & 128) != 0 ? -x : x;
}

}  // namespace cats
