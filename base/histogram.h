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
  // What was recorded since `earlier` was a copy of this. min() and max() are then those of its buckets.
  Histogram since(const Histogram& earlier) const;
  // Those that are not empty, ascending: values from lower up to below upper.
  struct Bucket {
    Duration lower;
    Duration upper;
    std::uint64_t count;
  };
  std::vector<Bucket> buckets() const;
  // "lower_ns,upper_ns,count" lines with a header, for buckets that are not empty.
  std::string csv() const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  Duration min_{};
  Duration max_{};
};

}  // namespace cats
