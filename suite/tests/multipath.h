// The baseline without a C-PS: the ingress' own multipath route, with a hash seed of the trial's.
#pragma once

#include <optional>
#include <string>

#include "suite/report/run_data.h"
#include "suite/tests/test.h"

namespace cats::suite {

// At every ingress, for every CS-ID. Throws MeasurementError when a route does not have a next hop for each site: a
// single path would look like a hash with bad luck.
void prepare_multipath(const TrialContext& context);

// Why the trial's hashing cannot be trusted, from the logs.
std::optional<std::string> multipath_problem(const RunData& data, const Trial& trial);
// Every ingress' kernel took a hash seed in every one of the trials; else different source ports alone keep rounds
// apart.
bool multipath_seeded(const RunData& data, const std::vector<const Trial*>& trials);

}  // namespace cats::suite
