// C-PS with deliberate faults: what tests of the tests put in the place of the scenario's algorithm.
#pragma once

#include <map>
#include <memory>

#include "cpsel/registry.h"

namespace cats::cpsel {

// Never switches: always these weights.
std::unique_ptr<Algorithm> stuck(std::map<InstanceId, double> weights);

// Switches only when `updates` updates in a row, of whatever instance, made `right` choose something else.
std::unique_ptr<Algorithm> slow(std::unique_ptr<Algorithm> right, int updates);

// Weight 1 on the candidate number `turn` (modulo their number), whatever the metrics say.
std::unique_ptr<Algorithm> blind(std::size_t turn);

}  // namespace cats::cpsel
