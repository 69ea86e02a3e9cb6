// First in, first out, in one array that grows and, once it is empty after a crowd, is given back. 24 octets itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/prefetch.h"

namespace cats::sim {

template <class T>
class Ring {
 public:
  Ring() = default;
  Ring(Ring&& other) noexcept { swap(other); }
  Ring& operator=(Ring&& other) noexcept {
    Ring(std::move(other)).swap(*this);
    return *this;
  }
  ~Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

  void push(T item) {
    if (size_ == capacity_) grow();
    items_[(first_ + size_++) & (capacity_ - 1)] = std::move(item);
  }

  T pop() {
    T item = std::move(items_[first_]);
    first_ = (first_ + 1) & (capacity_ - 1);
    if (--size_ == 0 && capacity_ > kKept) *this = Ring();
    return item;
  }

  void prefetch() const {
    if (size_ > 0) cats::prefetch(&items_[first_]);
  }

 private:
  static constexpr std::uint32_t kLeast = 4;
  static constexpr std::uint32_t kKept = 256;

  void swap(Ring& other) noexcept {
    std::swap(items_, other.items_);
    std::swap(capacity_, other.capacity_);
    std::swap(first_, other.first_);
    std::swap(size_, other.size_);
  }
  void grow() {
    const std::uint32_t larger = capacity_ == 0 ? kLeast : 2 * capacity_;  // a power of two
    auto items = std::make_unique<T[]>(larger);
    for (std::uint32_t i = 0; i < size_; ++i) items[i] = std::move(items_[(first_ + i) & (capacity_ - 1)]);
    items_ = std::move(items);
    capacity_ = larger;
    first_ = 0;
  }

  std::unique_ptr<T[]> items_;
  std::uint32_t capacity_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace cats::sim
