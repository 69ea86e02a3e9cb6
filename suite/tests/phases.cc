#include "suite/tests/phases.h"

#include <algorithm>
#include <cmath>
#include <set>

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

namespace {

// Requests that could not leave because the network had broken, or refused, their session: what the device did to an
// offered load, not a load that was not offered.
std::int64_t prevented(const RunData& data, const Trial& trial, const std::string& host) {
  std::set<std::string> ended;
  for (const Session* session : data.sessions(trial.id))
    if (session->host == host && session->outcome != "closed") ended.insert(session->session);
  const auto requests = data.requests(trial.id);
  return std::ranges::count_if(requests, [&](const Request* request) {
    return request->host == host && !request->sent_ns && ended.contains(request->session);
  });
}

}  // namespace

std::optional<std::string> load_problem(const RunData& data, const Trial& trial) {
  const auto loads = data.loads(trial.id);
  if (loads.empty()) return "no host logged a load (samples/*.load.csv)";
  for (const Load* load : loads) {
    if (load->offered == 0) return load->host + " offered no request";
    const std::int64_t left = load->sent + prevented(data, trial, load->host);
    const double ratio = static_cast<double>(left) / static_cast<double>(load->offered);
    if (std::abs(ratio - 1) > 0.01)
      return fmt::format("{} sent {} of {} scheduled requests, must be within 1 %", load->host, load->sent,
                         load->offered);
  }
  return std::nullopt;
}

}  // namespace cats::suite
