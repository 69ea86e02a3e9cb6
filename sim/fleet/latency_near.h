// What flows took at a site, by how many they found there: what it tells a probe (Prequal). Of each number, or of those
// near each other when there are many, the last seven count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace cats::sim::fleet {

class LatencyNear {
 public:
  void record(std::size_t found, Duration latency);
  // The median of those that found as many, else of the nearest number that was seen; 0 when none was.
  Duration estimate(std::size_t found) const;

 private:
  static constexpr std::size_t kKept = 7;

  struct Bucket {
    std::array<Duration, kKept> last{};
    std::uint8_t count = 0;
    std::uint8_t next = 0;
  };

  static std::size_t bucket_of(std::size_t found);
  static Duration median(const Bucket& bucket);

  std::vector<Bucket> buckets_;
};

}  // namespace cats::sim::fleet
