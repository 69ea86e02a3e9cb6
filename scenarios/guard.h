// Text that a YAML parser may be trusted with.
#pragma once

#include <cstddef>
#include <string>

#include "base/diagnostics.h"

namespace cats::scenarios {

inline constexpr std::size_t kMostBytes = std::size_t{64} * 1024;
inline constexpr int kDeepest = 16;

// Reports text that is too long or too deeply nested, has anchors, aliases, tags or several documents: none of them has
// a use in a scenario. Text that is no YAML is left for the parser to report.
bool guarded(const std::string& text, const std::string& file, Diagnostics& diagnostics);

// Messages quote the file; this keeps them printable, on one line and short.
std::string printable(const std::string& message);

}  // namespace cats::scenarios
