// What the simulator's world assumes, as far as it makes a figure differ from the emulator's (docs/simulator.md,
// "Against the emulator").
#pragma once

#include <span>
#include <string_view>

#include "suite/report/model.h"

namespace cats::suite {

struct Assumption {
  std::string_view name;
  std::string_view says;  // one line for people
};

std::span<const Assumption> assumptions();

// The assumption that a difference of this figure is put down to: where to look first, no proof. nullptr: none is
// declared, such a difference is not explained.
const Assumption* assumption_for(const TestResult& entry, std::string_view figure);

}  // namespace cats::suite
