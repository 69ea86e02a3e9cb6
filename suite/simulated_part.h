// A run on both engines: the emulator's trials first, then the simulator's into the same run directory. Where the
// virtual time of the second part begins, and how the part is taken out again when the run is resumed.
#pragma once

#include <filesystem>

#include "base/clock.h"
#include "base/event_log.h"

namespace cats::suite {

// Virtual time of a part that begins when the machine's clock is at `machine`: after everything emulated, so that the
// times of the logs never overlap, and a multiple of sim::kWorldBegins, so that whatever recurs in a divisor of that
// meets the world as it does in a run of the simulator's alone.
Instant simulated_part_begins(Instant machine);

// The event simulation_started, at the log's time: the files of the run directory with their sizes, before anything of
// the simulated part is there. Throws std::system_error.
void log_simulation_started(EventLog& log, const std::filesystem::path& run_directory);

// Brings the files of the run directory back to what they were before that event; does nothing when there is none. When
// it is broken off it can be done again. Throws std::system_error, UsageError on a log that cannot be read.
void drop_simulated_part(const std::filesystem::path& run_directory);

}  // namespace cats::suite
