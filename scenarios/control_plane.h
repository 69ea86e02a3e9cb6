// What the centralized and hybrid modes ask of a scenario (docs/scenario-format.md, "Modes"). Everything is reported in
// place, with its remedy.
#pragma once

#include "base/yaml.h"
#include "scenarios/scenario.h"

namespace cats::scenarios {

// Whether values of the metric say which part of the whole is left, and travel: candidate weights can be multiplied by
// it.
bool can_refine(const std::string& metric);

ControlPlane read_control_plane(const yaml::Reader& reader);

// What mode, C-PS, ways of the metrics, algorithm, refresh and faults ask of one another. `map` is the whole file,
// `scenario` what was read of it.
void check_control_plane(const yaml::Map& map, const Scenario& scenario, const Catalogue& catalogue);
// The nodes that the mode needs.
void check_control_nodes(const yaml::Reader& reader, Mode mode, const topologies::Topology& network);

}  // namespace cats::scenarios
