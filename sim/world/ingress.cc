#include "sim/world/ingress.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "bgp/session.h"
#include "cpsel/metric_log.h"

namespace cats::sim {

Ingress::Ingress(Scheduler& scheduler, EventLog& log, Config config, Wiring wiring)
    : scheduler_(scheduler),
      log_(log),
      config_(std::move(config)),
      wiring_(std::move(wiring)),
      table_(table_config(config_)),
      routes_(config_.services.size()),
      hash_seed_(RandomStream(config_.seed, "multipath/" + config_.node).bits()) {
  for (std::size_t i = 0; i < config_.services.size(); ++i)
    for (const Instance& instance : config_.services[i].instances) {
      places_[instance.site] = {i, &instance};
      by_mark_[instance.mark] = &instance;
    }
}

Ingress::~Ingress() = default;

FlowTable::Config Ingress::table_config(const Config& config) {
  return {.services = config.services.size(),
          .slots = config.slots,
          .conntrack = config.conntrack,
          .session_timer = config.session_timer};
}

cpsel::IngressSelection::Wiring Ingress::selection_wiring() {
  return {
      .make = wiring_.make,
      .tunnel = [this](std::size_t service,
                       const cpsel::InstanceId& id) -> std::optional<cpsel::IngressSelection::Tunnel> {
        const auto& instances = config_.services[service].instances;
        const auto found = std::ranges::find(instances, id.csci, &Instance::csci);
        if (found == instances.end()) return std::nullopt;
        return cpsel::IngressSelection::Tunnel{found->mark, false};
      },
      .submit =
          [this](std::size_t service, std::uint64_t decision, std::vector<std::uint32_t> marks,
                 std::function<void()> in_force) { submit(service, decision, std::move(marks), std::move(in_force)); },
      .read_flows =
          [this](std::size_t service, const std::function<void(const cpsel::IngressSelection::Flows&)>& counted) {
            counted(table_.flows(service));
          }};
}

void Ingress::start() {
  if (running()) return;
  table_.make_anew();
  routes_are_old_ = true;
  write_timer_ = scheduler_.make_timer();
  watch_timer_ = scheduler_.make_timer();
  patience_ = std::make_unique<Patience>(scheduler_);
  changes_ = std::make_unique<cpsel::SessionChanges>(log_, [this](std::uint32_t mark) { return instance_of(mark); });
  selection_ = std::make_unique<cpsel::IngressSelection>(scheduler_, log_, cpsel::IngressSelection::Config::of(config_),
                                                         selection_wiring());
  deciding_ = std::make_unique<Lag>(scheduler_, config_.deciding);
  if (session_up_) log_session("");
  selection_->start();
}

void Ingress::stop() {
  deciding_.reset();
  selection_.reset();
  changes_.reset();
  patience_.reset();
  watch_timer_.reset();
  write_timer_.reset();
  waiting_.clear();
  writing_.clear();
  paths_.clear();
  watch_interval_ = Duration(0);
  bad_hash_ = false;
  session_up_ = false;
  sessions_ = 0;
  updates_ = 0;
}

void Ingress::log_session(const char* why) {
  const auto state = session_up_ ? bgp::SessionState::established : bgp::SessionState::idle;
  if (session_up_) ++sessions_;
  log_.write("bgp_state", {{"peer", config_.bgp_peer.str()}, {"state", bgp::to_string(state)}, {"why", why}});
}

void Ingress::session(bool up) {
  if (std::exchange(session_up_, up) == up || !running()) return;
  log_session(up ? "" : "connection lost");
  if (up) routes_are_old_ = true;
  while (!up && !paths_.empty()) withdraw(paths_.begin()->first);
}

void Ingress::heard(std::size_t site, const collectors::MetricReport* report, std::uint32_t path_id) {
  const auto& [service, instance] = places_.at(site);
  if (std::exchange(routes_are_old_, false))
    for (auto& sites : routes_) sites.clear();
  std::vector<std::size_t>& sites = routes_[service];
  const auto place = std::ranges::lower_bound(sites, site);
  if (place == sites.end() || *place != site) sites.insert(place, site);
  if (!running()) return;
  ++updates_;
  paths_[site] = path_id;
  const Instant now = scheduler_.now();
  cpsel::Report known{{}, {}, {}, path_id, instance->sid.str()};
  if (report != nullptr) {
    known.values = report->values;
    if (report->stamp) {
      known.sequence = report->stamp->sequence;
      known.window_end = report->stamp->window_end;
    }
    cpsel::log_metric_received(log_, now, instance->csci, "bgp", known, report->known);
  }
  deciding_->then([this, service = service, id = cpsel::InstanceId{instance->csci, 0}, known = std::move(known)] {
    selection_->received(service, id, known, scheduler_.now());
  });
}

void Ingress::withdrawn(std::size_t site) {
  std::erase(routes_[places_.at(site).service], site);
  if (!running() || !paths_.contains(site)) return;
  ++updates_;
  withdraw(site);
}

void Ingress::withdraw(std::size_t site) {
  const auto& [service, instance] = places_.at(site);
  const Instant now = scheduler_.now();
  log_.write_at(now, "route_withdrawn", {{"source", instance->csci.str()}, {"path", paths_.at(site)}});
  paths_.erase(site);
  deciding_->then([this, service = service, id = cpsel::InstanceId{instance->csci, 0}] {
    selection_->withdrawn(service, id, scheduler_.now());
  });
}

std::optional<std::size_t> Ingress::steer(const FlowTuple& tuple) {
  const auto service = find(tuple.destination);
  if (!service) return std::nullopt;
  if (const std::uint32_t mark = table_.mark(*service, tuple, scheduler_.now()); mark != 0)
    return by_mark_.at(mark)->site;
  const std::vector<std::size_t>& sites = routes_[*service];
  if (sites.empty()) return std::nullopt;
  const std::uint64_t hash = flow_hash(tuple, hash_seed_, hash_has_ports_) >> 32;
  return sites[(hash * sites.size()) >> 32];
}

void Ingress::closed(const FlowTuple& tuple) { table_.closed(tuple, scheduler_.now()); }

void Ingress::order(const cpsel::OrderedWeights& order, const Ordered& done) {
  if (!running()) return done(fail("{}: Connection refused", config_.node));
  const auto service = find(order.service);
  if (!service) return done(fail("no such service: {}", order.service));
  if (config_.cps == cpsel::IngressCps::ingress)
    return done(fail("this ingress chooses by itself: it takes no orders"));
  selection_->order(*service, order, scheduler_.now(), [done](std::uint64_t, Instant acked) { done(acked); });
}

Expected<cpsel::RouterFlowCounts::Said> Ingress::flows(const IpAddress& cs_id) const {
  if (!running()) return fail("{}: Connection refused", config_.node);
  const auto service = find(cs_id);
  if (!service) return fail("no such service: {}", cs_id);
  cpsel::RouterFlowCounts::Said said;
  for (const auto& [instance, count] : selection_->by_instance(*service, table_.flows(*service)))
    said[instance.csci] = count;
  return said;
}

std::optional<std::size_t> Ingress::find(const IpAddress& cs_id) const {
  const auto found = std::ranges::find(config_.services, cs_id, &Service::cs_id);
  if (found == config_.services.end()) return std::nullopt;
  return static_cast<std::size_t>(found - config_.services.begin());
}

const Ingress::Instance* Ingress::with_mark(std::uint32_t mark) const {
  const auto found = by_mark_.find(mark);
  return found == by_mark_.end() ? nullptr : found->second;
}

std::string Ingress::instance_of(std::uint32_t mark) const {
  const Instance* instance = with_mark(mark);
  return instance == nullptr ? "" : instance->csci.str();
}

void Ingress::submit(std::size_t service, std::uint64_t decision, std::vector<std::uint32_t> marks,
                     std::function<void()> in_force) {
  Write& write = waiting_[service];
  write.decision = decision;
  write.marks = std::move(marks);
  if (in_force) write.in_force.push_back(std::move(in_force));
  if (writing_.empty()) start_writing();
}

void Ingress::start_writing() {
  writing_ = std::exchange(waiting_, {});
  write_timer_->at(scheduler_.now() + config_.programming, [this] { written(); });
}

void Ingress::written() {
  const Instant now = scheduler_.now();
  const auto writes = std::exchange(writing_, {});
  for (const auto& [service, write] : writes) {
    const std::size_t changed = table_.set_slots(service, write.marks);
    log_.write_at(now, "route_installed",
                  {{"decision", write.decision}, {"acked_ns", to_ns(now)}, {"changed", changed}});
    for (const auto& in_force : write.in_force) in_force();
  }
  if (!waiting_.empty() && writing_.empty()) start_writing();
}

}  // namespace cats::sim
