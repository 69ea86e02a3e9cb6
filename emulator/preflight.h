// The preflight of an emulated network: what scenarios/preflight.h asks of any world, and what only routers and the
// kernel can tell.
#pragma once

#include <vector>

#include "emulator/world.h"
#include "scenarios/preflight.h"

namespace cats {

// Waits until_heard() and up to `deadline` more for sessions and first metrics to appear, then checks everything.
// Throws as scenarios::Preflight does.
std::vector<scenarios::PreflightCheck> preflight(const World& world, scenarios::Testbed& testbed,
                                                 const scenarios::Scenario& scenario,
                                                 Duration deadline = std::chrono::seconds(20));

}  // namespace cats
