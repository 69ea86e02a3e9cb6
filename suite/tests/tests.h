// One line per test; registry.cc lists them in the order of the draft's section 5.
#pragma once

#include "suite/tests/test.h"

namespace cats::suite {

const Test& collection_test();
const Test& metric_distribution_test();
const Test& session_continuity_test();
const Test& utilization_test();
const Test& lb_variance_test();

}  // namespace cats::suite
