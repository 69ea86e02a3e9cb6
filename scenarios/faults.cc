#include "scenarios/catalogue.h"

namespace cats::scenarios {

std::vector<FaultDeclaration> declared_faults() {
  return {
      {"collector-bias",
       "edge-server",
       false,
       {{"points", "points", -10, -10, -100, 100, "added to the CPU utilisation that the collector reports"}},
       "the collector misreads the CPU utilisation: `collection` fails"},
      {"lost-update", "edge-server", false, {}, "one update is counted but not sent: `metric-distribution` fails"},
      {"altered-value", "edge-server", false, {}, "one value is changed on its way: `metric-distribution` fails"},
      {"no-conntrack",
       "ingress",
       false,
       {},
       "the flow table does not keep the marks of established flows: `session-continuity` fails"},
      {"move-session",
       "ingress",
       false,
       {},
       "one established session gets another instance's mark: `session-continuity` fails"},
      {"lost-count", "edge-server", false, {}, "one accepted connection is not counted: `lb-variance` fails"},
      {"bad-hash",
       "ingress",
       false,
       {},
       "the router's multipath hash sees addresses alone, no ports: `lb-variance` of ecmp fails"},
      {"stuck-cps", "ingress", false, {}, "the C-PS keeps its first decision: `session-continuity` fails"},
      {"wrong-tunnel",
       "ingress",
       true,
       {},
       "the tunnel to `instance` leads to another one: the preflight fails, nothing is measured"},
  };
}

}  // namespace cats::scenarios
