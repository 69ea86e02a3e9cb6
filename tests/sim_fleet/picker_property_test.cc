#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/fleet/picker.h"

namespace cats::sim::fleet {
namespace {

// At every moment every count is within one of the share.
RC_GTEST_PROP(SmoothPicker, StaysWithinOneOfTheShare, ()) {
  const auto drawn = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000)));
  const std::vector<double> weights(drawn.begin(), drawn.end());
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  SmoothPicker picker(weights.size());
  picker.set_weights(weights);
  std::vector<int> counts(weights.size());
  for (int n = 1; n <= 400; ++n) {
    const std::uint32_t one = picker.pick();
    RC_ASSERT((one == SmoothPicker::kNobody) == (sum == 0));
    if (sum == 0) return;
    RC_ASSERT(one < weights.size());
    RC_ASSERT(weights[one] > 0);
    ++counts[one];
    for (std::size_t i = 0; i < weights.size(); ++i) RC_ASSERT(std::abs(counts[i] - n * weights[i] / sum) <= 1 + 1e-9);
  }
}

// The same of equal weights, which take turns.
RC_GTEST_PROP(SmoothPicker, TurnsStayWithinOneOfTheShare, ()) {
  const auto there = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 2)));
  const auto n = static_cast<double>(std::ranges::count(there, 1));
  std::vector<double> weights;
  for (const int one : there) weights.push_back(0.3 * one);
  SmoothPicker picker(weights.size());
  picker.set_weights(weights);
  std::vector<int> counts(weights.size());
  for (int picked = 1; picked <= 200 && n > 0; ++picked) {
    ++counts[picker.pick()];
    for (std::size_t i = 0; i < weights.size(); ++i)
      RC_ASSERT(std::abs(counts[i] - (there[i] == 1 ? picked / n : 0)) <= 1 + 1e-9);
  }
}

// Whatever weights come when, those without are not picked, and somebody is while anybody has one.
RC_GTEST_PROP(SmoothPicker, HoldsThroughAnyChanges, ()) {
  const std::size_t size = *rc::gen::inRange<std::size_t>(1, 20);
  SmoothPicker picker(size);
  for (int change = 0; change < 30; ++change) {
    const auto drawn = *rc::gen::container<std::vector<int>>(size, rc::gen::inRange(-3, 10));
    std::vector<double> weights;
    for (const int one : drawn) weights.push_back(std::max(one, 0));
    picker.set_weights(weights);
    for (int n = *rc::gen::inRange(0, 10); n > 0; --n) {
      const std::uint32_t one = picker.pick();
      RC_ASSERT((one == SmoothPicker::kNobody) == std::ranges::all_of(weights, [](double w) { return w == 0; }));
      if (one != SmoothPicker::kNobody) RC_ASSERT(weights[one] > 0);
    }
  }
}

}  // namespace
}  // namespace cats::sim::fleet
