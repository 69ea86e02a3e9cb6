#include "cpsel/selector.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cats::cpsel {
namespace {

const Values kNoValues;

}  // namespace

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
  const std::size_t place = place_of(s, instance);
  s.reports.resize(s.ids.size());
  Report& last = s.reports[place];
  Known& known = s.known[place];
  const bool tells_more = !known.announced || last.values != report.values || last.sequence != report.sequence ||
                          last.window_end != report.window_end;
  last = std::move(report);
  if (!tells_more) return false;
  const auto load = load_of(s.settings.steer_by, last.values, known.capacity);
  known.load = load.value_or(0);
  known.has_load = load.has_value();
  heard(s, place, last.window_end, now);
  return true;
}

std::optional<Decision> Selector::withdrawn(std::size_t service, const InstanceId& instance, Instant now) {
  const auto place = find(services_.at(service), instance);
  if (!place || !forget(service, *place)) return std::nullopt;
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
  flows_sent_to(service, place_of(services_.at(service), instance), total, now);
}

std::optional<Decision> Selector::refresh(std::size_t service, Instant now) {
  if (!reweigh(service, now)) return std::nullopt;
  return decision(service, now);
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
  const Service& s = services_.at(service);
  const auto place = find(s, instance);
  return place && s.known[*place].announced && *place < s.reports.size() ? &s.reports[*place] : nullptr;
}

// The first instant at which an instance that was young enough in the last decision no longer is.
std::optional<Instant> Selector::next_expiry(const Service& service) {
  if (!service.settings.age_limit) return std::nullopt;
  if (service.expiry_known) return service.last.expiry;
  std::optional<Instant> first;
  for (const Known& known : service.known) {
    const Instant end = known.born + *service.settings.age_limit + Duration(1);
    if (!known.announced || (service.last_decision && end <= *service.last_decision)) continue;
    if (!first || end < *first) first = end;
  }
  return first;
}

// New flows since the last report, and between the last two.
void Selector::fill_flows(const Service& service, std::size_t place, Candidate& candidate) {
  candidate.flows_since_report = candidate.flows_before_report = 0;
  if (service.flows.empty()) return;
  const Known& known = service.known[place];
  const FlowCount& flows = service.flows[place];
  candidate.flows_since_report = flows.since(known.born);
  if (known.has_earlier) candidate.flows_before_report = flows.since(known.earlier) - *candidate.flows_since_report;
}

// Of the eligible, into candidates_ and places_; and who they are, and when the first will be too old, into answer_.
std::span<const Candidate> Selector::candidates(Service& service, Instant now) {
  const std::optional<Duration> limit = service.settings.age_limit;
  const std::size_t size = service.known.size();
  const std::size_t reports = service.reports.size();
  if (candidates_.size() < size) candidates_.resize(size);
  if (places_.size() < size) places_.resize(size);
  answer_.eligible.assign(size, 0);
  answer_.expiry.reset();
  std::size_t count = 0;
  for (std::size_t place = 0; place < size; ++place) {
    const Known& known = service.known[place];
    if (!known.announced) continue;
    const Duration age = std::max(now - known.born, Duration(0));
    if (limit) {
      if (age > *limit) continue;
      const Instant end = known.born + *limit + Duration(1);
      if (!answer_.expiry || end < *answer_.expiry) answer_.expiry = end;
    }
    if (!known.has_load && !service.ignores_metrics) continue;
    answer_.eligible[place] = 1;
    Candidate& candidate = candidates_[count];
    candidate.id = service.ids[place];
    candidate.load = known.load;
    candidate.metrics = place < reports ? &service.reports[place].values : &kNoValues;
    candidate.age = age;
    candidate.capacity = known.capacity;
    candidate.last_weight = service.last.weights[place];
    candidate.report = known.number;
    if (service.needs_flow_counts) {
      fill_flows(service, place, candidate);
    } else {
      candidate.flows_since_report.reset();
      candidate.flows_before_report.reset();
    }
    places_[count++] = place;
  }
  return std::span(candidates_).first(count);
}

void Selector::ask(std::size_t index, Instant now) {
  Service& service = services_.at(index);
  const std::span<const Candidate> eligible = candidates(service, now);
  answer_.weights.assign(service.known.size(), 0.0);
  answer_.kernel_multipath = false;
  answer_.note.clear();
  if (eligible.empty()) return;
  Snapshot snapshot{.candidates = eligible,
                    .dt = service.last_call ? now - *service.last_call : Duration(0),
                    .random = service.random};
  if (service.needs_flow_counts) {
    snapshot.arrivals = 0;
    for (FlowCount& flows : service.flows) *snapshot.arrivals += flows.take_new();
  }
  service.last_call = now;
  Choice choice = service.algorithm->choose(snapshot);
  answer_.kernel_multipath = choice.kernel_multipath;
  answer_.note = std::move(choice.note);
  if (!choice.kernel_multipath)
    for (std::size_t i = 0; i < eligible.size(); ++i) answer_.weights[places_[i]] = choice.weights.at(i);
}

bool Selector::moved(const Service& service, double least_move) const {
  const auto near = [least_move](double a, double b) { return std::abs(a - b) < least_move; };
  return !service.last_decision || service.others || service.last.kernel_multipath != answer_.kernel_multipath ||
         service.last.eligible != answer_.eligible || !std::ranges::equal(service.last.weights, answer_.weights, near);
}

void Selector::commit(std::size_t index, Instant now) {
  Service& service = services_[index];
  ++last_id_;
  std::swap(service.last, answer_);
  service.last_decision = now;
  service.others = false;
  service.expiry_known = true;
}

Decision Selector::decision(std::size_t index, Instant now) const {
  const Service& s = services_[index];
  Decision decision{.id = last_id_,
                    .service = index,
                    .service_name = s.settings.name,
                    .algorithm = s.algorithm_name,
                    .when = now,
                    .inputs = {},
                    .weights = {},
                    .kernel_multipath = s.last.kernel_multipath,
                    .note = s.last.note};
  for (std::size_t place = 0; place < s.known.size(); ++place) {
    const Known& known = s.known[place];
    if (!known.announced) continue;
    DecisionInput input{.instance = s.ids[place],
                        .sequence = {},
                        .age = std::max(now - known.born, Duration(0)),
                        .load = known.has_load ? std::optional(known.load) : std::nullopt,
                        .window_end = {},
                        .eligible = s.last.eligible[place] != 0};
    if (place < s.reports.size()) {
      input.sequence = s.reports[place].sequence;
      input.window_end = s.reports[place].window_end;
    }
    decision.inputs.push_back(input);
    decision.weights.push_back(s.last.weights[place]);
  }
  return decision;
}

}  // namespace cats::cpsel
