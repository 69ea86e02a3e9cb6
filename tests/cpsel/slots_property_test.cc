#include <cmath>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cpsel/slots.h"

namespace cats::cpsel {
namespace {

std::vector<double> any_weights() {
  const auto whole = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000)));
  std::vector<double> weights;
  for (const int w : whole) {
    weights.push_back(w / 7.0);
  }
  return weights;
}

RC_GTEST_PROP(SmoothSlots, EveryInstanceGetsItsShareWithinOneSlot, ()) {
  const std::vector<double> weights = any_weights();
  const auto slots = *rc::gen::inRange<std::size_t>(1, 300);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<std::size_t> seen(weights.size(), 0);
  std::size_t named = 0;
  for (const auto& slot : smooth_slots(weights, slots)) {
    if (slot) {
      ++seen.at(*slot);
      ++named;
    }
  }
  RC_ASSERT(named == (total > 0 ? slots : 0));
  RC_ASSERT(seen == slot_counts(weights, slots));
  for (std::size_t i = 0; total > 0 && i < weights.size(); ++i) {
    const double exact = weights[i] / total * static_cast<double>(slots);
    RC_ASSERT(std::abs(static_cast<double>(seen[i]) - exact) < 1.0 + 1e-9);
    RC_ASSERT(weights[i] > 0 || seen[i] == 0);
  }
}

// Any run of consecutive slots holds about the share that it should: no bursts, whatever the start.
RC_GTEST_PROP(SmoothSlots, AreSpreadEvenly, ()) {
  const std::vector<double> weights = {*rc::gen::inRange(1, 50) * 1.0, *rc::gen::inRange(1, 50) * 1.0,
                                       *rc::gen::inRange(1, 50) * 1.0};
  const std::size_t slots = 64;
  const auto counts = slot_counts(weights, slots);
  const auto sequence = smooth_slots(weights, slots);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    double seen = 0;
    for (std::size_t k = 0; k < slots; ++k) {
      seen += sequence[k] == i ? 1 : 0;
      const double due = static_cast<double>(counts[i]) * static_cast<double>(k + 1) / slots;
      RC_ASSERT(std::abs(seen - due) < 2.0);
    }
  }
}

TEST(SmoothSlots, FollowTheKnownSequence) {
  // Weights 5:1:1 give a a b a c a a.
  using Slot = std::optional<std::size_t>;
  EXPECT_EQ(smooth_slots(std::vector<double>{5, 1, 1}, 7), (std::vector<Slot>{0, 0, 1, 0, 2, 0, 0}));
  EXPECT_EQ(smooth_slots(std::vector<double>{0, 0}, 2), (std::vector<Slot>{std::nullopt, std::nullopt}));
  EXPECT_EQ(smooth_slots(std::vector<double>{}, 1), (std::vector<Slot>{std::nullopt}));
}

TEST(SmoothSlots, EqualRemaindersGoToTheLowerIndex) {
  EXPECT_EQ(slot_counts(std::vector<double>{1, 1, 1}, 64), (std::vector<std::size_t>{22, 21, 21}));
}

}  // namespace
}  // namespace cats::cpsel
