// What several analyses ask of a trial.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "suite/report/run_data.h"

namespace cats::suite {

// Throws MeasurementError when the trial has no such phase.
const Phase& phase_of(const Trial& trial, std::string_view name);

// The instance's edge server, or its CSCI-ID where the logs name none.
std::string site_name(const RunData& data, const std::string& csci);

// Why the trial's requests were not offered as scheduled (± 1 %); every host's load must be there.
std::optional<std::string> load_problem(const RunData& data, const Trial& trial);

}  // namespace cats::suite
