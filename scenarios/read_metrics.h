#pragma once

#include "base/yaml.h"
#include "scenarios/scenario.h"

namespace cats::scenarios {

Metrics read_metrics(const yaml::Reader& reader);

}  // namespace cats::scenarios
