#include "cpsel/ingress_selection.h"

#include <algorithm>
#include <utility>

#include "base/argument.h"
#include "cpsel/decision_json.h"
#include "cpsel/refine.h"
#include "cpsel/slots.h"

namespace cats::cpsel {

IngressSelection::IngressSelection(Scheduler& scheduler, EventLog& log, Config config, Wiring wiring)
    : scheduler_(scheduler),
      log_(log),
      cps_(config.cps),
      controller_timeout_(config.controller_timeout),
      slots_(config.slots),
      wiring_(std::move(wiring)),
      selector_(config.seed, id_before(scheduler.now())),
      last_refined_(id_before(scheduler.now())),
      age_timer_(scheduler.make_timer()),
      controller_timer_(scheduler.make_timer()),
      blind_timer_(scheduler.make_timer()),
      flow_counts_(
          scheduler, config.services.size(),
          [this](std::size_t service, const FlowCountReader::Counted& counted) {
            wiring_.read_flows(service, [this, service, counted](const Flows& flows) {
              if (!stopped_) counted(by_instance(service, flows));
            });
          },
          [this](std::size_t service, const FlowCounts& counts) { refresh(service, counts); }) {
  for (Service& service : config.services) {
    ServiceSettings settings{service.cs_id.str(), service.steer_by, service.age_limit, std::move(service.capacities)};
    const std::size_t index = services_.size();
    services_.push_back({.cs_id = service.cs_id, .algorithm = service.algorithm});
    MadeAlgorithm made = make(index, service.algorithm);
    services_.back().info = made.info;
    selector_.add_service(std::move(settings), made.info, std::move(made.algorithm));
  }
}

IngressSelection::~IngressSelection() { stop(); }

void IngressSelection::start() {
  for (std::size_t i = 0; i < services_.size(); ++i)
    flow_counts_.every(i, refresh_interval(services_[i].algorithm, services_[i].info));
}

void IngressSelection::stop() {
  stopped_ = true;
  age_timer_->cancel();
  controller_timer_->cancel();
  blind_timer_->cancel();
  flow_counts_.stop();
}

MadeAlgorithm IngressSelection::make(std::size_t service, const ChosenAlgorithm& chosen) {
  return wiring_.make(chosen, [this, service](const std::string& why) { algorithm_failed(service, why); });
}

void IngressSelection::select(std::size_t service, ChosenAlgorithm chosen,
                              std::function<void(std::uint64_t decision)> in_force) {
  MadeAlgorithm made = make(service, chosen);
  // What leaves flows to the router is no C-PS that could have a fault.
  if (faulty_ && chosen.name != "ecmp") made.algorithm = faulty_(service, std::move(made.algorithm));
  ServiceState& s = services_[service];
  s.algorithm = std::move(chosen);
  s.info = made.info;
  s.failure.reset();
  const auto decision = selector_.set_algorithm(service, made.info, std::move(made.algorithm), scheduler_.now());
  const auto told = std::make_shared<std::uint64_t>(0);
  *told = apply(decision, [in_force = std::move(in_force), told] { in_force(*told); });
  flow_counts_.every(service, refresh_interval(s.algorithm, s.info));
}

void IngressSelection::algorithm_failed(std::size_t service, const std::string& reason) {
  services_[service].failure = reason;
  log_.write("algorithm_failed", {{"service", services_[service].cs_id.str()},
                                  {"algorithm", services_[service].algorithm.name},
                                  {"reason", reason}});
}

void IngressSelection::received(std::size_t service, const InstanceId& instance, Report report, Instant when) {
  if (const auto decision = selector_.received(service, instance, std::move(report), when)) apply(*decision);
}

void IngressSelection::withdrawn(std::size_t service, const InstanceId& instance, Instant when) {
  if (const auto decision = selector_.withdrawn(service, instance, when)) apply(*decision);
}

std::uint64_t IngressSelection::apply(const Decision& decision, std::function<void()> in_force) {
  services_[decision.service].local = decision;
  if (cps_ == IngressCps::controller) return carry_out(decision.service, std::move(in_force));
  arm_age_timer();
  return decide(decision.service, std::move(in_force));
}

std::uint64_t IngressSelection::decide(std::size_t service, std::function<void()> in_force) {
  ServiceState& s = services_[service];
  s.last = cps_ == IngressCps::split ? refined(service) : s.local;
  log_.write_object("decision", decision_text(s.last));
  submit(service, std::move(in_force));
  return s.last.id;
}

void IngressSelection::submit(std::size_t service, std::function<void()> in_force) {
  const Decision& decision = services_[service].last;
  std::vector<std::uint32_t> marks(slots_, 0);
  const auto slots = smooth_slots(decision.weights, slots_);
  for (std::size_t i = 0; i < marks.size(); ++i)
    if (slots[i]) marks[i] = wiring_.tunnel(service, decision.inputs[*slots[i]].instance).value().mark;
  wiring_.submit(service, decision.id, std::move(marks), std::move(in_force));
}

void IngressSelection::arm_age_timer() {
  const auto due = selector_.next_tick();
  if (!due || stopped_) return age_timer_->cancel();
  age_timer_->at(*due, [this] {
    for (const Decision& decision : selector_.tick(scheduler_.now())) apply(decision);
  });
}

FlowCounts IngressSelection::by_instance(std::size_t service, const Flows& flows) const {
  FlowCounts counts;
  for (const DecisionInput& input : services_[service].local.inputs) {
    const auto tunnel = wiring_.tunnel(service, input.instance);
    const auto count = tunnel ? flows.find(tunnel->mark) : flows.end();
    if (count != flows.end()) counts[input.instance] = static_cast<double>(count->second);
  }
  return counts;
}

void IngressSelection::refresh(std::size_t service, const FlowCounts& counts) {
  const Instant now = scheduler_.now();
  for (const auto& [instance, total] : counts) selector_.flows_sent(service, instance, total, now);
  const auto decision = selector_.refresh(service, now);
  if (!decision) return;
  // While a controller sends candidates, they and the metrics decide: not what would be chosen here alone.
  if (cps_ == IngressCps::split && controller_up_)
    services_[service].local = *decision;
  else
    apply(*decision);
}

void IngressSelection::order(std::size_t service, OrderedWeights order, Instant received, Ordered done) {
  ServiceState& s = services_[service];
  controller_heard();
  if (s.ordered && s.ordered_acked && s.ordered->decision == order.decision && s.ordered->weights == order.weights)
    return done(order.decision, *s.ordered_acked);
  log_.write_at(received, "order_received", {{"service", s.cs_id.str()}, {"decision", order.decision}});
  s.ordered = std::move(order);
  s.ordered_acked.reset();
  const auto in_force = [this, service, done = std::move(done), decision = s.ordered->decision] {
    const Instant acked = scheduler_.now();
    if (services_[service].ordered->decision == decision) services_[service].ordered_acked = acked;
    done(decision, acked);
  };
  if (cps_ == IngressCps::controller)
    carry_out(service, in_force);
  else
    decide(service, in_force);
}

// The order, as far as its instances are announced: what is gone gets no new flow, and the others share.
std::uint64_t IngressSelection::carry_out(std::size_t service, std::function<void()> in_force) {
  ServiceState& s = services_[service];
  s.last = s.local;
  std::ranges::fill(s.last.weights, 0.0);
  if (!s.ordered) {
    if (in_force) in_force();
    return 0;
  }
  s.last.service = service;
  s.last.id = s.ordered->decision;
  double sum = 0;
  for (std::size_t i = 0; i < s.last.inputs.size(); ++i) {
    const auto weight = s.ordered->weights.find(s.last.inputs[i].instance.csci);
    if (weight == s.ordered->weights.end()) continue;
    s.last.weights[i] = weight->second;
    sum += weight->second;
  }
  if (sum > 0)
    for (double& weight : s.last.weights) weight /= sum;
  submit(service, std::move(in_force));
  return s.last.id;
}

// The controller's candidate weights and what is known here; without the controller, what is known here alone.
Decision IngressSelection::refined(std::size_t service) {
  const ServiceState& s = services_[service];
  Decision decision = s.local;
  decision.service = service;
  decision.service_name = s.cs_id.str();
  decision.id = ++last_refined_;
  decision.when = scheduler_.now();
  if (s.local.kernel_multipath || faulty_) return decision;
  if (!controller_up_ || !s.ordered) {
    decision.note = "no controller";
    return decision;
  }
  std::vector<double> candidate(decision.inputs.size(), 0.0);
  for (std::size_t i = 0; i < candidate.size(); ++i) {
    DecisionInput& input = decision.inputs[i];
    if (const auto weight = s.ordered->weights.find(input.instance.csci); weight != s.ordered->weights.end())
      candidate[i] = weight->second;
    const auto sample = s.ordered->samples.find(input.instance.csci);
    if (sample == s.ordered->samples.end()) continue;
    input.sequence = sample->second.sequence;
    input.window_end = sample->second.window_end;
    input.age = decision.when - sample->second.window_end;
  }
  decision.weights = refine(candidate, s.local, !s.info.ignores_metrics);
  decision.note = fmt::format("candidate {}", s.ordered->decision);
  return decision;
}

void IngressSelection::controller_heard() {
  if (cps_ != IngressCps::split) return;
  if (!std::exchange(controller_up_, true)) log_.write("controller_state", {{"up", true}, {"why", "an order came"}});
  if (stopped_) return;
  controller_timer_->at(scheduler_.now() + controller_timeout_, [this] { controller_lost(); });
}

void IngressSelection::controller_lost() {
  controller_up_ = false;
  log_.write("controller_state",
             {{"up", false}, {"why", fmt::format("no order for {:g} s", to_seconds(controller_timeout_))}});
  for (std::size_t i = 0; i < services_.size(); ++i) decide(i);
}

std::size_t IngressSelection::service_argument(const nlohmann::json& request) const {
  const auto name = argument<std::string>(request, "service");
  const auto address = IpAddress::parse(name);
  std::string known;
  for (std::size_t i = 0; i < services_.size(); ++i) {
    if (address && services_[i].cs_id == *address) return i;
    known += (known.empty() ? "" : ", ") + services_[i].cs_id.str();
  }
  throw UsageError(fmt::format("no service {}; there are {}", name, known));
}

nlohmann::ordered_json IngressSelection::status() const {
  auto services = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < services_.size(); ++i) services.push_back(service_status(i));
  return {{"controller", controller_up_ ? "up" : "down"}, {"fault", fault_}, {"services", std::move(services)}};
}

nlohmann::ordered_json IngressSelection::service_status(std::size_t service) const {
  const ServiceState& s = services_[service];
  auto instances = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < s.last.inputs.size(); ++i) {
    const DecisionInput& input = s.last.inputs[i];
    const Report* report = selector_.report(service, input.instance);
    const auto tunnel = wiring_.tunnel(service, input.instance);
    if (report == nullptr || !tunnel) continue;
    instances.push_back({{"csci", input.instance.str()},
                         {"path", report->path_id},
                         {"seq", or_null(report->sequence)},
                         {"values", report->values},
                         {"sid", report->sid},
                         {"sid_learnt", tunnel->learnt ? "route" : "configuration"},
                         {"mark", tunnel->mark},
                         {"eligible", input.eligible},
                         {"weight", s.last.weights[i]}});
  }
  return {{"cs_id", s.cs_id.str()},        {"algorithm", s.algorithm.name}, {"parameters", s.algorithm.parameters},
          {"failure", or_null(s.failure)}, {"decision", s.last.id},         {"instances", std::move(instances)}};
}

}  // namespace cats::cpsel
