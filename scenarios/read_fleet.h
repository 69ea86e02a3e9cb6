// `fleet` of a scenario file, and what the other sections mean beside it. What a fleet does not have is reported in
// place, with its remedy.
#pragma once

#include "base/yaml.h"
#include "scenarios/scenario.h"
#include "scenarios/trace_files.h"

namespace cats::scenarios {

// The sections that say what a scenario with a fleet is about, in the place of those that go with a topology: `fleet`,
// `service`, `metrics`, `simulation`. `map` is the whole file; engine, mode, interval and refresh have been read.
void read_fleet(const yaml::Map& map, Scenario& scenario, TraceFiles& traces);

// What cannot be together with a fleet, or without one: `scenario` is what was read of the whole file.
void check_fleet(const yaml::Map& map, const Scenario& scenario, const Catalogue& catalogue);

}  // namespace cats::scenarios
