#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "sim/world/model.h"
#include "suite/engines.h"
#include "suite/merge_parts.h"
#include "suite/part_runner.h"
#include "suite/parts_directory.h"
#include "suite/simulated_part.h"

namespace cats::suite {
namespace {

using Run = PartsDirectory::Run;

class StoppedClock final : public Clock {
 public:
  explicit StoppedClock(Instant now) : now_(now) {}
  Instant now() const override { return now_; }

 private:
  Instant now_;
};

void simulate(const scenarios::Scenario& scenario, const RunOptions& options, Run run, Instant begins) {
  PartsDirectory parts(options.directory, run, fmt::format("{} {}", options.version, options.commit), begins);
  if (parts.dropped() > 0)
    options.stage(fmt::format("{} trials are of another catsbench, or of before the emulator went on: taken anew",
                              parts.dropped()));
  PartRunOptions how{.run_directory = options.directory,
                     .parts = parts.path(),
                     .catsd = options.catsd,
                     .begins = parts.begins(),
                     .threads = options.threads,
                     .ranks = options.ranks};
  how.progress = options.parts;
  const std::vector<std::filesystem::path> taken = run_parts(plan_trials(scenario), how);
  options.stage("writing the logs");
  if (run == Run::on_both_engines) {
    const StoppedClock clock(parts.begins());
    EventLog log(options.directory / "events/runner.jsonl", "runner", clock);
    log_simulation_started(log, options.directory);
  }
  merge_parts(taken, options.directory);
  parts.remove();
}

}  // namespace

void run_simulated(const scenarios::Scenario& scenario, const RunOptions& options, const Begin& begin) {
  if (options.resume) {
    if (PartsDirectory::completed(options.directory)) return;
  } else {
    // Of what the machine makes, nothing has to be told apart by it: it only names the run.
    begin(sha256(std::filesystem::absolute(options.directory).string() + utc_now()).substr(0, 4));
  }
  simulate(scenario, options, Run::simulated, sim::kWorldBegins);
}

void run_simulated_after_emulation(const scenarios::Scenario& scenario, const RunOptions& options) {
  simulate(scenario, options, Run::on_both_engines, simulated_part_begins(MonotonicClock().now()));
}

}  // namespace cats::suite
