// `engine` and `simulation` of a scenario file: which of the two worlds a run is made in, and what the simulated one is
// like. What the simulator does not have is reported in place, with its remedy.
#pragma once

#include "base/yaml.h"
#include "scenarios/scenario.h"

namespace cats::scenarios {

Engine read_engine(const yaml::Reader& reader, Engine fallback);
Simulation read_simulation(const yaml::Reader& reader);

// What `engine: sim` cannot run. `map` is the whole file, `scenario` what was read of it.
void check_simulation(const yaml::Map& map, const Scenario& scenario, const Catalogue& catalogue);

}  // namespace cats::scenarios
