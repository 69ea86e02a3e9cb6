#include "emulator/roles/ingress_agent.h"

#include <algorithm>
#include <csignal>

#include <boost/asio/post.hpp>

#include "emulator/kernel/slots.h"
#include "emulator/roles/decision_event.h"

namespace cats::roles {
namespace {

std::vector<PathTable::Service> path_services(const IngressConfig& config) {
  std::vector<PathTable::Service> services;
  for (const auto& service : config.services) services.push_back({service.cs_id, service.key_by_path});
  return services;
}

std::vector<IpAddress> cs_ids(const IngressConfig& config) {
  std::vector<IpAddress> all;
  for (const auto& service : config.services) all.push_back(service.cs_id);
  return all;
}

}  // namespace

IngressAgent::IngressAgent(const IngressConfig& config)
    : config_(config),
      namespace_(kernel::Namespace::current(config.node)),
      log_(config.events, config.node, clock_),
      selector_(config.seed, id_before(clock_.now())),
      paths_(path_services(config)),
      tunnels_(config, namespace_),
      last_refined_(id_before(clock_.now())) {
  if (config_.session_timers) kernel::set_conntrack_timeouts(namespace_, *config_.session_timers);
  for (const auto& service : config_.services) {
    cpsel::ServiceSettings settings{service.cs_id.str(), service.steer_by, service.age_limit, {}};
    for (const auto& instance : service.instances) settings.capacities[{instance.csci, 0}] = instance.capacity;
    const std::size_t index = services_.size();
    services_.push_back({.selection = {service.algorithm, service.library, service.parameters},
                         .info = {},
                         .failure = {},
                         .local = {},
                         .last = {},
                         .order = {},
                         .refresh = std::make_unique<boost::asio::steady_timer>(io_)});
    Made made = make(index, services_.back().selection);
    services_.back().info = made.info;
    selector_.add_service(std::move(settings), made.info, std::move(made.algorithm));
  }
  auto table = kernel::make_nft_flow_table(namespace_, cs_ids(config_), {config_.slots, config_.conntrack});
  flow_writer_ =
      std::make_unique<FlowWriter>(io_, std::move(table), config_.services.size(), [this](const FlowWrite& write) {
        log_.write_at(write.acked, "route_installed",
                      {{"decision", write.decision}, {"acked_ns", to_ns(write.acked)}, {"changed", write.changed}});
      });
  const auto all = cs_ids(config_);
  sessions_ = std::make_unique<SessionWatch>(io_, log_, namespace_, std::set<IpAddress>(all.begin(), all.end()),
                                             [this](std::uint32_t mark) { return tunnels_.instance_of(mark); });
  bgp::SpeakerCallbacks callbacks;
  callbacks.on_state = [this](bgp::SessionState state, const std::string& why) { on_state(state, why); };
  callbacks.on_update = [this](Instant received, const bgp::DecodedUpdate& update, bgp::ByteView) {
    on_update(received, update);
  };
  speaker_ = std::make_unique<bgp::Speaker>(io_, speaker_config(), std::move(callbacks));
  control_ = std::make_unique<control::Server>(io_, config_.control);
  add_commands();
  if (!config_.rest) return;
  tokens_ = config_.rest->read_tokens();
  http::ServerConfig rest;
  rest.max_connections = 100;
  rest.tls = config_.rest->tls();
  rest.on_refused = log_refusals(log_);
  rest_ = std::make_unique<http::Server>(
      io_, [this](const http::Request& request, const http::Reply& reply) { handle_rest(request, reply); },
      std::move(rest));
  rest_->listen(config_.rest->address, config_.rest->port);
}

void IngressAgent::run() {
  for (const int number : {SIGTERM, SIGINT}) signals_.add(number);
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (!error) stop();
  });
  speaker_->start();
  for (std::size_t i = 0; i < services_.size(); ++i) arm_refresh(i);
  io_.run();
}

void IngressAgent::stop() {
  if (std::exchange(stopping_, true)) return;
  control_->close();
  if (rest_) rest_->close();
  sessions_->stop();
  age_timer_.cancel();
  blind_timer_.cancel();
  controller_timer_.cancel();
  for (Service& service : services_) service.refresh->cancel();
  signals_.cancel();
  speaker_->close("catsd stops", std::chrono::seconds(1), [this] { io_.stop(); });
}

