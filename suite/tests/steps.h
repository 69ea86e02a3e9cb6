// Steps of a trial that grow until a limit, or until one fails: tests that ask how much there is room for (RFC 8456,
// 5.1 and 5.2).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "suite/tests/test.h"

namespace cats::suite {

// first, first·factor, … (a factor above 1) as far as they are below the limit; then the limit.
template <class Number>
std::vector<Number> growing(Number first, Number factor, Number limit) {
  std::vector<Number> steps;
  for (Number step = first; step < limit; step *= factor) steps.push_back(step);
  steps.push_back(limit);
  return steps;
}

// Tests with the parameters `first` and `limit`: how many are held at a time, each step twice the one before.
std::vector<std::int64_t> held_counts(const Conditions& conditions);
// Why there are no such steps.
std::optional<std::string> no_held_counts(const Conditions& conditions);
// Phases `hold-N`. `holds` has N held for the step; where it returns false there was no room for so many, and no step
// follows.
void hold_counts(const TrialContext& context, const std::function<bool(std::int64_t count)>& holds);

}  // namespace cats::suite
