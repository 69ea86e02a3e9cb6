// One line per test; registry.cc lists them in the order of the draft's section 5, then those after RFC 8456, then that
// of fleets.
#pragma once

#include "suite/tests/test.h"

namespace cats::suite {

const Test& collection_test();
const Test& metric_distribution_test();
const Test& session_continuity_test();
const Test& service_latency_test();
const Test& utilization_test();
const Test& lb_variance_test();
const Test& controller_messages_test();
const Test& path_provisioning_test();
const Test& session_capacity_test();
const Test& forwarding_capacity_test();
const Test& exception_handling_test();
const Test& denial_of_service_test();
const Test& topology_discovery_test();
const Test& cps_failover_test();
const Test& manager_failover_test();
const Test& router_failover_test();
const Test& fleet_test();

}  // namespace cats::suite
