#include "suite/tests/reaction.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "suite/tests/phases.h"

namespace cats::suite {
namespace {

using Key = std::pair<std::string, std::int64_t>;  // source, sequence

// The first event of each update. Updates without a sequence (refresh: on-change) cannot be followed.
std::map<Key, const Event*> first_by_update(const std::vector<const Event*>& events) {
  std::map<Key, const Event*> found;
  for (const Event* event : events)
    if (event->at("seq").is_number()) found.try_emplace({event->text("source"), event->ns("seq")}, event);
  return found;
}

std::map<Key, const Event*> received_by(const std::string& ingress, const RunData& data, std::int64_t from_ns,
                                        std::int64_t to_ns) {
  std::vector<const Event*> received = data.events("metric_received", from_ns, to_ns);
  std::erase_if(received, [&](const Event* event) { return event->node != ingress; });
  return first_by_update(received);
}

bool names(const InForce& decision, const std::string& csci) {
  const auto chosen = selected(decision.weights);
  return std::find(chosen.begin(), chosen.end(), csci) != chosen.end();
}

const nlohmann::json& input_of(const InForce& decision, const std::string& csci) {
  for (const nlohmann::json& input : decision.decision->at("inputs"))
    if (input.at("csci") == csci) return input;
  throw MeasurementError(
      fmt::format("decision {} of {} has no input of {}", decision.decision->ns("id"), decision.ingress, csci));
}

// What a decision knew, without what time alone changes.
nlohmann::json knowledge(const InForce& decision) {
  nlohmann::json known = decision.decision->at("inputs");
  for (nlohmann::json& input : known) input.erase("age_ns");
  return known;
}

struct Updates {
  std::map<Key, const Event*> sent;
  std::map<Key, const Event*> received;
};

const Event& event_of(const std::map<Key, const Event*>& events, const Key& key, const std::string& what) {
  const auto found = events.find(key);
  if (found == events.end())
    throw MeasurementError(
        fmt::format("update {} of {} was used in a decision, but no {} was logged", key.second, key.first, what));
  return *found->second;
}

std::array<std::int64_t, kStages.size()> stages_of(const InForce& decision, const LoadStep& step,
                                                   const Updates& updates) {
  const nlohmann::json& input = input_of(decision, step.csci);
  if (!input.at("seq").is_number())
    throw MeasurementError("a decision's input has no sequence (refresh: on-change): its update cannot be followed");
  const Key key{step.csci, input.at("seq").get<std::int64_t>()};
  const std::array<std::int64_t, kStages.size() + 1> times{step.t_ns,
                                                           input.at("window_end").get<std::int64_t>(),
                                                           event_of(updates.sent, key, "metric_sent").t_ns,
                                                           event_of(updates.received, key, "metric_received").t_ns,
                                                           decision.decision->t_ns,
                                                           decision.from_ns};
  std::array<std::int64_t, kStages.size()> stages{};
  for (std::size_t i = 0; i < stages.size(); ++i) stages[i] = times[i + 1] - times[i];
  return stages;
}

Reaction reaction_to(const LoadStep& step, const std::string& ingress, const std::vector<InForce>& decisions,
                     const Updates& updates) {
  Reaction reaction{step, ingress, std::nullopt, std::nullopt, false};
  const InForce* old = nullptr;  // the last decision that names the loaded instance
  for (const InForce& decision : decisions) {
    if (decision.from_ns > step.ended_ns) break;
    if (names(decision, step.csci)) {
      if (!reaction.delta_t_ns) old = &decision;
      continue;
    }
    if (decision.from_ns <= step.t_ns) continue;
    if (!reaction.delta_t_ns && old != nullptr) reaction.delta_t_ns = decision.from_ns - old->decision->t_ns;
    if (!saw_step(decision, step)) {
      reaction.early = true;
      continue;
    }
    reaction.stages = stages_of(decision, step, updates);
    break;
  }
  return reaction;
}

}  // namespace

std::int64_t Reaction::total_ns() const { return std::accumulate(stages->begin(), stages->end(), std::int64_t{0}); }

std::vector<Reaction> reactions(const RunData& data, const Trial& trial) {
  const std::int64_t from = phase_of(trial, "stable").from_ns;
  const auto sent = first_by_update(data.events("metric_sent", from, trial.ended_ns));
  std::vector<Reaction> found;
  for (const LoadStep& step : load_steps(data, trial))
    for (const std::string& ingress : data.ingresses())
      found.push_back(reaction_to(step, ingress, decisions_in_force(data, trial, ingress),
                                  {sent, received_by(ingress, data, from, trial.ended_ns)}));
  return found;
}

int blind_switches(const RunData& data, const Trial& trial) {
  const std::int64_t from = phase_of(trial, "stable").from_ns;
  int count = 0;
  for (const std::string& ingress : data.ingresses()) {
    const InForce* before = nullptr;
    const std::vector<InForce> decisions = decisions_in_force(data, trial, ingress);
    for (const InForce& decision : decisions) {
      if (before != nullptr && decision.from_ns > from && selected(decision.weights) != selected(before->weights) &&
          knowledge(decision) == knowledge(*before))
        ++count;
      before = &decision;
    }
  }
  return count;
}

std::vector<double> distribution_delays_ms(const RunData& data, const Trial& trial) {
  const std::int64_t from = phase_of(trial, "stable").from_ns;
  const auto sent = first_by_update(data.events("metric_sent", from, trial.ended_ns));
  std::vector<double> delays;
  for (const std::string& ingress : data.ingresses()) {
    const auto received = received_by(ingress, data, from, trial.ended_ns);
    for (const auto& [key, event] : sent)
      if (const auto arrival = received.find(key); arrival != received.end())
        delays.push_back(to_ms(Duration(arrival->second->t_ns - event->t_ns)));
  }
  return delays;
}

}  // namespace cats::suite
