#include "suite/tests/steering.h"

#include <algorithm>

#include "base/error.h"
#include "suite/tests/phases.h"

namespace cats::suite {
namespace {

std::string service_of(const RunData& data) { return data.sites().empty() ? "" : data.sites().front().cs_id; }

bool ended_after(const nlohmann::json& window_end, std::int64_t t_ns) {
  return window_end.is_number() && window_end.get<std::int64_t>() > t_ns;
}

void add_heard(const RunData& data, const Trial& trial, const std::string& decider, std::vector<InForce>& decisions) {
  const auto received = data.events("metric_received", data.steered_since(trial), trial.ended_ns);
  auto next = received.begin();
  std::map<std::string, const Event*> newest;
  for (InForce& decision : decisions) {
    for (; next != received.end() && (*next)->t_ns <= decision.decision->t_ns; ++next)
      if ((*next)->node == decider) newest[(*next)->text("source")] = *next;
    decision.heard = newest;
  }
}

}  // namespace

std::vector<LoadStep> load_steps(const RunData& data, const Trial& trial) {
  const Phase& stable = phase_of(trial, "stable");
  std::vector<LoadStep> steps;
  for (const Event* event : data.events("load_changed", stable.from_ns, trial.ended_ns)) {
    if (event->fields.value("scheduled", false)) continue;
    const std::string& csci = event->text("source");
    for (LoadStep& step : steps)
      if (step.csci == csci) step.ended_ns = std::min(step.ended_ns, event->t_ns);
    if (event->at("cores").get<double>() > 0) steps.push_back({event->t_ns, csci, trial.ended_ns});
  }
  return steps;
}

std::optional<LoadStep> load_step(const RunData& data, const Trial& trial) {
  const std::vector<LoadStep> steps = load_steps(data, trial);
  return steps.empty() ? std::nullopt : std::optional(steps.front());
}

std::vector<InForce> decisions_in_force(const RunData& data, const Trial& trial, const std::string& ingress) {
  const std::string service = service_of(data);
  const std::string& decider = data.decider_of(ingress);
  const std::int64_t since = data.steered_since(trial);
  const std::vector<const Event*> decisions = data.events("decision", since, trial.ended_ns);
  auto next = decisions.begin();
  std::map<std::int64_t, const Event*> by_id;  // the latest: a decider that was started anew counts from 1 again
  std::vector<InForce> found;
  for (const Event* installed : data.events("route_installed", since, trial.ended_ns)) {
    for (; next != decisions.end() && (*next)->t_ns <= installed->t_ns; ++next)
      if ((*next)->node == decider && (*next)->fields.value("service", service) == service)
        by_id[(*next)->ns("id")] = *next;
    const auto decision = by_id.find(installed->ns("decision"));
    if (installed->fields.value("router", installed->node) != ingress || decision == by_id.end()) continue;
    found.push_back(
        {installed->ns("acked_ns"), ingress, decision->second->at("weights").get<Weights>(), decision->second, {}});
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.from_ns < b.from_ns; });
  if (decider != data.listener_of(ingress) && data.way_to(decider)) add_heard(data, trial, decider, found);
  return found;
}

const InForce* at(const std::vector<InForce>& decisions, std::int64_t t_ns) {
  const auto after = std::upper_bound(decisions.begin(), decisions.end(), t_ns,
                                      [](std::int64_t t, const InForce& decision) { return t < decision.from_ns; });
  return after == decisions.begin() ? nullptr : &*(after - 1);
}

bool sampled_after(const nlohmann::json& input, std::int64_t t_ns) {
  const auto end = input.find("window_end");
  return end != input.end() && ended_after(*end, t_ns);
}

bool used_step(const InForce& decision, const LoadStep& step) {
  for (const nlohmann::json& input : decision.decision->at("inputs"))
    if (input.at("csci") == step.csci && sampled_after(input, step.t_ns)) return true;
  return false;
}

bool saw_step(const InForce& decision, const LoadStep& step) {
  const auto heard = decision.heard.find(step.csci);
  return used_step(decision, step) ||
         (heard != decision.heard.end() && ended_after(heard->second->at("window_end"), step.t_ns));
}

std::vector<std::string> selected(const Weights& weights) {
  double most = 0;
  for (const auto& [csci, weight] : weights) most = std::max(most, weight);
  std::vector<std::string> result;
  for (const auto& [csci, weight] : weights)
    if (weight > 0 && weight >= most - 1e-9) result.push_back(csci);
  return result;
}

std::optional<std::string> instability(const RunData& data, const Trial& trial, const LoadStep& step, Duration length) {
  const std::int64_t from = step.t_ns - length.count();
  for (const std::string& ingress : data.ingresses()) {
    const std::vector<InForce> decisions = decisions_in_force(data, trial, ingress);
    const InForce* first = at(decisions, from);
    if (first == nullptr)
      return fmt::format("no decision of {} was in force {:.1f} s before the load step", ingress, to_seconds(length));
    int changes = 0;
    std::vector<std::string> selection = selected(first->weights);
    for (const InForce& decision : decisions) {
      if (decision.from_ns <= from || decision.from_ns > step.t_ns) continue;
      if (selected(decision.weights) != selection) ++changes;
      selection = selected(decision.weights);
    }
    if (changes > 0)
      return fmt::format("the selection of {} changed {} times in the {:.1f} s before the load step, must be stable",
                         ingress, changes, to_seconds(length));
  }
  return std::nullopt;
}

}  // namespace cats::suite
