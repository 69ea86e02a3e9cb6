#include "emulator/roles/ingress_agent.h"

#include <algorithm>
#include <csignal>

#include "cpsel/decision_json.h"
#include "cpsel/metric_log.h"

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
      paths_(path_services(config)),
      tunnels_(config, namespace_),
      selection_(scheduler_, log_, cpsel::IngressSelection::Config::of(config), wiring()) {
  if (config_.session_timers) kernel::set_conntrack_timeouts(namespace_, *config_.session_timers);
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
      io_,
      [this](const http::Request& request, const http::Reply& reply) {
        http::admit(request, tokens_, reply, log_refused(log_),
                    [&](const auto& principal, const auto& told) { ask_rest(request, principal, told); });
      },
      std::move(rest));
  rest_->listen(config_.rest->address, config_.rest->port);
}

cpsel::IngressSelection::Wiring IngressAgent::wiring() {
  return {.make = make_algorithm,
          .tunnel = [this](std::size_t service,
                           const cpsel::InstanceId& instance) -> std::optional<cpsel::IngressSelection::Tunnel> {
            const Tunnel* tunnel = tunnels_.find(service, instance);
            if (tunnel == nullptr) return std::nullopt;
            return cpsel::IngressSelection::Tunnel{tunnel->mark, tunnel->learnt};
          },
          .submit =
              [this](std::size_t service, std::uint64_t decision, std::vector<std::uint32_t> marks,
                     std::function<void()> in_force) {
                flow_writer_->submit(service, decision, std::move(marks), std::move(in_force));
              },
          .read_flows =
              [this](std::size_t service, std::function<void(const cpsel::IngressSelection::Flows&)> counted) {
                flow_writer_->read_flows(service, [counted](std::exception_ptr failed, const auto& flows) {
                  if (failed) std::rethrow_exception(failed);
                  counted(flows);
                });
              }};
}

void IngressAgent::run() {
  for (const int number : {SIGTERM, SIGINT}) signals_.add(number);
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (!error) stop();
  });
  speaker_->start();
  selection_.start();
  io_.run();
}

void IngressAgent::stop() {
  if (std::exchange(stopping_, true)) return;
  control_->close();
  if (rest_) rest_->close();
  sessions_->stop();
  selection_.stop();
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
  cpsel::Report known{std::move(report.values), {}, {}, change.path_id, ""};
  if (report.stamp) {
    known.sequence = report.stamp->sequence;
    known.window_end = report.stamp->window_end;
  }
  if (attributes.edge_metadata) cpsel::log_metric_received(log_, received, source, "bgp", known, report.known);
  const auto [tunnel, is_new] = tunnels_.announced(change.service, change.instance, service_sid(attributes));
  if (is_new)
    log_.write("tunnel", {{"instance", source},
                          {"sid", tunnel.sid ? nlohmann::ordered_json(tunnel.sid->str()) : nullptr},
                          {"learnt", tunnel.sid ? (tunnel.learnt ? "route" : "configuration") : "nowhere"},
                          {"mark", tunnel.mark},
                          {"table", tunnel.table}});
  if (!tunnel.sid) return;  // nothing could be steered to it
  known.sid = tunnel.sid->str();
  selection_.received(change.service, change.instance, std::move(known), received);
}

void IngressAgent::withdrawn(Instant received, const PathChange& change) {
  log_.write_at(received, "route_withdrawn", {{"source", change.instance.str()}, {"path", change.path_id}});
  if (!change.last) return;
  selection_.withdrawn(change.service, change.instance, received);
}

int run_ingress(const IngressConfig& config) {
  IngressAgent agent(config);
  agent.run();
  return 0;
}

}  // namespace cats::roles
