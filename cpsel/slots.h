// Weights as a deterministic sequence of slots: smooth weighted round robin. No random draw, so no variance of one.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace cats::cpsel {

// How many of `slots` each instance gets: largest remainder, so within one slot of its share; ties go to the lower
// index. Weights are finite and ≥ 0; all zero gives all zero.
std::vector<std::size_t> slot_counts(std::span<const double> weights, std::size_t slots);

// The instance index of each slot, with the counts above and each instance's slots spread evenly. Instances of weight 0
// never appear. All weights zero, or none: every slot is std::nullopt.
std::vector<std::optional<std::size_t>> smooth_slots(std::span<const double> weights, std::size_t slots);

}  // namespace cats::cpsel
