// What a report declares (section 4 of draft-yl-bmwg-cats-02), from the scenario, the topology and the versions found.
#pragma once

#include <nlohmann/json.hpp>

#include "scenarios/scenario.h"

namespace cats::suite {

// `scenario` with its network; `environment` as report.json holds it: tools give the versions. The result has the
// members control_plane, forwarding_plane, application_plane and interfaces; metrics stand with each test.
nlohmann::ordered_json declarations(const scenarios::Scenario& scenario, const nlohmann::ordered_json& environment);

}  // namespace cats::suite
