#include "suite/outages.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/clock.h"

namespace cats::suite {
namespace {

// Who logs the loss of whom, and what it means for decisions.
struct Tie {
  std::string_view event;
  std::string_view lost;
  std::string_view meanwhile;
};
constexpr Tie kController{"controller_state", "the controller", "it decided by what came by BGP alone"};
constexpr Tie kManager{"manager_state", "the edge server manager", "metrics did not reach it"};

struct Outage {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = std::numeric_limits<std::int64_t>::max();
  std::string why;
};

std::vector<Outage> outages_of(const RunData& data, const Tie& tie, const std::string& node, const Trial& trial) {
  std::vector<Outage> found;
  bool lost = false;
  for (const Event* event : data.events(tie.event, data.steered_since(trial), trial.ended_ns)) {
    if (event->node != node || event->at("up").get<bool>() != lost) continue;
    lost = !lost;
    if (lost)
      found.push_back({event->t_ns, std::numeric_limits<std::int64_t>::max(), event->text("why")});
    else
      found.back().to_ns = event->t_ns;
  }
  std::erase_if(found, [&](const Outage& outage) { return outage.to_ns <= trial.started_ns; });
  return found;
}

double seconds(std::int64_t ns) { return to_seconds(Duration(ns)); }

std::string when(const Outage& outage, const Trial& trial) {
  const bool ends = outage.to_ns < trial.ended_ns;
  if (outage.from_ns < trial.started_ns)
    return ends ? fmt::format("before the trial began, until {:.3f} s after", seconds(outage.to_ns - trial.started_ns))
                : "before the trial began, and to its end";
  const std::string from = fmt::format("{:.3f} s after the trial began", seconds(outage.from_ns - trial.started_ns));
  return ends ? fmt::format("{}, for {:.3f} s", from, seconds(outage.to_ns - outage.from_ns))
              : fmt::format("{}, to its end", from);
}

// A test lost a part of the network on purpose before this outage began: its figures say more of it.
bool on_purpose(const RunData& data, const Outage& outage, const Trial& trial) {
  for (const char* what : {"lost", "link"}) {
    const auto events = data.events(what, trial.started_ns, outage.from_ns + 1);
    if (std::ranges::any_of(events, [&](const Event* event) { return event->text("trial") == trial.id; })) return true;
  }
  return false;
}

void add(const RunData& data, const Tie& tie, const std::string& node, const Trial& trial,
         std::vector<Warning>& warnings) {
  for (const Outage& outage : outages_of(data, tie, node, trial)) {
    const bool purpose = on_purpose(data, outage, trial);
    if (purpose && outage.to_ns < trial.ended_ns) continue;
    warnings.push_back(
        {trial.test, "",
         fmt::format("trial {} ({}): {} lost {} {} ({}{}); {}", trial.id, trial.conditions.value("mode", "no mode"),
                     node, tie.lost, when(outage, trial), outage.why,
                     purpose ? "; a part of the network had been lost on purpose" : "", tie.meanwhile)});
  }
}

}  // namespace

void warn_of_outages(const RunData& data, const std::vector<const Trial*>& trials, std::vector<Warning>& warnings) {
  std::set<std::string> followers;
  for (const ReceiverInfo& receiver : data.receivers())
    if (receiver.via == "rest") followers.insert(receiver.node);
  for (const Trial* trial : trials) {
    // Only an ingress that decides with what a controller tells it goes on by itself.
    for (const SteeringInfo& one : data.steering())
      if (one.decider == one.ingress && one.listener != one.ingress)
        add(data, kController, one.ingress, *trial, warnings);
    for (const std::string& node : followers) add(data, kManager, node, *trial, warnings);
  }
}

}  // namespace cats::suite
