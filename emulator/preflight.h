// What must hold before anything is measured (cats-tests.md, common rules): a run that measures a network which is not
// the one it describes is worse than none.
#pragma once

#include <string>
#include <vector>

#include "emulator/world.h"
#include "scenarios/scenario.h"
#include "scenarios/testbed.h"

namespace cats {

struct PreflightCheck {
  std::string check;  // "SRv6 tunnel r1 → es1"
  bool ok = false;
  std::string detail;
};

// Waits up to `deadline` for sessions and first metrics to appear, then checks everything. Throws only Interrupted and
// what the testbed throws when a process has died; a check that could not be made is a check that failed.
std::vector<PreflightCheck> preflight(const World& world, scenarios::Testbed& testbed,
                                      const scenarios::Scenario& scenario,
                                      Duration deadline = std::chrono::seconds(20));

}  // namespace cats
