// The result as a person wants to read it on a terminal.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "suite/report/model.h"

namespace cats::suite {

struct SummaryStyle {
  std::filesystem::path directory;  // of the run; may be empty
  bool colour = false;              // the output is a terminal
  std::size_t width = 110;          // columns; at least 60 are used
  bool verify = false;              // whether the bounds hold was asked, not whether the tests passed
};

// Per test its verdict, each figure against its bound, then the modes and the engines side by side, comparisons,
// warnings, where the files are and what the exit status means.
std::string summary(const Report& report, const SummaryStyle& style);

}  // namespace cats::suite
