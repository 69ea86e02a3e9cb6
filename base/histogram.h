// A log-linear histogram of durations: constant memory, relative error below 1/64 from 1 ns to hours.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace cats {

class Histogram {
 public:
  void record(Duration value, std::uint64_t count = 1);  // a negative value counts as 0
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  Duration min() const { return min_; }  // 0 when empty
  Duration max() const { return max_; }
  // Nearest rank, 0 < q ≤ 1: the upper end of the bucket that holds the ⌈q·count⌉-th value, never above max().
  Duration percentile(double q) const;
  // "lower_ns,upper_ns,count" lines with a header, for buckets that are not empty.
  std::string csv() const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  Duration min_{};
  Duration max_{};
};

}  // namespace cats
