// The machine that a run was made on, as the report describes it (cats-tests.md, "What a report declares").
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "scenarios/scenario.h"

namespace cats {

// cpu_model, cpus, memory_bytes, kernel, distribution, virtualised, clock_source, tools, sysctls, isolation,
// load_before. What cannot be read is null, and so is what a simulated run does not use.
nlohmann::ordered_json environment(const scenarios::Scenario& scenario);

// Of this boot of the machine: CLOCK_MONOTONIC goes on as long as it stays the same.
std::string boot_id();

}  // namespace cats
