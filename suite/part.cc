#include "suite/part.h"

#include <optional>
#include <utility>

#include "base/error.h"
#include "base/event_log.h"
#include "sim/world/model.h"
#include "suite/engines.h"
#include "suite/simulated_testbed.h"
#include "suite/take_trial.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;

constexpr Duration kUnit = sim::kWorldBegins.time_since_epoch();
// Of an attempt, beside the trial's own length: the world's preflight, answers that are waited for, what is restored.
constexpr Duration kBeside = std::chrono::seconds(200);

// Twice what is expected of every attempt.
Duration room_of(const PlannedTrial& trial) {
  const Duration attempt = 2 * length_of(trial) + kBeside;
  return (kAttempts * attempt + kUnit - Duration(1)) / kUnit * kUnit;
}

// Hosts read traces beside samples/.
class Traces {
 public:
  Traces(const fs::path& run_directory, const fs::path& directory) : link_(directory / "traces") {
    if (fs::exists(run_directory / "traces"))
      fs::create_directory_symlink(fs::absolute(run_directory / "traces"), link_);
  }
  ~Traces() {
    std::error_code ignored;  // the part is not complete without this: its directory is made anew
    fs::remove(link_, ignored);
  }
  Traces(const Traces&) = delete;
  Traces& operator=(const Traces&) = delete;

 private:
  fs::path link_;
};

void simulate(const PlannedPart& part, const fs::path& directory, const fs::path& catsd) {
  const scenarios::Scenario& scenario = *part.trial.entry.scenario;
  std::optional<PreflightLog> preflight;
  sim::SimulatedTestbed::Options options;
  options.run_directory = directory;
  options.begins = part.begins;
  options.catsd = catsd;
  options.checked = [&](const std::vector<scenarios::PreflightCheck>& checks, bool new_network) {
    preflight->add(checks, new_network);
  };
  const SimulatedTestbed simulated = simulated_testbed(scenario, std::move(options));
  EventLog log(directory / "events/runner.jsonl", "runner", *simulated.clock);
  preflight.emplace(log);
  log.write("world_started", {{"topology", scenario.topology}});
  log_failure(log, [&] {
    TrialTaker(*simulated.testbed, directory, log, [](const PlannedTrial&, int, std::string_view, const std::string&) {
    }).take(part.trial);
    simulated.stop();
    if (const Duration beyond = simulated.testbed->now() - part.ends; beyond > Duration{})
      throw MeasurementError(
          fmt::format("{}: its attempts took {:.0f} s of virtual time, {:.3f} s more than the plan "
                      "has for them: the next trial's times would overlap",
                      directory_name(part.trial), to_seconds(part.ends - part.begins + beyond), to_seconds(beyond)));
  });
}

}  // namespace

std::vector<PlannedPart> parts_of(const std::vector<PlannedTrial>& plan, Instant begins) {
  std::vector<PlannedPart> parts;
  parts.reserve(plan.size());
  for (const PlannedTrial& trial : plan) {
    const Duration room = room_of(trial);
    if (Instant::max() - begins < room)
      throw UsageError(fmt::format("{} trials of this length need more than the 292 years of virtual time: take fewer",
                                   plan.size()));
    parts.push_back({parts.size(), trial, begins, begins + room});
    begins += room;
  }
  return parts;
}

std::string directory_name(const PlannedTrial& trial) { return fmt::format("{}.{}", trial.entry.label, trial.index); }

std::string begun_name(const PlannedTrial& trial) { return directory_name(trial) + kBegunExtension; }

void take_part(const PlannedPart& part, const PartPlace& place) {
  const fs::path begun = place.parts / begun_name(part.trial);
  fs::remove_all(begun);
  for (const char* folder : {"events", "samples"}) fs::create_directories(begun / folder);
  {
    const Traces traces(place.run_directory, begun);
    simulate(part, begun, place.catsd);
  }
  fs::rename(begun, place.parts / directory_name(part.trial));
}

PartOutcome outcome_of(const fs::path& part) {
  const auto events = read_events(part / "events/runner.jsonl");
  if (!events) throw UsageError(events.error().message);
  PartOutcome outcome;
  for (const nlohmann::json& event : *events) {
    if (event.at("event") == "run_failed") outcome.failed = event.at("reason").get<std::string>();
    if (event.at("event") == "trial_ended" && event.at("void").is_string())
      outcome.voided.push_back(fmt::format("trial {} does not count: {}", event.at("trial").get<std::string>(),
                                           event.at("void").get<std::string>()));
  }
  return outcome;
}

}  // namespace cats::suite
