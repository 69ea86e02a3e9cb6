// Traces: what was recorded elsewhere and is played back here. They are the one thing that a run keeps whole in memory;
// entities that play the same trace share it.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace cats::load {

struct Trace {
  std::shared_ptr<const std::vector<Duration>> times;  // since its beginning, ascending
  std::shared_ptr<const std::vector<double>> values;   // as many, or none
};

// A text file with a line for each arrival: seconds since the beginning, and, in all lines or in none, after a comma a
// value (a size, a demand), a number ≥ 0. Empty lines and those that begin with # do not count. Error: what is wrong in
// its lines, each with its place, the first ten.
Expected<Trace> read_trace(const std::filesystem::path& file);

// The same with one value in each line, at least one: for Distribution::replay.
Expected<std::shared_ptr<const std::vector<double>>> read_values(const std::filesystem::path& file);

}  // namespace cats::load
