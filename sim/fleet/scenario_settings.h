// What a scenario says of its fleet, as settings of one (docs/scenario-format.md, `fleet`).
#pragma once

#include <cstdint>

#include "scenarios/scenario.h"
#include "sim/fleet/settings.h"

namespace cats::sim::fleet {

// The scenario has a fleet. `measuring`: when that begins, which crowds and outages count from. `seed` draws which
// sites an outage strikes, the same for whatever else the scenario says.
Settings settings_of(const scenarios::Scenario& scenario, std::uint64_t seed, Instant measuring, Duration watch);

}  // namespace cats::sim::fleet
