#include "cpsel/controller_selection.h"

#include <utility>

#include "cpsel/decision_json.h"

namespace cats::cpsel {

using nlohmann::ordered_json;

ControllerSelection::ControllerSelection(Scheduler& scheduler, EventLog& log, Config config, Wiring wiring)
    : scheduler_(scheduler),
      log_(log),
      config_(std::move(config)),
      wiring_(std::move(wiring)),
      selector_(config_.seed, id_before(scheduler.now())),
      age_timer_(scheduler.make_timer()),
      flow_counts_(
          scheduler, config_.services.size(),
          [this](std::size_t service, FlowCountReader::Counted counted) {
            wiring_.read_flows(service, std::move(counted));
          },
          [this](std::size_t service, const FlowCounts& counts) { refresh(service, counts); }) {
  for (const Service& service : config_.services) {
    ServiceSettings settings{service.cs_id.str(), service.steer_by, service.age_limit, {}};
    for (const Instance& instance : service.instances) settings.capacities[{instance.csci, 0}] = instance.capacity;
    const std::size_t index = states_.size();
    states_.push_back({.algorithm = service.algorithm});
    MadeAlgorithm made = make(index, service.algorithm);
    infos_.push_back(made.info);
    selector_.add_service(std::move(settings), made.info, std::move(made.algorithm));
  }
}

ControllerSelection::~ControllerSelection() { stop(); }

void ControllerSelection::start() {
  for (std::size_t i = 0; i < states_.size(); ++i)
    flow_counts_.every(i, refresh_interval(states_[i].algorithm, infos_[i]));
}

void ControllerSelection::stop() {
  stopped_ = true;
  age_timer_->cancel();
  flow_counts_.stop();
}

MadeAlgorithm ControllerSelection::make(std::size_t service, const ChosenAlgorithm& chosen) {
  return wiring_.make(chosen, [this, service](const std::string& why) {
    states_[service].failure = why;
    log_.write("algorithm_failed", {{"service", config_.services[service].cs_id.str()},
                                    {"algorithm", states_[service].algorithm.name},
                                    {"reason", why}});
  });
}

void ControllerSelection::decide(const std::vector<std::size_t>& services, Instant now) {
  for (const std::size_t service : services) apply(selector_.choose(service, now));
  arm_age_timer();
}

std::uint64_t ControllerSelection::choose(std::size_t service, ChosenAlgorithm algorithm) {
  MadeAlgorithm made = make(service, algorithm);
  states_[service].algorithm = std::move(algorithm);
  states_[service].failure.reset();
  infos_[service] = made.info;
  const auto decision = selector_.set_algorithm(service, made.info, std::move(made.algorithm), scheduler_.now());
  apply(decision);
  arm_age_timer();
  flow_counts_.every(service, refresh_interval(states_[service].algorithm, made.info));
  return decision.id;
}

void ControllerSelection::apply(const Decision& decision) {
  const std::string told = decision_text(decision);
  log_.write_object(config_.candidates ? "candidate" : "decision", told);
  states_[decision.service].last = decision;
  wiring_.decided(decision, told);
}

void ControllerSelection::refresh(std::size_t service, const FlowCounts& counts) {
  const Instant now = scheduler_.now();
  for (const auto& [instance, total] : counts) selector_.flows_sent(service, instance, total, now);
  const auto decision = selector_.refresh(service, now);
  if (!decision) return;
  apply(*decision);
  arm_age_timer();
}

void ControllerSelection::arm_age_timer() {
  const auto due = selector_.next_tick();
  if (!due || stopped_) return;
  age_timer_->at(*due, [this] {
    for (const Decision& decision : selector_.tick(scheduler_.now())) apply(decision);
    arm_age_timer();
  });
}

std::optional<std::size_t> ControllerSelection::find(const IpAddress& cs_id) const {
  for (std::size_t i = 0; i < config_.services.size(); ++i)
    if (config_.services[i].cs_id == cs_id) return i;
  return std::nullopt;
}

ordered_json ControllerSelection::algorithms() const {
  ordered_json all = ordered_json::array();
  for (std::size_t i = 0; i < states_.size(); ++i)
    all.push_back({{"cs_id", config_.services[i].cs_id.str()},
                   {"algorithm", states_[i].algorithm.name},
                   {"failure", or_null(states_[i].failure)}});
  return all;
}

ordered_json ControllerSelection::metrics() const {
  const Instant now = scheduler_.now();
  ordered_json all = ordered_json::array();
  for (std::size_t i = 0; i < config_.services.size(); ++i)
    for (const Instance& instance : config_.services[i].instances) {
      const Report* report = selector_.report(i, {instance.csci, 0});
      ordered_json one{{"csci", instance.csci.str()}, {"node", instance.node}};
      one["sequence"] = report == nullptr ? ordered_json(nullptr) : or_null(report->sequence);
      one["age_ns"] = report == nullptr || !report->window_end ? ordered_json(nullptr)
                                                               : ordered_json((now - *report->window_end).count());
      one["values"] = report == nullptr ? ordered_json(nullptr) : ordered_json(report->values);
      all.push_back(std::move(one));
    }
  return all;
}

ordered_json ControllerSelection::selections(const OrderBook& orders) const {
  ordered_json all = ordered_json::array();
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (!states_[i].last) continue;
    ordered_json one = to_json(*states_[i].last);
    one["in_force"] = orders.having(config_.services[i].cs_id, states_[i].last->id);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace cats::cpsel
