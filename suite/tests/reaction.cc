#include "suite/tests/reaction.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
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

// What was sent by one way, and what of it came to `node`.
struct Way {
  std::map<Key, const Event*> sent;
  std::map<Key, const Event*> received;
};

Way way_to(const std::string& node, const RunData& data, std::int64_t from_ns, std::int64_t to_ns) {
  const auto via = data.way_to(node);
  if (!via) throw MeasurementError(fmt::format("the runner's log names no way of metrics to {} (event testbed)", node));
  std::vector<const Event*> sent = data.events("metric_sent", from_ns, to_ns);
  std::erase_if(sent, [&](const Event* event) { return event->text("via") != *via; });
  std::vector<const Event*> received = data.events("metric_received", from_ns, to_ns);
  std::erase_if(received, [&](const Event* event) { return event->node != node || event->text("via") != *via; });
  return {first_by_update(sent), first_by_update(received)};
}

// How metrics reach the C-PS of one ingress: by the listener, and where the decider has a way of its own (cps: split),
// by that.
struct Ways {
  Way listened;
  std::optional<Way> own;
};

Ways ways_to(const std::string& ingress, const RunData& data, std::int64_t from_ns, std::int64_t to_ns) {
  const std::string& decider = data.decider_of(ingress);
  const std::string& listener = data.listener_of(ingress);
  Ways ways{way_to(listener, data, from_ns, to_ns), std::nullopt};
  if (decider != listener && data.way_to(decider)) ways.own = way_to(decider, data, from_ns, to_ns);
  return ways;
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

// With cps: split the ingress has other weights from the moment when it loses or regains the controller.
bool controller_changed(const RunData& data, const InForce& before, const InForce& decision) {
  const auto events = data.events("controller_state", before.decision->t_ns, decision.decision->t_ns + 1);
  return std::ranges::any_of(events, [&](const Event* event) { return event->node == decision.ingress; });
}

// An update on its way to a decision.
struct Cause {
  std::int64_t window_end = 0;
  std::int64_t sent = 0;
  std::int64_t received = 0;
};

const Event& event_of(const std::map<Key, const Event*>& events, const Key& key, const std::string& what) {
  const auto found = events.find(key);
  if (found == events.end())
    throw MeasurementError(
        fmt::format("update {} of {} was used in a decision, but no {} was logged", key.second, key.first, what));
  return *found->second;
}

bool arrived(const Way& way, const Key& key, std::int64_t by_ns) {
  const auto found = way.received.find(key);
  return found != way.received.end() && found->second->t_ns <= by_ns;
}

// The update of the loaded instance for which the decision left it. An input of the decision, which came by the
// listener, or to the decider itself when the listener is lost; else what the decider had heard beside.
Cause cause_of(const InForce& decision, const LoadStep& step, const Ways& ways) {
  if (!used_step(decision, step)) {
    const Event& heard = *decision.heard.at(step.csci);
    const Key key{step.csci, heard.ns("seq")};
    return {heard.ns("window_end"), event_of(ways.own.value().sent, key, "metric_sent").t_ns,
            event_of(ways.own.value().received, key, "metric_received").t_ns};
  }
  const nlohmann::json& input = input_of(decision, step.csci);
  if (!input.at("seq").is_number())
    throw MeasurementError("a decision's input has no sequence (refresh: on-change): its update cannot be followed");
  const Key key{step.csci, input.at("seq").get<std::int64_t>()};
  const std::int64_t by_ns = decision.decision->t_ns;
  const bool alone = !arrived(ways.listened, key, by_ns) && ways.own && arrived(*ways.own, key, by_ns);
  const Way& way = alone ? *ways.own : ways.listened;
  return {input.at("window_end").get<std::int64_t>(), event_of(way.sent, key, "metric_sent").t_ns,
          event_of(way.received, key, "metric_received").t_ns};
}

std::array<std::int64_t, kStages.size()> stages_of(const InForce& decision, const LoadStep& step, const Ways& ways) {
  const Cause cause = cause_of(decision, step, ways);
  const std::array<std::int64_t, kStages.size() + 1> times{step.t_ns,      cause.window_end,        cause.sent,
                                                           cause.received, decision.decision->t_ns, decision.from_ns};
  std::array<std::int64_t, kStages.size()> stages{};
  for (std::size_t i = 0; i < stages.size(); ++i) stages[i] = times[i + 1] - times[i];
  return stages;
}

Reaction reaction_to(const LoadStep& step, const std::string& ingress, const std::vector<InForce>& decisions,
                     const Ways& ways) {
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
    reaction.stages = stages_of(decision, step, ways);
    break;
  }
  return reaction;
}

}  // namespace

std::int64_t Reaction::total_ns() const { return std::accumulate(stages->begin(), stages->end(), std::int64_t{0}); }

std::vector<Reaction> reactions(const RunData& data, const Trial& trial) {
  const std::int64_t from = phase_of(trial, "stable").from_ns;
  std::vector<Reaction> found;
  for (const LoadStep& step : load_steps(data, trial))
    for (const std::string& ingress : data.ingresses())
      found.push_back(reaction_to(step, ingress, decisions_in_force(data, trial, ingress),
                                  ways_to(ingress, data, from, trial.ended_ns)));
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
          knowledge(decision) == knowledge(*before) && !controller_changed(data, *before, decision))
        ++count;
      before = &decision;
    }
  }
  return count;
}

std::vector<double> distribution_delays_ms(const RunData& data, const Trial& trial) {
  const std::int64_t from = phase_of(trial, "stable").from_ns;
  std::set<std::string> listeners;
  for (const std::string& ingress : data.ingresses()) listeners.insert(data.listener_of(ingress));
  std::vector<double> delays;
  for (const std::string& listener : listeners) {
    const Way way = way_to(listener, data, from, trial.ended_ns);
    for (const auto& [key, event] : way.sent)
      if (const auto arrival = way.received.find(key); arrival != way.received.end())
        delays.push_back(to_ms(Duration(arrival->second->t_ns - event->t_ns)));
  }
  return delays;
}

}  // namespace cats::suite
