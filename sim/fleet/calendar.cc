#include "sim/fleet/calendar.h"

#include <algorithm>
#include <bit>

namespace cats::sim::fleet {

Calendar::Calendar(std::size_t span, std::uint32_t* links)
    : links_(links),
      heads_(std::bit_ceil(std::max<std::size_t>(span, 64))),
      used_(heads_.size() / 64, 0),
      used_words_((used_.size() + 63) / 64, 0) {}

void Calendar::clear() {
  std::fill(used_.begin(), used_.end(), 0);
  std::fill(used_words_.begin(), used_words_.end(), 0);
  far_.clear();
  late_ = {};
  now_ = 0;
  near_ = 0;
}

void Calendar::advance(std::uint64_t now) {
  for (; now_ < now; ++now_) {
    const std::size_t at = now_ & (heads_.size() - 1);
    if ((used_[at >> 6] >> (at & 63) & 1) == 0) continue;
    for (std::uint32_t number = heads_[at]; number != kNobody; number = links_[number]) {
      late_.push(number);
      --near_;
    }
    leave(at);
  }
  while (!far_.empty() && far_.front().slot - now_ < heads_.size()) {
    const Far far = far_.front();
    std::pop_heap(far_.begin(), far_.end(), Later());
    far_.pop_back();
    push(far.slot, far.number);
  }
}

void Calendar::push_far(std::uint64_t slot, std::uint32_t number) {
  far_.push_back({slot, number});
  std::push_heap(far_.begin(), far_.end(), Later());
}

std::uint32_t Calendar::pop(std::uint64_t last) {
  if (!late_.empty()) return late_.pop();
  if (near_ == 0) {
    if (far_.empty() || far_.front().slot > last) return kNobody;
    const std::uint32_t number = far_.front().number;
    std::pop_heap(far_.begin(), far_.end(), Later());
    far_.pop_back();
    return number;
  }
  const std::size_t at = first();
  if (now_ + ((at - now_) & (heads_.size() - 1)) > last) return kNobody;
  const std::uint32_t number = heads_[at];
  --near_;
  heads_[at] = links_[number];
  if (heads_[at] == kNobody) leave(at);
  return number;
}

std::size_t Calendar::first() const {
  const std::size_t from = now_ & (heads_.size() - 1);
  const std::uint64_t rest = used_[from >> 6] >> (from & 63);
  if (rest != 0) return from + static_cast<std::size_t>(std::countr_zero(rest));
  // The first word that is not 0 after this one, around to this one again.
  const std::size_t after = ((from >> 6) + 1) & (used_.size() - 1);
  std::size_t block = after >> 6;
  std::uint64_t words = used_words_[block] >> (after & 63) << (after & 63);
  while (words == 0) {
    block = block + 1 == used_words_.size() ? 0 : block + 1;
    words = used_words_[block];
  }
  const std::size_t word = block * 64 + static_cast<std::size_t>(std::countr_zero(words));
  return word * 64 + static_cast<std::size_t>(std::countr_zero(used_[word]));
}

}  // namespace cats::sim::fleet
