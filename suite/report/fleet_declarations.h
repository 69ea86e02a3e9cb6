// What the report of a fleet declares (section 4 of draft-yl-bmwg-cats-02): models in the place of devices. Of a study,
// the scenario's first values; each entry of the report has its own in `study`.
#pragma once

#include <nlohmann/json.hpp>

#include "scenarios/scenario.h"

namespace cats::suite {

// The scenario has a fleet. `topology` of report.json: no nodes and links, but `fleet`, what it is made of. `file`:
// where the scenario was read.
nlohmann::ordered_json fleet_topology(const scenarios::Scenario& scenario, const nlohmann::ordered_json& file);
// `declarations`.
nlohmann::ordered_json fleet_declarations(const scenarios::Scenario& scenario);
// An element of `duts`.
nlohmann::ordered_json fleet_device(const scenarios::Scenario& scenario, const nlohmann::ordered_json& version);

}  // namespace cats::suite
