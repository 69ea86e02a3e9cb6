#include "sim/fleet/latency_near.h"

#include <algorithm>
#include <bit>

namespace cats::sim::fleet {

// Each number up to 15, then two buckets to each doubling.
std::size_t LatencyNear::bucket_of(std::size_t found) {
  constexpr std::size_t kEach = 16;
  if (found < kEach) return found;
  const auto octave = static_cast<std::size_t>(std::bit_width(found));  // 5 for 16 … 31
  return kEach + 2 * (octave - 5) + (found >> (octave - 2) & 1);
}

void LatencyNear::record(std::size_t found, Duration latency) {
  const std::size_t at = bucket_of(found);
  if (at >= buckets_.size()) buckets_.resize(at + 1);
  Bucket& bucket = buckets_[at];
  bucket.last[bucket.next] = latency;
  bucket.next = static_cast<std::uint8_t>((bucket.next + 1) % kKept);
  if (bucket.count < kKept) ++bucket.count;
}

Duration LatencyNear::median(const Bucket& bucket) {
  auto values = bucket.last;
  const auto middle = values.begin() + (bucket.count - 1) / 2;
  std::nth_element(values.begin(), middle, values.begin() + bucket.count);
  return *middle;
}

// Of two that are as near the one below.
Duration LatencyNear::estimate(std::size_t found) const {
  const std::size_t at = bucket_of(found);
  for (std::size_t off = 0; off <= at || at + off < buckets_.size(); ++off) {
    if (off <= at && at - off < buckets_.size() && buckets_[at - off].count > 0) return median(buckets_[at - off]);
    if (at + off < buckets_.size() && buckets_[at + off].count > 0) return median(buckets_[at + off]);
  }
  return {};
}

}  // namespace cats::sim::fleet
