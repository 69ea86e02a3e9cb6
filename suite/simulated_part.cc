#include "suite/simulated_part.h"

#include "base/error.h"
#include "sim/world/model.h"
#include "suite/merge_parts.h"

namespace cats::suite {

namespace fs = std::filesystem;

Instant simulated_part_begins(Instant machine) {
  const Duration unit = sim::kWorldBegins.time_since_epoch();
  return Instant((machine.time_since_epoch() / unit + 1) * unit);
}

void log_simulation_started(EventLog& log, const fs::path& run_directory) {
  log.write("simulation_started", {{"files", sizes_of(run_directory)}});
}

void drop_simulated_part(const fs::path& run_directory) {
  const fs::path runner = run_directory / "events/runner.jsonl";
  if (!fs::exists(runner)) return;
  const auto events = read_events(runner);
  if (!events) throw UsageError(events.error().message);
  // The event says what is left to do: its own log is cut last.
  for (const nlohmann::json& event : *events)
    if (event.at("event") == "simulation_started") return cut_back(run_directory, event.at("files").get<Sizes>());
}

}  // namespace cats::suite
