#include "sim/event_queue.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/prefetch.h"

namespace cats::sim {
namespace {

constexpr std::size_t kBlock = 64;  // chunks allocated at once

// A chunk lies anywhere, and is read soon.
template <class Chunk>
void prefetch_lines(const Chunk* chunk) {
  for (std::size_t at = 0; at < sizeof(Chunk); at += 64) prefetch(reinterpret_cast<const char*>(chunk) + at);
}

}  // namespace

EventQueue::EventQueue() : front_(4 * kFront) {}

std::size_t EventQueue::room() const { return front_.size() + blocks_.size() * kBlock * kChunk; }

void EventQueue::refuse(const Event& event) const {
  throw std::logic_error(
      fmt::format("event of handler {} at {} ns: it is {} ns already", event.handler, event.at_ns, now_));
}

void EventQueue::make_room() {
  if (head_ < front_.size() / 2) front_.resize(2 * front_.size());
  std::copy(front_.begin() + static_cast<std::ptrdiff_t>(head_), front_.begin() + static_cast<std::ptrdiff_t>(tail_),
            front_.begin());
  tail_ -= head_;
  head_ = 0;
}

void EventQueue::split() {
  if (levels_ == 0) base_ = now_;
  const auto same = [this](std::size_t i) { return front_[i - 1].at_ns == front_[i].at_ns; };
  std::size_t middle = head_ + (tail_ - head_) / 2;
  while (middle < tail_ && same(middle)) ++middle;
  if (middle == tail_)
    for (middle = head_ + (tail_ - head_) / 2; middle > head_ && same(middle);) --middle;
  if (middle == head_) {  // all of one time
    front_limit_ = 2 * (tail_ - head_);
    return;
  }
  front_end_ = front_[middle].at_ns;
  for (std::size_t i = middle; i < tail_; ++i) place(front_[i]);
  tail_ = middle;
  front_limit_ = std::max(kFront, 2 * (tail_ - head_));
}

EventQueue::Place EventQueue::first_place() const {
  Place place{};
  place.level = static_cast<std::size_t>(std::countr_zero(levels_));
  place.slot = static_cast<std::size_t>(std::countr_zero(used_[place.level]));
  const std::size_t shift = place.level * kDigit;
  const std::uint64_t width = std::uint64_t{1} << shift;
  const std::uint64_t below = place.level == kLevels - 1 ? ~std::uint64_t{0} : width * kSlots - 1;
  const std::uint64_t start = (static_cast<std::uint64_t>(base_) & ~below) | (place.slot << shift);
  place.start = static_cast<std::int64_t>(start);
  place.end =
      start + width > static_cast<std::uint64_t>(kForever) ? kForever : static_cast<std::int64_t>(start + width);
  return place;
}

EventQueue::Slot EventQueue::take(const Place& place) {
  used_[place.level] &= used_[place.level] - 1;
  if (used_[place.level] == 0) levels_ &= levels_ - 1;
  return std::exchange(slots_[place.level][place.slot], {});
}

bool EventQueue::refill(std::int64_t limit_ns) {
  head_ = tail_ = 0;
  front_limit_ = kFront;
  while (levels_ != 0) {
    const Place place = first_place();
    if (place.start > limit_ns) return false;
    base_ = place.start;
    const Slot slot = take(place);
    if (place.level > 0 && slot.size() > kSorted) {
      spread(slot);
      continue;
    }
    append(slot);
    front_end_ = place.end;
    lengthen();
    return true;
  }
  front_end_ = kForever;
  return false;
}

// Slots while they are short, here twice kSorted: one that is to be spread has to wait until the front is empty. base_
// stays behind, since what is left in the wheel differs from it where it did before.
void EventQueue::lengthen() {
  front_limit_ = kFront;
  while (levels_ != 0 && tail_ - head_ < kSorted) {
    const Place place = first_place();
    if (slots_[place.level][place.slot].size() > 2 * kSorted) break;
    append(take(place));
    front_end_ = place.end;
  }
  if (levels_ == 0) {
    front_end_ = kForever;
  } else {
    const Place place = first_place();
    prefetch_lines(slots_[place.level][place.slot].first);
  }
}

void EventQueue::spread(Slot slot) {
  for (Chunk* chunk = slot.first; slot.chunks > 0; --slot.chunks) {
    const std::size_t fill = slot.chunks == 1 ? slot.fill : kChunk;
    if (slot.chunks > 1) prefetch_lines(chunk->next);
    for (std::size_t i = 0; i < fill; ++i) place(chunk->events[i]);
    Chunk* const next = chunk->next;
    release(chunk);
    chunk = next;
  }
}

void EventQueue::append(Slot slot) {
  for (Chunk* chunk = slot.first; slot.chunks > 0; --slot.chunks) {
    const std::size_t fill = slot.chunks == 1 ? slot.fill : kChunk;
    while (front_.size() < tail_ + fill) make_room();
    Event* const front = front_.data();
    for (std::size_t k = 0; k < fill; ++k) {
      const Event event = chunk->events[k];
      std::size_t i = tail_++;
      for (; i > head_ && front[i - 1].at_ns > event.at_ns; --i) front[i] = front[i - 1];
      front[i] = event;
    }
    Chunk* const next = chunk->next;
    release(chunk);
    chunk = next;
  }
}

void EventQueue::extend(Slot& slot, std::size_t level, std::size_t digit) {
  if (free_ == nullptr) {
    blocks_.push_back(std::make_unique_for_overwrite<Chunk[]>(kBlock));
    for (std::size_t i = 0; i < kBlock; ++i) release(&blocks_.back()[i]);
  }
  Chunk* const chunk = free_;
  free_ = chunk->next;
  if (slot.chunks++ == 0) {
    slot.first = chunk;
    used_[level] |= std::uint64_t{1} << digit;
    levels_ |= 1u << level;
  } else {
    slot.last->next = chunk;
  }
  slot.last = chunk;
  slot.fill = 0;
}

void EventQueue::release(Chunk* chunk) {
  chunk->next = free_;
  free_ = chunk;
}

}  // namespace cats::sim
