#include "sim/fleet/picker.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace cats::sim::fleet {
namespace {

constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();

std::uint64_t slot_of(double picks) {
  constexpr double kMost = 0x1p62;
  return static_cast<std::uint64_t>(std::min(picks, kMost));
}

}  // namespace

// Weights from half of the mean on are due within 2n picks.
SmoothPicker::SmoothPicker(std::size_t instances)
    : given_(instances, 0.0),
      owed_(instances, 0.0),
      picked_(instances, 0),
      links_(instances, kNobody),
      ready_(2 * instances, links_.data()),
      early_(2 * instances, links_.data()) {}

void SmoothPicker::stagger(RandomStream& random) {
  double sum = 0;
  for (double& owed : owed_) {
    owed = random.uniform() - 0.5;
    sum += owed;
  }
  for (double& owed : owed_) owed -= sum / static_cast<double>(owed_.size());
  settled_ = false;
}

void SmoothPicker::set_weights(std::span<const double> weights) {
  if (std::equal(weights.begin(), weights.end(), given_.begin(), given_.end())) return;
  if (only_ == kSeveral) settle();
  double sum = 0;
  std::size_t positive = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    given_[i] = weights[i];
    if (weights[i] <= 0) continue;
    sum += weights[i];
    ++positive;
    last = i;
  }
  sum_ = sum;
  picks_ = 0;
  if (positive == 0) {
    only_ = kNobody;
  } else if (positive == 1) {
    only_ = static_cast<std::uint32_t>(last);
    if (!settled_) std::fill(owed_.begin(), owed_.end(), 0.0);
    settled_ = true;
  } else {
    only_ = kSeveral;
    line_up();
  }
}

// What each is owed now becomes what it was owed at the beginning.
void SmoothPicker::settle() {
  count_turns();
  const auto picks = static_cast<double>(picks_);
  for (std::size_t i = 0; i < owed_.size(); ++i) {
    owed_[i] += picks * share(i) - static_cast<double>(picked_[i]);
    picked_[i] = 0;
  }
  settled_ = false;
}

// What those without a weight are owed, to those with one.
void SmoothPicker::hand_on() {
  double left_over = 0;
  for (std::size_t i = 0; i < owed_.size(); ++i)
    if (given_[i] <= 0) {
      left_over += owed_[i];
      owed_[i] = 0;
    }
  if (left_over == 0) return;
  for (std::size_t i = 0; i < owed_.size(); ++i) owed_[i] += left_over * share(i);
}

void SmoothPicker::line_up() {
  if (!settled_) hand_on();
  if (equal_weights()) take_turns();
  if (!turns_.empty()) return;
  ready_.clear();
  early_.clear();
  for (std::uint32_t i = 0; i < given_.size(); ++i)
    if (given_[i] > 0) get_ready(i);
}

bool SmoothPicker::equal_weights() const {
  double one = 0;
  for (const double weight : given_) {
    if (weight <= 0) continue;
    if (one > 0 && weight != one) return false;
    one = weight;
  }
  return true;
}

// Who is owed most comes first. Of n the j-th (from 0) has been picked k times at pick j + kn, when its share is
// k + j/n: turns keep all within one unless somebody is owed too much for its place, or has had too much.
void SmoothPicker::take_turns() {
  for (std::uint32_t i = 0; i < given_.size(); ++i)
    if (given_[i] > 0) turns_.push_back(i);
  std::ranges::stable_sort(turns_, std::ranges::greater(), [this](std::uint32_t i) { return owed_[i]; });
  const auto n = static_cast<double>(turns_.size());
  for (std::size_t at = 0; at < turns_.size(); ++at) {
    const auto j = static_cast<double>(at);
    const double owed = owed_[turns_[at]];
    if (owed <= 1 - j / n && owed >= -(j + 1) / n) continue;
    turns_.clear();
    return;
  }
}

// Makes picked_ right, and is the end of turns.
void SmoothPicker::count_turns() {
  if (turns_.empty()) return;
  const auto rounds = static_cast<std::uint32_t>(picks_ / turns_.size());
  for (std::size_t at = 0; at < turns_.size(); ++at) picked_[turns_[at]] = rounds + (at < turn_ ? 1 : 0);
  turns_.clear();
  turn_ = 0;
}

// For picks from picks_ on.
void SmoothPicker::get_ready(std::uint32_t i) {
  const double picked = static_cast<double>(picked_[i]) - owed_[i];
  const double turn = sum_ / given_[i];  // picks from one of its own to the next
  const double may_come = picked * turn;
  if (may_come >= static_cast<double>(picks_ + 1)) {
    early_.push(slot_of(may_come), i);
    return;
  }
  const double due = std::ceil((picked + 1) * turn) - 1;
  ready_.push(due > 0 ? slot_of(due) : 0, i);
}

std::uint32_t SmoothPicker::pick_of_several() {
  const std::uint64_t now = picks_;
  early_.advance(now);
  ready_.advance(now);
  for (std::uint32_t i = early_.pop(now); i != kNobody; i = early_.pop(now)) get_ready(i);
  std::uint32_t i = ready_.pop(kForever);
  if (i == kNobody) i = early_.pop(kForever);  // rounding left nobody who may come
  ++picked_[i];
  ++picks_;
  get_ready(i);
  return i;
}

}  // namespace cats::sim::fleet
