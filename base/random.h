// Seeded random streams. A stream is named, so that adding one entity does not disturb the draws of another; the
// distributions are our own, so that a seed gives the same run with every standard library.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace cats {

// One step of SplitMix64: a good mix of 64 bits, also used to derive known values from (seed, source, sequence).
std::uint64_t mix64(std::uint64_t x);

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view name);

  // 64 uniform bits (xoshiro256**).
  std::uint64_t bits() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }  // [0, 1)
  double uniform(double lo, double hi);                                       // [lo, hi)
  std::uint64_t below(std::uint64_t n);                                       // 0 … n−1, unbiased; n > 0
  double exponential(double mean);                                            // ≥ 0

 private:
  std::uint64_t state_[4];
};

}  // namespace cats
