// The section `simulation` of a scenario (docs/scenario-format.md): what the simulator's world takes for its network,
// its routers and its processes. The defaults are measured on the emulator (docs/simulator.md).
#pragma once

#include <optional>

#include "base/clock.h"

namespace cats::scenarios {

struct Simulation {
  Duration link_delay = std::chrono::microseconds(50);  // of one link, one way
  std::optional<double> link_rate = {};                 // of each, each way, bit/s; absent: octets take no time
  // A router's window per peer: what changes in it leaves at its end, a newer value in the place of an unsent one.
  Duration bgp_batch = std::chrono::milliseconds(50);
  Duration collecting = std::chrono::microseconds(200);       // the end of a sampling window → its update leaves
  Duration deciding = std::chrono::microseconds(100);         // an update came to a C-PS → its decision
  Duration programming = std::chrono::microseconds(300);      // decision → flow table committed, at an ingress
  Duration rest_processing = std::chrono::microseconds(200);  // a message over REST at its receiver
  // Of a request outside the service's CPU: connection, HTTP, wake-ups.
  Duration request_overhead = std::chrono::microseconds(150);
  int cpus = 2;            // of the machine that a site's threads run on
  double link_loss = 0;    // share of requests lost, per path
  double update_loss = 0;  // share of metric updates lost, per path
};

}  // namespace cats::scenarios
