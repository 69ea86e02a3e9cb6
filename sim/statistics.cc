#include "sim/statistics.h"

namespace cats::sim {

void RunningSum::merge(const RunningSum& other) {
  if (other.count_ == 0) return;
  const auto mine = static_cast<double>(count_);
  const auto its = static_cast<double>(other.count_);
  const double apart = other.mean_ - mean_;
  count_ += other.count_;
  mean_ += apart * its / (mine + its);
  squares_ += other.squares_ + apart * apart * mine * its / (mine + its);
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

}  // namespace cats::sim
