#include "suite/tests/multipath.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/random.h"

namespace cats::suite {
namespace {

// 32 bits, not 0.
std::uint32_t hash_seed(std::uint64_t trial_seed) { return static_cast<std::uint32_t>(mix64(trial_seed)) | 1U; }

std::optional<std::string> wrong_next_hops(const std::string& ingress, const std::string& cs_id, std::int64_t next_hops,
                                           std::int64_t sites) {
  if (next_hops == sites) return std::nullopt;
  return fmt::format("the route of {} to {} has {} next hops, must have one for each of {} sites", ingress, cs_id,
                     next_hops, sites);
}

}  // namespace

void prepare_multipath(const TrialContext& context) {
  std::map<std::string, std::int64_t> sites;
  for (const scenarios::Site& site : context.testbed.sites()) ++sites[site.cs_id.str()];
  for (const std::string& ingress : context.testbed.ingresses())
    for (const auto& [cs_id, count] : sites) {
      const auto reply = context.testbed.command(
          ingress, {{"do", "multipath"}, {"service", cs_id}, {"seed", hash_seed(context.seed)}});
      if (const auto wrong = wrong_next_hops(ingress, cs_id, reply.at("next_hops").get<std::int64_t>(), count))
        throw MeasurementError(*wrong);
    }
}

std::optional<std::string> multipath_problem(const RunData& data, const Trial& trial) {
  std::map<std::string, std::int64_t> sites;
  for (const SiteInfo& site : data.sites()) ++sites[site.cs_id];
  const auto events = data.events("multipath", trial.started_ns, trial.ended_ns);
  for (const std::string& ingress : data.ingresses())
    for (const auto& [cs_id, count] : sites) {
      const auto found = std::ranges::find_if(events, [&, &service = cs_id](const Event* event) {
        return event->node == ingress && event->text("service") == service;
      });
      if (found == events.end()) return fmt::format("no multipath event of {} for {}", ingress, cs_id);
      if (auto wrong = wrong_next_hops(ingress, cs_id, (*found)->ns("next_hops"), count)) return wrong;
    }
  return std::nullopt;
}

bool multipath_seeded(const RunData& data, const std::vector<const Trial*>& trials) {
  return std::ranges::all_of(trials, [&](const Trial* trial) {
    const auto events = data.events("multipath", trial->started_ns, trial->ended_ns);
    return !events.empty() && std::ranges::all_of(events, [](const Event* e) { return !e->at("seed").is_null(); });
  });
}

}  // namespace cats::suite
