// Links with a rate (scenarios/simulation.h, `link_rate`): each direction of each sends one packet after the other, in
// the order in which they come to it. Whatever waits has room.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "base/clock.h"

namespace cats::sim {

class LinkQueues {
 public:
  LinkQueues(std::size_t directions, double bits_per_s) : ns_per_octet_(8e9 / bits_per_s), free_at_(directions) {}

  // A packet comes to that direction of a link now: when the last of its octets leaves.
  Instant send(std::size_t direction, std::size_t octets, Instant now) {
    Instant& free_at = free_at_.at(direction);
    free_at = std::max(free_at, now) + Duration(std::llround(ns_per_octet_ * static_cast<double>(octets)));
    return free_at;
  }

 private:
  double ns_per_octet_;
  std::vector<Instant> free_at_;
};

}  // namespace cats::sim
