// The scenario's workload as a command to a host (docs/control.md, `load`).
#pragma once

#include <nlohmann/json.hpp>

#include "suite/tests/test.h"

namespace cats::suite {

inline constexpr Duration kSchedulingMargin = std::chrono::milliseconds(500);  // between accepting a load and its start

enum class Sessions { all, brief };  // `brief`: without those that stay

nlohmann::json load_request(const TrialContext& context, Instant start, Duration length, Sessions which);

}  // namespace cats::suite
