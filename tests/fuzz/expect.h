// What a fuzz target claims; a false claim is a finding.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace cats::fuzz {

inline void expect(bool holds, const char* claim) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", claim);
    std::abort();
  }
}

}  // namespace cats::fuzz
