#include "cpsel/selector.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace cats::cpsel {

std::size_t Selector::add_service(ServiceSettings settings, const AlgorithmInfo& info,
                                  std::unique_ptr<Algorithm> algorithm) {
  RandomStream random(seed_, "selector/" + settings.name);
  services_.push_back({.settings = std::move(settings),
                       .algorithm_name = info.name,
                       .ignores_metrics = info.ignores_metrics,
                       .needs_flow_counts = info.needs_flow_counts,
                       .algorithm = std::move(algorithm),
                       .random = random});
  return services_.size() - 1;
}

std::optional<Decision> Selector::received(std::size_t service, const InstanceId& instance, Report report,
                                           Instant now) {
  if (!learn(service, instance, std::move(report), now)) return std::nullopt;
  return decide(service, now);
}

bool Selector::learn(std::size_t service, const InstanceId& instance, Report report, Instant now) {
  Service& s = services_.at(service);
  const auto [found, is_new] = s.instances.try_emplace(instance);
  Instance& known = found->second;
  const bool tells_more = is_new || known.report.values != report.values || known.report.sequence != report.sequence ||
                          known.report.window_end != report.window_end;
  const std::optional<Instant> earlier = is_new ? std::nullopt : std::optional(born(known));
  known.report = std::move(report);
  if (!tells_more) return false;
  known.received = now;
  known.number = ++s.reports;
  known.earlier = earlier;
  if (earlier) s.flows[instance].forget_before(*earlier);
  return true;
}

std::optional<Decision> Selector::withdrawn(std::size_t service, const InstanceId& instance, Instant now) {
  if (services_.at(service).instances.erase(instance) == 0) return std::nullopt;
  return decide(service, now);
}

std::vector<Decision> Selector::tick(Instant now) {
  std::vector<Decision> decisions;
  for (std::size_t i = 0; i < services_.size(); ++i) {
    const auto due = next_expiry(services_[i]);
    if (due && *due <= now) decisions.push_back(decide(i, now));
  }
  return decisions;
}

void Selector::flows_sent(std::size_t service, const InstanceId& instance, double total, Instant now) {
  services_.at(service).flows[instance].sample(total, now);
}

std::optional<Decision> Selector::refresh(std::size_t service, Instant now) {
  Decision decision = ask(service, now);
  const std::optional<Decision>& last = services_.at(service).last;
  const auto moved = [](double a, double b) { return std::abs(a - b) >= kLeastMove; };
  const auto differs = [](const DecisionInput& a, const DecisionInput& b) { return a.eligible != b.eligible; };
  if (last && last->kernel_multipath == decision.kernel_multipath && last->inputs.size() == decision.inputs.size() &&
      std::ranges::equal(last->weights, decision.weights, std::not_fn(moved)) &&
      std::ranges::equal(last->inputs, decision.inputs, std::not_fn(differs)))
    return std::nullopt;
  return commit(std::move(decision));
}

std::optional<Instant> Selector::next_tick() const {
  std::optional<Instant> first;
  for (const Service& service : services_) {
    const auto due = next_expiry(service);
    if (due && (!first || *due < *first)) first = due;
  }
  return first;
}

Decision Selector::set_algorithm(std::size_t service, const AlgorithmInfo& info, std::unique_ptr<Algorithm> algorithm,
                                 Instant now) {
  Service& s = services_.at(service);
  s.algorithm_name = info.name;
  s.ignores_metrics = info.ignores_metrics;
  s.needs_flow_counts = info.needs_flow_counts;
  s.algorithm = std::move(algorithm);
  return decide(service, now);
}

const Report* Selector::report(std::size_t service, const InstanceId& instance) const {
  const auto& instances = services_.at(service).instances;
  const auto found = instances.find(instance);
  return found == instances.end() ? nullptr : &found->second.report;
}

Instant Selector::born(const Instance& instance) {
  return std::min(instance.report.window_end.value_or(instance.received), instance.received);
}

// The first instant at which an instance that was young enough in the last decision no longer is.
std::optional<Instant> Selector::next_expiry(const Service& service) {
  if (!service.settings.age_limit) return std::nullopt;
  std::optional<Instant> first;
  for (const auto& [id, instance] : service.instances) {
    const Instant end = born(instance) + *service.settings.age_limit + Duration(1);
    if (service.last_decision && end <= *service.last_decision) continue;
    if (!first || end < *first) first = end;
  }
  return first;
}

Candidate Selector::candidate(const Service& service, const InstanceId& id, const Instance& instance,
                              Instant now) const {
  const auto capacity = service.settings.capacities.find(id);
  Candidate candidate{.id = id,
                      .metrics = &instance.report.values,
                      .age = std::max(now - born(instance), Duration(0)),
                      .capacity = capacity == service.settings.capacities.end() ? 1 : capacity->second,
                      .last_weight = instance.last_weight,
                      .report = instance.number};
  if (service.needs_flow_counts) {
    const auto flows = service.flows.find(id);
    const auto since = [&](Instant when) { return flows == service.flows.end() ? 0 : flows->second.since(when); };
    candidate.flows_since_report = since(born(instance));
    candidate.flows_before_report = instance.earlier ? since(*instance.earlier) - since(born(instance)) : 0;
  }
  return candidate;
}

Decision Selector::ask(std::size_t index, Instant now) {
  Service& service = services_[index];
  Decision decision{.service = index,
                    .service_name = service.settings.name,
                    .algorithm = service.algorithm_name,
                    .when = now,
                    .inputs = {},
                    .weights = std::vector<double>(service.instances.size(), 0.0)};
  std::vector<Candidate> candidates;
  std::vector<std::size_t> input_of;  // candidate → input
  for (const auto& [id, instance] : service.instances) {
    Candidate one = candidate(service, id, instance, now);
    const auto load = load_of(service.settings.steer_by, instance.report.values, one.capacity);
    const bool young = !service.settings.age_limit || one.age <= *service.settings.age_limit;
    const bool eligible = young && (load || service.ignores_metrics);
    one.load = load.value_or(0);
    decision.inputs.push_back({id, instance.report.sequence, one.age, load, instance.report.window_end, eligible});
    if (!eligible) continue;
    input_of.push_back(decision.inputs.size() - 1);
    candidates.push_back(one);
  }
  if (candidates.empty()) return decision;
  Snapshot snapshot{.candidates = candidates,
                    .dt = service.last_call ? now - *service.last_call : Duration(0),
                    .random = service.random};
  if (service.needs_flow_counts) {
    snapshot.arrivals = 0;
    for (auto& [id, flows] : service.flows) *snapshot.arrivals += flows.take_new();
  }
  service.last_call = now;
  Choice choice = service.algorithm->choose(snapshot);
  decision.kernel_multipath = choice.kernel_multipath;
  decision.note = std::move(choice.note);
  if (!choice.kernel_multipath)
    for (std::size_t i = 0; i < input_of.size(); ++i) decision.weights[input_of[i]] = choice.weights.at(i);
  return decision;
}

Decision Selector::commit(Decision decision) {
  Service& service = services_[decision.service];
  decision.id = ++last_id_;
  std::size_t i = 0;
  for (auto& [id, instance] : service.instances) instance.last_weight = decision.weights[i++];
  service.last_decision = decision.when;
  service.last = decision;
  return decision;
}

}  // namespace cats::cpsel
