// What a report declares (section 4 of draft-yl-bmwg-cats-02), from the scenario, the topology and the versions found.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "scenarios/scenario.h"

namespace cats::suite {

// `scenario` with its network; `environment` as report.json holds it: tools give the versions. The result has the
// members control_plane, forwarding_plane, application_plane and interfaces, and of a simulated run `simulation`, with
// the parameters of its world; metrics stand with each test. Where entries have several modes, control_plane is that of
// the first, with the others in `other_approaches`, and interfaces are given by mode. Where entries are on both
// engines, the planes are the emulator's, and `simulation` has control_plane and forwarding_plane of the simulator's.
nlohmann::ordered_json declarations(const scenarios::Scenario& scenario, const nlohmann::ordered_json& environment);

// A scenario of each mode that is run, in the order of the entries; they live as long as `scenario`.
std::vector<const scenarios::Scenario*> one_per_mode(const scenarios::Scenario& scenario);

}  // namespace cats::suite
