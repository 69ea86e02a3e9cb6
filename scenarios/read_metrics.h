#pragma once

#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "scenarios/scenario.h"

namespace cats::scenarios {

Metrics read_metrics(const yaml::Reader& reader);

// Whether its values travel. Those of the others do so as part of a score only.
bool is_distributed(std::string_view metric);
// Reports what no C-PS can steer by: a metric that is not declared, or whose values do not travel.
void check_steering(const yaml::Reader& reader, const std::vector<cpsel::Declaration>& declared);

}  // namespace cats::scenarios
