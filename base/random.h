// Seeded random streams. A stream is named, so that adding one entity does not disturb the draws of another; the
// distributions are our own, so that a seed gives the same run with every standard library.
#pragma once

#include <cstdint>
#include <string_view>

namespace cats {

// One step of SplitMix64: a good mix of 64 bits, also used to derive known values from (seed, source, sequence).
std::uint64_t mix64(std::uint64_t x);

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view name);

  std::uint64_t bits();                  // 64 uniform bits (xoshiro256**)
  double uniform();                      // [0, 1)
  double uniform(double lo, double hi);  // [lo, hi)
  std::uint64_t below(std::uint64_t n);  // 0 … n−1, unbiased; n > 0
  double exponential(double mean);       // ≥ 0

 private:
  std::uint64_t state_[4];
};

}  // namespace cats
