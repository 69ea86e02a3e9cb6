// When the control plane was broken in mid-trial: an ingress without its controller (cps: split), a controller without
// the edge server manager. The report says so beside the entry.
#pragma once

#include <string>
#include <vector>

#include "suite/report/model.h"
#include "suite/report/run_data.h"

namespace cats::suite {

// One warning per loss (controller_state, manager_state) that reaches into one of the trials: which node, since when
// and for how long. What followed a loss on purpose is none, if it had ended with the trial. `data` is that of the
// trials (RunData::in).
void warn_of_outages(const RunData& data, const std::vector<const Trial*>& trials, std::vector<Warning>& warnings);

}  // namespace cats::suite
