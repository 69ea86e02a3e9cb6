// The testbed in virtual time that a scenario asks for.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "scenarios/scenario.h"
#include "scenarios/testbed.h"
#include "sim/world/testbed.h"

namespace cats::suite {

struct SimulatedTestbed {
  std::unique_ptr<scenarios::Testbed> testbed;
  const Clock* clock = nullptr;  // the testbed's, for logs that go with its own
  std::function<void()> stop;    // all logs and rows are in the files then
};

SimulatedTestbed simulated_testbed(const scenarios::Scenario& scenario, sim::SimulatedTestbed::Options options);

}  // namespace cats::suite
