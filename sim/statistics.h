// Statistics of a run that cost the same memory however long it is. Distributions of durations: base/histogram.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/clock.h"

namespace cats::sim {

// Count, mean and variance of values (Welford's recurrence).
class RunningSum {
 public:
  void add(double value) {
    ++count_;
    const double before = value - mean_;
    mean_ += before / static_cast<double>(count_);
    squares_ += before * (value - mean_);
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }
  void merge(const RunningSum& other);

  std::uint64_t count() const { return count_; }
  double mean() const { return mean_; }  // 0 of no values
  double sum() const { return mean_ * static_cast<double>(count_); }
  double variance() const { return count_ < 2 ? 0 : squares_ / static_cast<double>(count_ - 1); }
  double min() const { return min_; }  // infinity of no values
  double max() const { return max_; }  // −infinity of no values

 private:
  std::uint64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
  double min_ = std::numeric_limits<double>::infinity();
  double max_ = -std::numeric_limits<double>::infinity();
};

// The mean over time of a value that stays as it is between changes.
class TimeAverage {
 public:
  explicit TimeAverage(double value = 0, Instant begin = {})
      : value_(value), max_(value), begin_(begin), last_(begin) {}

  void set(Instant now, double value) {
    advance(now);
    value_ = value;
    max_ = std::max(max_, value);
  }
  // Forgets what was; the value stays.
  void restart(Instant now) { *this = TimeAverage(value_, now); }

  double value() const { return value_; }
  double max() const { return max_; }
  // Value × seconds since the beginning.
  double integral(Instant now) const { return integral_ + value_ * to_seconds(now - last_); }
  // The value itself when no time has passed.
  double mean(Instant now) const { return now == begin_ ? value_ : integral(now) / to_seconds(now - begin_); }

 private:
  void advance(Instant now) {
    integral_ = integral(now);
    last_ = now;
  }

  double value_;
  double max_;
  double integral_ = 0;
  Instant begin_;
  Instant last_;
};

}  // namespace cats::sim
