// Which of many numbers is the least, while one after the other changes: a knock-out tree, O(log n) per change.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace cats::cpsel {

class LeastOf {
 public:
  // All are infinite.
  explicit LeastOf(std::size_t count)
      : keys_(std::bit_ceil(std::max<std::size_t>(count, 1)), std::numeric_limits<double>::infinity()),
        winners_(2 * keys_.size()) {
    for (std::size_t node = winners_.size(); node-- > 1;)
      winners_[node] = static_cast<std::uint32_t>(node >= keys_.size() ? node - keys_.size() : winners_[2 * node]);
  }

  void set(std::uint32_t number, double key) {
    keys_[number] = key;
    for (std::size_t node = (keys_.size() + number) / 2; node > 0; node /= 2) {
      const std::uint32_t left = winners_[2 * node];
      const std::uint32_t right = winners_[2 * node + 1];
      winners_[node] = keys_[right] < keys_[left] ? right : left;
    }
  }
  // Of equals the first.
  std::uint32_t least() const { return winners_[1]; }
  double operator[](std::uint32_t number) const { return keys_[number]; }

 private:
  std::vector<double> keys_;
  std::vector<std::uint32_t> winners_;  // node n's children are 2n and 2n + 1; the last half are the numbers themselves
};

}  // namespace cats::cpsel
