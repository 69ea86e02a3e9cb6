// Which instance the next new flow goes to: a deterministic sequence in which every instance has, at any time, been
// picked as often as its weights amount to, within one (smooth weighted round robin for thousands of instances;
// cpsel/slots.h is that of a flow table of 64 slots). A pick takes a time that does not depend on their number, but for
// instances whose weight is below half of the mean, where it is O(log n); new weights take O(n).
//
// An instance's k-th pick may come once its share of all picks exceeds k − 1 and is due before that share reaches k: of
// those that may come the one that is due first is picked. Since shares sum to the number of picks that meets every due
// time (earliest deadline first on one processor; whole picks are all that counts in it). Instances of equal weights
// are due in the same order round after round: they take turns, which costs next to nothing.
//
// New weights go on from where the old ones left: what an instance is owed, or has had too much, stays with it. One
// whose weight becomes 0 gives that up to the others, in proportion to their weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/random.h"
#include "sim/fleet/calendar.h"

namespace cats::sim::fleet {

class SmoothPicker {
 public:
  static constexpr std::uint32_t kNobody = Calendar::kNobody;

  // Without weights, so nobody is picked. Below kNobody − 1 instances.
  explicit SmoothPicker(std::size_t instances);
  SmoothPicker(SmoothPicker&&) = default;
  SmoothPicker& operator=(SmoothPicker&&) = default;
  SmoothPicker(const SmoothPicker&) = delete;
  SmoothPicker& operator=(const SmoothPicker&) = delete;
  ~SmoothPicker() = default;

  // So that pickers with equal weights do not go in step: at first each instance is owed between −½ and ½. Within one
  // then holds for the picks and what was owed together.
  void stagger(RandomStream& random);

  // One per instance, finite and ≥ 0, of any sum. All 0: nobody. The same weights again change nothing.
  void set_weights(std::span<const double> weights);
  // An instance with a weight above 0, or kNobody.
  std::uint32_t pick() {
    if (only_ != kSeveral) return only_;
    if (turns_.empty()) return pick_of_several();
    ++picks_;
    const std::uint32_t i = turns_[turn_];
    if (++turn_ == turns_.size()) turn_ = 0;
    return i;
  }

 private:
  static constexpr std::uint32_t kSeveral = kNobody - 1;

  double share(std::size_t i) const { return given_[i] / sum_; }
  void settle();
  void hand_on();
  void line_up();
  bool equal_weights() const;
  void take_turns();
  void count_turns();
  void get_ready(std::uint32_t i);
  std::uint32_t pick_of_several();

  std::vector<double> given_;  // weights
  double sum_ = 0;
  std::uint32_t only_ = kNobody;
  bool settled_ = true;  // nobody is owed anything
  // Since the weights were set:
  std::vector<double> owed_;           // when they were set, in picks; sums to 0
  std::vector<std::uint32_t> picked_;  // by instance
  std::uint64_t picks_ = 0;
  std::vector<std::uint32_t> turns_;  // who takes turns, in their order; empty: the calendars say who is next
  std::size_t turn_ = 0;
  // Each instance with a weight is in one of them; a slot is the number of a pick.
  std::vector<std::uint32_t> links_;
  Calendar ready_;  // at the last pick at which it is not late
  Calendar early_;  // at the first pick at which it may come
};

}  // namespace cats::sim::fleet
