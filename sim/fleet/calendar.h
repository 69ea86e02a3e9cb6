// Numbers, each at a slot of time, of which the earliest is wanted: constant time within `span` slots from now, a heap
// for what is further away. Now never goes back; what is before it is late, and comes first. Numbers of one slot, and
// late ones, come in an order that is the same in every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "sim/ring.h"

namespace cats::sim::fleet {

class Calendar {
 public:
  static constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

  // `span` is rounded up to a power of two. `links` is an array with a place for every number, which outlives this; a
  // number may be in one of the calendars that share it.
  Calendar(std::size_t span, std::uint32_t* links);

  void clear();  // now is 0
  void advance(std::uint64_t now);
  void push(std::uint64_t slot, std::uint32_t number) {
    if (slot < now_)
      late_.push(number);
    else if (slot - now_ >= heads_.size())
      push_far(slot, number);
    else
      push_near(slot, number);
  }
  // Takes one of the earliest slot, if that is not after `last`; else kNobody.
  std::uint32_t pop(std::uint64_t last);

 private:
  struct Far {
    std::uint64_t slot;
    std::uint32_t number;
  };
  struct Later {
    bool operator()(const Far& a, const Far& b) const {
      return a.slot > b.slot || (a.slot == b.slot && a.number > b.number);
    }
  };

  void push_near(std::uint64_t slot, std::uint32_t number) {
    const std::size_t at = slot & (heads_.size() - 1);
    const std::uint64_t bit = std::uint64_t{1} << (at & 63);
    std::uint64_t& word = used_[at >> 6];
    links_[number] = (word & bit) != 0 ? heads_[at] : kNobody;
    heads_[at] = number;
    word |= bit;
    used_words_[at >> 12] |= std::uint64_t{1} << (at >> 6 & 63);
    ++near_;
  }
  void leave(std::size_t at) {  // it is empty
    used_[at >> 6] &= ~(std::uint64_t{1} << (at & 63));
    if (used_[at >> 6] == 0) used_words_[at >> 12] &= ~(std::uint64_t{1} << (at >> 6 & 63));
  }
  void push_far(std::uint64_t slot, std::uint32_t number);
  std::size_t first() const;  // of the slots near by, from now_ on; one is in use

  std::uint32_t* links_;                   // by number: the next of its slot
  std::vector<std::uint32_t> heads_;       // by slot, modulo their number; of slots that are in use
  std::vector<std::uint64_t> used_;        // bits: slots in use
  std::vector<std::uint64_t> used_words_;  // bits: words of used_ that are not 0
  std::vector<Far> far_;                   // heap
  Ring<std::uint32_t> late_;
  std::uint64_t now_ = 0;
  std::size_t near_ = 0;
};

}  // namespace cats::sim::fleet
