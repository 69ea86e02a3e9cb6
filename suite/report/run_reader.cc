#include "suite/report/run_reader.h"

#include <algorithm>
#include <span>

namespace cats::suite {
namespace {

// The world in which something happened at `t_ns`; before the first one, all that was emulated.
Period world_at(std::span<const Event> worlds, std::int64_t t_ns) {
  Period period;
  for (const Event& world : worlds) {
    if (world.t_ns > t_ns) {
      period.to_ns = world.t_ns;
      break;
    }
    period.from_ns = world.t_ns;
  }
  return period;
}

}  // namespace

Expected<RunReader> RunReader::open(std::filesystem::path run_directory) {
  auto runner = RunData::load_runner(run_directory);
  if (!runner) return tl::unexpected(runner.error());
  return RunReader(std::move(run_directory), *std::move(runner));
}

std::vector<Period> RunReader::periods_of(const std::string& entry) const {
  std::vector<Period> periods;
  for (const Trial& trial : runner_.trials()) {
    if (trial.entry != entry) continue;
    const Period period = world_at(runner_.events("world_started"), trial.started_ns);
    if (std::find(periods.begin(), periods.end(), period) == periods.end()) periods.push_back(period);
  }
  return periods;
}

RunData RunReader::of(const std::string& entry) {
  std::vector<Period> periods = periods_of(entry);
  if (periods != periods_) {
    data_ = {};  // its memory first
    auto data = runner_.with(run_directory_, periods);
    if (!data) throw MeasurementError(data.error().message);
    data_ = *std::move(data);
    periods_ = std::move(periods);
  }
  return data_;
}

}  // namespace cats::suite
