#include "suite/tests/phases.h"

#include <cmath>

#include "base/error.h"

namespace cats::suite {

const Phase& phase_of(const Trial& trial, std::string_view name) {
  if (const Phase* phase = trial.phase(name)) return *phase;
  throw MeasurementError(fmt::format("trial {} has no phase \"{}\" in the runner's log", trial.id, name));
}

std::string site_name(const RunData& data, const std::string& csci) {
  for (const SiteInfo& site : data.sites())
    if (site.csci == csci) return site.node;
  return csci;
}

std::optional<std::string> load_problem(const RunData& data, const Trial& trial) {
  const auto loads = data.loads(trial.id);
  if (loads.empty()) return "no host logged a load (samples/*.load.csv)";
  for (const Load* load : loads) {
    if (load->offered == 0) return load->host + " offered no request";
    const double ratio = static_cast<double>(load->sent) / static_cast<double>(load->offered);
    if (std::abs(ratio - 1) > 0.01)
      return fmt::format("{} sent {} of {} scheduled requests, must be within 1 %", load->host, load->sent,
                         load->offered);
  }
  return std::nullopt;
}

}  // namespace cats::suite
