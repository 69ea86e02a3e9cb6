// The scenario's background load (docs/scenario-format.md): begun when a trial begins to measure, ended with that
// phase.
#pragma once

#include "scenarios/scenario.h"
#include "scenarios/testbed.h"

namespace cats::suite {

// Called at the beginning of every phase of a trial. Nothing is commanded where the scenario has no background load.
void follow_background(scenarios::Testbed& testbed, const scenarios::Scenario& scenario, bool measuring);

}  // namespace cats::suite
