// A flash crowd: arrivals whose own time runs faster for a while, or slower. Poisson arrivals stay Poisson at `factor`
// times their rate; a process with states, a curve or a trace goes through them as much faster.
#pragma once

#include <memory>

#include "load/arrival_process.h"

namespace cats::sim::fleet {

// From `begin` to `begin` + `length`. Throws std::invalid_argument unless factor > 0 and length ≥ 0.
std::unique_ptr<load::ArrivalProcess> crowded_arrivals(std::unique_ptr<load::ArrivalProcess> arrivals, Instant begin,
                                                       Duration length, double factor);

}  // namespace cats::sim::fleet
