// Candidates in the order of their loads, for algorithms that rank thousands of them many times a second.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cpsel/registry.h"

namespace cats::cpsel {

struct Ranked {
  double load = 0;
  std::uint32_t candidate = 0;  // its index
};

// Ascending by load, equal loads by index. Loads are finite.
std::vector<Ranked> by_load(std::span<const Candidate> candidates);

}  // namespace cats::cpsel
