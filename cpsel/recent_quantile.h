// A quantile of the last values that were seen.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace cats::cpsel {

class RecentQuantile {
 public:
  RecentQuantile(std::size_t kept, double quantile) : kept_(kept), quantile_(quantile) {}

  void see(std::size_t value) {
    if (recent_.size() < kept_) {
      recent_.push_back(value);
    } else {
      sorted_.erase(std::ranges::lower_bound(sorted_, recent_[oldest_]));
      recent_[oldest_] = value;
      oldest_ = (oldest_ + 1) % kept_;
    }
    sorted_.insert(std::ranges::upper_bound(sorted_, value), value);
  }

  // Nearest rank; of the lowest when the quantile is 0. 0 until one was seen.
  std::size_t value() const {
    if (sorted_.empty()) return 0;
    const auto rank = static_cast<std::size_t>(std::ceil(quantile_ * static_cast<double>(sorted_.size())));
    return sorted_[std::max<std::size_t>(rank, 1) - 1];
  }

 private:
  std::size_t kept_;
  double quantile_;
  std::vector<std::size_t> recent_;  // from oldest_ on, around
  std::size_t oldest_ = 0;
  std::vector<std::size_t> sorted_;
};

}  // namespace cats::cpsel
