#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/histogram.h"

namespace cats {
namespace {

RC_GTEST_PROP(Histogram, PercentilesAreNearestRankWithinTheBucketError, ()) {
  auto values =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 1LL << 45)));
  const double q = *rc::gen::inRange(1, 1000) / 1000.0;
  Histogram histogram;
  for (const auto v : values) histogram.record(Duration(v));
  std::ranges::sort(values);
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
  const auto exact = values.at(std::max<std::size_t>(rank, 1) - 1);
  const auto found = histogram.percentile(q).count();
  RC_ASSERT(found >= exact);
  RC_ASSERT(static_cast<double>(found) <= static_cast<double>(exact) * (1 + 1.0 / 64) + 1);
  RC_ASSERT(histogram.max().count() == values.back());
  RC_ASSERT(histogram.min().count() == values.front());
}

RC_GTEST_PROP(Histogram, MergingIsRecordingBoth,
              (const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b)) {
  Histogram left, right, both;
  for (const auto v : a) left.record(Duration(v)), both.record(Duration(v));
  for (const auto v : b) right.record(Duration(v)), both.record(Duration(v));
  left.merge(right);
  RC_ASSERT(left.csv() == both.csv());
  RC_ASSERT(left.count() == a.size() + b.size());
  RC_ASSERT(left.percentile(0.5) == both.percentile(0.5));
}

RC_GTEST_PROP(Histogram, WhatCameLaterIsWhatWasRecordedLater,
              (const std::vector<std::uint32_t>& before, const std::vector<std::uint32_t>& after)) {
  Histogram all, later;
  for (const auto v : before) all.record(Duration(v));
  const Histogram earlier = all;
  for (const auto v : after) all.record(Duration(v)), later.record(Duration(v));
  const Histogram since = all.since(earlier);
  RC_ASSERT(since.csv() == later.csv());
  RC_ASSERT(since.count() == after.size());
  RC_ASSERT(since.min() <= later.min());
  RC_ASSERT(since.max() >= later.max());
  std::uint64_t count = 0;
  for (const Histogram::Bucket& bucket : since.buckets()) {
    RC_ASSERT(bucket.lower < bucket.upper);
    RC_ASSERT(bucket.count > 0);
    count += bucket.count;
  }
  RC_ASSERT(count == after.size());
}

}  // namespace
}  // namespace cats
