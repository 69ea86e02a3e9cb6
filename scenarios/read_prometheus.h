// `metrics.prometheus` of a scenario file: raw metrics that an exporter at the site measures.
#pragma once

#include <optional>
#include <vector>

#include "base/yaml.h"
#include "scenarios/scenario.h"

namespace cats::scenarios {

// Nothing when it is not given. Each metric of the mapping must be declared.
std::optional<Metrics::Prometheus> read_prometheus(const yaml::Reader& reader,
                                                   const std::vector<cpsel::Declaration>& declared);

// Its sites must be edge servers. `metrics` is the section around it.
void check_prometheus(const yaml::Reader& metrics, const topologies::Topology& network);

}  // namespace cats::scenarios
