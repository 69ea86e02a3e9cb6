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

Histogram Histogram::since(const Histogram& earlier) const {
  Histogram later;
  later.buckets_ = buckets_;
  for (std::size_t i = 0; i < earlier.buckets_.size(); ++i) later.buckets_[i] -= earlier.buckets_[i];
  later.count_ = count_ - earlier.count_;
  if (later.count_ == 0) return later;
  const std::vector<Bucket> left = later.buckets();
  later.min_ = std::max(min_, left.front().lower);
  later.max_ = std::min(max_, left.back().upper - Duration(1));
  return later;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> used;
  const auto bound = [](std::size_t index) { return Duration(static_cast<std::int64_t>(lower_bound_of(index))); };
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    if (buckets_[i] > 0) used.push_back({bound(i), bound(i + 1), buckets_[i]});
  return used;
}

std::string Histogram::csv() const {
  std::string text = "lower_ns,upper_ns,count\n";
  for (const Bucket& bucket : buckets())
    text += fmt::format("{},{},{}\n", bucket.lower.count(), bucket.upper.count(), bucket.count);
  return text;
}

}  // namespace cats
