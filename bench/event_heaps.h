// Heaps of events with the interface of sim::EventQueue, to compare it with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <queue>
#include <vector>

#include "sim/event_queue.h"

namespace cats::bench {

// What one writes first. Ties in any order.
class BinaryHeap {
 public:
  void push(const sim::Event& event) { heap_.push(event); }
  bool pop_until(std::int64_t limit_ns, sim::Event& event) {
    if (heap_.empty() || heap_.top().at_ns > limit_ns) return false;
    event = heap_.top();
    heap_.pop();
    now_ = event.at_ns;
    return true;
  }
  std::int64_t now_ns() const { return now_; }

 private:
  struct Later {
    bool operator()(const sim::Event& a, const sim::Event& b) const { return a.at_ns > b.at_ns; }
  };
  std::priority_queue<sim::Event, std::vector<sim::Event>, Later> heap_;
  std::int64_t now_ = 0;
};

// Four children to a node, a sequence number for ties: 24 octets an event, compared as one number of 128 bits.
class FourAryHeap {
 public:
  void push(const sim::Event& event) {
    std::size_t i = heap_.size();
    const Entry entry{event.at_ns, next_++, event.handler, event.argument};
    heap_.push_back(entry);
    for (; i > 0; i = (i - 1) / 4) {
      const Entry& parent = heap_[(i - 1) / 4];
      if (parent.before(entry)) break;
      heap_[i] = parent;
    }
    heap_[i] = entry;
  }
  bool pop_until(std::int64_t limit_ns, sim::Event& event) {
    if (heap_.empty() || heap_.front().at_ns > limit_ns) return false;
    event = {heap_.front().at_ns, heap_.front().handler, heap_.front().argument};
    now_ = event.at_ns;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(last);
    return true;
  }
  std::int64_t now_ns() const { return now_; }

 private:
  struct Entry {
    std::int64_t at_ns;
    std::uint64_t sequence;
    std::uint32_t handler;
    std::uint32_t argument;
    bool before(const Entry& other) const { return key() < other.key(); }
    __extension__ using Key = unsigned __int128;
    Key key() const { return static_cast<Key>(static_cast<std::uint64_t>(at_ns)) << 64 | sequence; }
  };
  void sink(const Entry& entry) {
    std::size_t i = 0;
    for (;;) {
      const std::size_t first = 4 * i + 1;
      if (first >= heap_.size()) break;
      const std::size_t end = first + 4 < heap_.size() ? first + 4 : heap_.size();
      std::size_t least = first;
      for (std::size_t child = first + 1; child < end; ++child)
        if (heap_[child].before(heap_[least])) least = child;
      if (entry.before(heap_[least])) break;
      heap_[i] = heap_[least];
      i = least;
    }
    heap_[i] = entry;
  }

  std::vector<Entry> heap_;
  std::uint64_t next_ = 0;
  std::int64_t now_ = 0;
};

}  // namespace cats::bench
