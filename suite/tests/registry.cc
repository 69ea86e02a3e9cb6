#include <array>

#include "suite/tests/tests.h"

namespace cats::suite {

std::span<const Test* const> all_tests() {
  static const std::array tests{
      &collection_test(),
      &metric_distribution_test(),
      &session_continuity_test(),
      &service_latency_test(),
      &utilization_test(),
      &lb_variance_test(),
      &controller_messages_test(),
      &path_provisioning_test(),
      &session_capacity_test(),
      &forwarding_capacity_test(),
      &exception_handling_test(),
      &denial_of_service_test(),
      &topology_discovery_test(),
      &cps_failover_test(),
      &manager_failover_test(),
      &router_failover_test(),
      &fleet_test(),
  };
  return tests;
}

const Test* find_test(std::string_view name) {
  for (const Test* test : all_tests())
    if (test->name() == name) return test;
  return nullptr;
}

}  // namespace cats::suite
