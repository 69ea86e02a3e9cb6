// Pending events, earliest first; those of one time in the order in which they were pushed. Time never goes back: what
// is pushed is not before what was popped last.
//
// A timing wheel in radix 64 with a sorted front. Times are numbers of 64-ary digits. An event waits at the level of
// the highest digit in which it differs from `base_`, in the slot that this digit names; so an event of a lower level
// is earlier than all of a higher one. When the front runs empty, the first slot is opened: a few events are sorted
// into the front, many are spread over the levels below, which an event can go through eleven times at most. The front
// is an array in ascending order, into which what comes before `front_end_` is inserted from behind; when it grows too
// long, its later half goes into the wheel. Since slots keep the order of arrival and the sort is stable, ties need no
// sequence number.
//
// Memory: chunks of kChunk events, of which a slot in use has at least one; so linear in what was pending at most.
// docs/simulator.md has what it was measured at, beside heaps.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace cats::sim {

struct Event {
  std::int64_t at_ns = 0;
  std::uint32_t handler = 0;
  std::uint32_t argument = 0;
};

class EventQueue {
 public:
  static constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

  EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  // Throws std::logic_error when the event is before now_ns().
  void push(const Event& event) {
    if (event.at_ns < now_) [[unlikely]]
      refuse(event);
    ++size_;
    if (event.at_ns < front_end_)
      insert(event);
    else
      place(event);
  }

  // Takes the first event unless it is after `limit_ns`. Returns whether there was one; if not, it is `limit_ns` now,
  // unless that is kForever.
  bool pop_until(std::int64_t limit_ns, Event& event) {
    if (head_ == tail_ && !refill(limit_ns)) return wait_until(limit_ns);
    const Event& first = front_[head_];
    if (first.at_ns > limit_ns) return wait_until(limit_ns);
    event = first;
    ++head_;
    --size_;
    now_ = event.at_ns;
    return true;
  }

  // The event that would be taken after `more` others if nothing comes between; nullptr if there is none, or a crowd
  // would have to be sorted to know. Good until the next call of anything.
  const Event* ahead(std::size_t more) {
    if (tail_ - head_ <= more && levels_ != 0) [[unlikely]]
      lengthen();
    return tail_ - head_ > more ? &front_[head_ + more] : nullptr;
  }

  std::int64_t now_ns() const { return now_; }  // from 0
  std::size_t size() const { return size_; }
  std::size_t room() const;  // events that there is memory for

 private:
  static constexpr std::size_t kDigit = 6;  // bits
  static constexpr std::size_t kLevels = 11;
  static constexpr std::size_t kSlots = 64;
  static constexpr std::size_t kChunk = 31;   // events; with the pointer 504 octets
  static constexpr std::size_t kSorted = 24;  // a slot with more events is spread, not sorted
  static constexpr std::size_t kFront = 64;   // events in the front before half of it is put back

  struct Chunk {
    std::array<Event, kChunk> events;
    Chunk* next;
  };
  struct Slot {  // empty: no chunk, and kChunk so that the next event asks for one
    Chunk* first = nullptr;
    Chunk* last = nullptr;
    std::uint32_t chunks = 0;
    std::uint32_t fill = kChunk;  // of the last chunk
    std::size_t size() const { return chunks == 0 ? 0 : (chunks - 1) * kChunk + fill; }
  };
  struct Place {
    std::size_t level;
    std::size_t slot;
    std::int64_t start;  // the slot holds start ≤ time < end
    std::int64_t end;
  };

  bool wait_until(std::int64_t limit_ns) {
    if (limit_ns != kForever && limit_ns > now_) now_ = limit_ns;
    return false;
  }

  void insert(const Event& event) {
    if (tail_ == front_.size()) make_room();
    Event* const front = front_.data();
    std::size_t i = tail_++;
    for (; i > head_ && front[i - 1].at_ns > event.at_ns; --i) front[i] = front[i - 1];
    front[i] = event;
    if (tail_ - head_ > front_limit_) [[unlikely]]
      split();
  }

  void place(const Event& event) {
    const auto highest = std::bit_width(static_cast<std::uint64_t>(event.at_ns ^ base_) | 1) - 1;
    const auto level = static_cast<std::size_t>(highest * 43 >> 8);  // highest / kDigit
    const std::size_t digit = static_cast<std::uint64_t>(event.at_ns) >> (level * kDigit) & (kSlots - 1);
    Slot& slot = slots_[level][digit];
    if (slot.fill == kChunk) [[unlikely]]
      extend(slot, level, digit);
    slot.last->events[slot.fill++] = event;
  }

  [[noreturn]] void refuse(const Event& event) const;
  void make_room();
  void split();
  bool refill(std::int64_t limit_ns);
  void lengthen();
  Place first_place() const;  // some slot is in use
  Slot take(const Place& place);
  void spread(Slot slot);
  void append(Slot slot);  // to the front, sorted
  void extend(Slot& slot, std::size_t level, std::size_t digit);
  void release(Chunk* chunk);

  std::vector<Event> front_;  // events [head_, tail_)
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::size_t front_limit_ = kFront;
  // Everything in the wheel is at or after front_end_, and base_ ≤ now_.
  std::int64_t front_end_ = kForever;
  std::int64_t base_ = 0;
  std::int64_t now_ = 0;
  std::size_t size_ = 0;
  std::uint32_t levels_ = 0;                   // a bit for each level that has events
  std::array<std::uint64_t, kLevels> used_{};  // a bit for each slot that has events
  std::array<std::array<Slot, kSlots>, kLevels> slots_{};
  Chunk* free_ = nullptr;
  std::vector<std::unique_ptr<Chunk[]>> blocks_;
};

}  // namespace cats::sim
