#include "cpsel/selector.h"

#include <algorithm>

namespace cats::cpsel {

std::size_t Selector::add_service(ServiceSettings settings, const AlgorithmInfo& info,
                                  std::unique_ptr<Algorithm> algorithm) {
  RandomStream random(seed_, "selector/" + settings.name);
  services_.push_back(
      {std::move(settings), info.name, info.ignores_metrics, std::move(algorithm), random, {}, std::nullopt});
  return services_.size() - 1;
}

std::optional<Decision> Selector::received(std::size_t service, const InstanceId& instance, Report report,
                                           Instant now) {
  auto& instances = services_.at(service).instances;
  const auto [found, is_new] = instances.try_emplace(instance);
  Instance& known = found->second;
  const bool tells_more = is_new || known.report.values != report.values || known.report.sequence != report.sequence ||
                          known.report.window_end != report.window_end;
  known.report = std::move(report);
  if (!tells_more) return std::nullopt;
  known.received = now;
  return decide(service, now);
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

Decision Selector::decide(std::size_t index, Instant now) {
  Service& service = services_[index];
  Decision decision{.id = ++last_id_,
                    .service = index,
                    .service_name = service.settings.name,
                    .algorithm = service.algorithm_name,
                    .when = now,
                    .inputs = {},
                    .weights = std::vector<double>(service.instances.size(), 0.0),
                    .kernel_multipath = false};
  std::vector<Candidate> candidates;
  std::vector<std::size_t> input_of;  // candidate → input
  for (const auto& [id, instance] : service.instances) {
    const auto capacity = service.settings.capacities.find(id);
    const double c = capacity == service.settings.capacities.end() ? 1 : capacity->second;
    const Report& report = instance.report;
    const Duration age = std::max(now - born(instance), Duration(0));
    const auto load = load_of(service.settings.steer_by, report.values, c);
    const bool young = !service.settings.age_limit || age <= *service.settings.age_limit;
    const bool eligible = young && (load || service.ignores_metrics);
    if (eligible) {
      input_of.push_back(decision.inputs.size());
      candidates.push_back({id, load.value_or(0), &report.values, age, c, instance.last_weight});
    }
    decision.inputs.push_back({id, report.sequence, age, load, report.window_end, eligible});
  }
  if (!candidates.empty()) {
    const Duration dt = service.last_decision ? now - *service.last_decision : Duration(0);
    const Choice choice = service.algorithm->choose({candidates, dt, service.random});
    decision.kernel_multipath = choice.kernel_multipath;
    if (!choice.kernel_multipath)
      for (std::size_t i = 0; i < input_of.size(); ++i) decision.weights[input_of[i]] = choice.weights.at(i);
  }
  std::size_t i = 0;
  for (auto& [id, instance] : service.instances) instance.last_weight = decision.weights[i++];
  service.last_decision = now;
  return decision;
}

}  // namespace cats::cpsel
