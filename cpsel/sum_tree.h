// Weights of which one is drawn in proportion, while one after the other changes: a tree of sums, O(log n) per draw and
// change. Sums are made anew from below, so errors do not add up.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cats::cpsel {

class SumTree {
 public:
  // All are 0.
  explicit SumTree(std::size_t count)
      : leaves_(std::bit_ceil(std::max<std::size_t>(count, 2))), sums_(2 * leaves_, 0.0) {}

  double sum() const { return sums_[1]; }
  double operator[](std::uint32_t number) const { return sums_[leaves_ + number]; }

  void set(std::uint32_t number, double weight) {  // ≥ 0
    std::size_t node = leaves_ + number;
    sums_[node] = weight;
    while ((node /= 2) > 0) sums_[node] = sums_[2 * node] + sums_[2 * node + 1];
  }

  // The one that holds this share of the sum, 0 ≤ share < 1; its weight is above 0 when sum() is.
  std::uint32_t at(double share) const {
    double rest = share * sum();
    std::size_t node = 1;
    while (node < leaves_) {
      node *= 2;
      if (rest < sums_[node] || sums_[node + 1] <= 0) continue;
      rest -= sums_[node];
      ++node;
    }
    return static_cast<std::uint32_t>(node - leaves_);
  }

 private:
  std::size_t leaves_;
  std::vector<double> sums_;  // node n's children are 2n and 2n + 1; the last half are the weights
};

}  // namespace cats::cpsel