bgp::SpeakerConfig IngressAgent::speaker_config() const {
  bgp::SpeakerConfig speaker;
  speaker.peer_address = config_.bgp.peer_address;
  speaker.local_address = config_.bgp.local_address;
  speaker.port = config_.bgp.peer_port;
  speaker.tcp.freebind = true;
  bgp::SessionConfig& session = speaker.session;
  session.local_as = session.peer_as = config_.bgp.as;
  session.router_id = config_.bgp.router_id;
  session.hold_time = std::chrono::seconds(config_.bgp.hold_time_s);
  session.codes = config_.codes;
  session.edge_metadata_capability = config_.bgp.standard;
  session.families.clear();
  for (const auto& service : config_.services) {
    const bgp::Family family = service.cs_id.is_v6() ? bgp::ipv6_unicast : bgp::ipv4_unicast;
    if (std::find(session.families.begin(), session.families.end(), family) != session.families.end()) continue;
    session.families.push_back(family);
    session.add_path.push_back({family, bgp::AddPathCapability::receive});
  }
  return speaker;
}

void IngressAgent::on_state(bgp::SessionState state, const std::string& why) {
  log_.write("bgp_state", {{"peer", config_.bgp.peer_address.str()}, {"state", to_string(state)}, {"why", why}});
  if (state == bgp::SessionState::established || stopping_) return;
  const Instant now = clock_.now();
  for (const PathChange& change : paths_.clear()) withdrawn(now, change);
}

void IngressAgent::on_update(Instant received, const bgp::DecodedUpdate& update) {
  for (const PathChange& change : paths_.apply(update)) {
    if (change.kind == PathChange::Kind::announced)
      announced(received, change, update.update.attributes);
    else
      withdrawn(received, change);
  }
}

void IngressAgent::announced(Instant received, const PathChange& change, const bgp::PathAttributes& attributes) {
  const std::string source = change.instance.str();
  collectors::MetricReport report;
  if (attributes.edge_metadata) report = collectors::from_edge_metadata(attributes.edge_metadata->metadata, wall_);
  std::optional<std::uint32_t> sequence;
  std::optional<Instant> window_end;
  if (report.stamp) {
    sequence = report.stamp->sequence;
    window_end = report.stamp->window_end;
  }
  if (attributes.edge_metadata)
    log_.write_at(received, "metric_received",
                  {{"source", source},
                   {"via", "bgp"},
                   {"seq", or_null(sequence)},
                   {"path", change.path_id},
                   {"values", report.values},
                   {"known", or_null(report.known)},
                   {"window_end", or_null(window_end)}});
  const auto [tunnel, is_new] = tunnels_.announced(change.service, change.instance, service_sid(attributes));
  if (is_new)
    log_.write("tunnel", {{"instance", source},
                          {"sid", tunnel.sid ? nlohmann::ordered_json(tunnel.sid->str()) : nullptr},
                          {"learnt", tunnel.sid ? (tunnel.learnt ? "route" : "configuration") : "nowhere"},
                          {"mark", tunnel.mark},
                          {"table", tunnel.table}});
  if (!tunnel.sid) return;  // nothing could be steered to it
  const auto decision =
      selector_.received(change.service, change.instance,
                         {std::move(report.values), sequence, window_end, change.path_id, tunnel.sid->str()}, received);
  if (decision) apply(*decision);
}

void IngressAgent::withdrawn(Instant received, const PathChange& change) {
  log_.write_at(received, "route_withdrawn", {{"source", change.instance.str()}, {"path", change.path_id}});
  if (!change.last) return;
  if (const auto decision = selector_.withdrawn(change.service, change.instance, received)) apply(*decision);
}

std::uint64_t IngressAgent::apply(const cpsel::Decision& decision, std::function<void()> in_force) {
  services_[decision.service].local = decision;
  if (config_.cps == IngressConfig::Cps::controller) return carry_out(decision.service, std::move(in_force));
  arm_age_timer();
  return decide(decision.service, std::move(in_force));
}

std::uint64_t IngressAgent::decide(std::size_t service, std::function<void()> in_force) {
  Service& s = services_[service];
  s.last = config_.cps == IngressConfig::Cps::split ? refined(service) : s.local;
  log_.write_object("decision", decision_text(s.last));
  flow_writer_->submit(service, s.last.id, marks_of(s.last), std::move(in_force));
  return s.last.id;
}

std::vector<std::uint32_t> IngressAgent::marks_of(const cpsel::Decision& decision) const {
  std::vector<std::uint32_t> marks(config_.slots, 0);
  const auto slots = kernel::smooth_slots(decision.weights, config_.slots);
  for (std::size_t i = 0; i < marks.size(); ++i)
    if (slots[i]) marks[i] = tunnels_.find(decision.service, decision.inputs[*slots[i]].instance)->mark;
  return marks;
}

void IngressAgent::arm_age_timer() {
  const auto due = selector_.next_tick();
  if (!due || stopping_) {
    age_timer_.cancel();
    return;
  }
  age_timer_.expires_at(*due);
  age_timer_.async_wait([this](boost::system::error_code error) {
    if (error || stopping_) return;
    for (const cpsel::Decision& decision : selector_.tick(clock_.now())) apply(decision);
  });
}

int run_ingress(const IngressConfig& config) {
  IngressAgent agent(config);
  agent.run();
  return 0;
}

}  // namespace cats::roles
