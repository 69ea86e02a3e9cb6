// The instances of a service by their places, and what is learnt of them.
#include <algorithm>

#include "cpsel/selector.h"

namespace cats::cpsel {

std::optional<std::size_t> Selector::find(const Service& service, const InstanceId& instance) {
  const auto at = std::lower_bound(service.ids.begin(), service.ids.end(), instance);
  if (at == service.ids.end() || *at != instance) return std::nullopt;
  return static_cast<std::size_t>(at - service.ids.begin());
}

std::size_t Selector::place_of(Service& service, const InstanceId& instance) {
  const auto at = std::lower_bound(service.ids.begin(), service.ids.end(), instance);
  const std::ptrdiff_t place = at - service.ids.begin();
  if (at != service.ids.end() && *at == instance) return static_cast<std::size_t>(place);
  const auto capacity = service.settings.capacities.find(instance);
  Known known;
  if (capacity != service.settings.capacities.end()) known.capacity = capacity->second;
  service.ids.insert(at, instance);
  service.known.insert(service.known.begin() + place, known);
  if (!service.reports.empty()) service.reports.insert(service.reports.begin() + place, Report{});
  if (!service.flows.empty()) service.flows.insert(service.flows.begin() + place, FlowCount{});
  service.last.weights.insert(service.last.weights.begin() + place, 0.0);
  service.last.eligible.insert(service.last.eligible.begin() + place, 0);
  return static_cast<std::size_t>(place);
}

std::size_t Selector::place(std::size_t service, const InstanceId& instance, std::optional<double> capacity) {
  Service& s = services_.at(service);
  const std::size_t place = place_of(s, instance);
  if (capacity) s.known[place].capacity = *capacity;
  return place;
}

bool Selector::heard(Service& service, std::size_t place, std::optional<Instant> window_end, Instant now) {
  Known& known = service.known[place];
  const bool is_new = !known.announced;
  known.has_earlier = !is_new;
  known.earlier = known.born;
  known.born = std::min(window_end.value_or(now), now);
  known.number = ++service.report_count;
  known.announced = true;
  if (is_new) service.others = true;
  if (!is_new && !service.flows.empty()) service.flows[place].forget_before(known.earlier);
  service.expiry_known = false;
  return is_new;
}

bool Selector::learn_load(std::size_t service, std::size_t place, const LoadReport& report, Instant now) {
  Service& s = services_.at(service);
  Known& known = s.known[place];
  known.load = report.load.value_or(0);
  known.has_load = report.load.has_value();
  return heard(s, place, report.window_end, now);
}

bool Selector::forget(std::size_t service, std::size_t place) {
  Service& s = services_.at(service);
  Known& known = s.known[place];
  if (!known.announced) return false;
  known.announced = false;
  s.last.weights[place] = 0;
  s.last.eligible[place] = 0;
  s.others = true;
  s.expiry_known = false;
  return true;
}

void Selector::flows_sent_to(std::size_t service, std::size_t place, double total, Instant now) {
  Service& s = services_.at(service);
  if (s.flows.empty()) s.flows.resize(s.ids.size());
  s.flows[place].sample(total, now);
}

Selector::Weights Selector::weigh(std::size_t service, Instant now) {
  ask(service, now);
  commit(service, now);
  return {services_[service].last.weights, services_[service].last.kernel_multipath};
}

std::optional<Selector::Weights> Selector::reweigh(std::size_t service, Instant now, double least_move) {
  ask(service, now);
  if (!moved(services_[service], least_move)) return std::nullopt;
  commit(service, now);
  return Weights{services_[service].last.weights, services_[service].last.kernel_multipath};
}

}  // namespace cats::cpsel
