#include "base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

namespace cats {
namespace {

// Values below 128 have a bucket each; above, each power of two is split into 64.
constexpr int kSubBits = 6;
constexpr std::uint64_t kLinear = 2u << kSubBits;

std::size_t index_of(std::uint64_t v) {
  if (v < kLinear) return v;
  const int shift = static_cast<int>(std::bit_width(v)) - kSubBits - 1;
  return (static_cast<std::size_t>(shift) << kSubBits) + (v >> shift);
}

std::uint64_t lower_bound_of(std::size_t index) {
  if (index < kLinear) return index;
  const std::size_t shift = (index >> kSubBits) - 1;
  return ((index & ((1u << kSubBits) - 1)) + (1u << kSubBits)) << shift;
}

}  // namespace

void Histogram::record(Duration value, std::uint64_t count) {
  if (count == 0) return;
  const Duration v = std::max(value, Duration(0));
  const std::size_t index = index_of(static_cast<std::uint64_t>(v.count()));
  if (index >= buckets_.size()) buckets_.resize(index + 1);
  buckets_[index] += count;
  min_ = count_ == 0 ? v : std::min(min_, v);
  max_ = std::max(max_, v);
  count_ += count;
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  buckets_.resize(std::max(buckets_.size(), other.buckets_.size()));
  for (std::size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
}

Duration Histogram::percentile(double q) const {
  if (count_ == 0) return {};
  const auto rank =
      std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_))), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(max_, Duration(static_cast<std::int64_t>(lower_bound_of(i + 1) - 1)));
  }
  return max_;
}

std::string Histogram::csv() const {
  std::string text = "lower_ns,upper_ns,count\n";
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    if (buckets_[i] > 0) text += fmt::format("{},{},{}\n", lower_bound_of(i), lower_bound_of(i + 1), buckets_[i]);
  return text;
}

}  // namespace cats
