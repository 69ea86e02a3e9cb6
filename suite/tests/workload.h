// The scenario's workload as hosts are told it, and the pause between loads.
#pragma once

#include <nlohmann/json.hpp>

#include "suite/tests/test.h"

namespace cats::suite {

inline constexpr Duration kSchedulingMargin = std::chrono::milliseconds(500);  // between accepting a load and its start

// `do: load` with the scenario's persistent and short sessions, by the trial's seed.
nlohmann::json load_request(const TrialContext& context, Instant start, Duration length);

// Returns when no site has a connection left. Throws MeasurementError when one has after 15 s.
void wait_until_idle(scenarios::Testbed& testbed);

}  // namespace cats::suite
