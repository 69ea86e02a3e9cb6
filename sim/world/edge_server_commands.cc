// docs/control.md, role edge-server.
#include <string_view>
#include <utility>

#include "base/argument.h"
#include "bgp/session.h"
#include "collectors/edge_server_fault.h"
#include "sim/world/edge_server.h"

namespace cats::sim {

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

std::string_view state_of(bool has_session) {
  return bgp::to_string(has_session ? bgp::SessionState::established : bgp::SessionState::idle);
}

}  // namespace

const std::map<std::string, EdgeServer::Handler>& EdgeServer::handlers() {
  static const std::map<std::string, Handler> all = {{"announce", &EdgeServer::do_announce},
                                                     {"background_load", &EdgeServer::do_background_load},
                                                     {"background_schedule", &EdgeServer::do_background_schedule},
                                                     {"calibrated_load", &EdgeServer::do_calibrated_load},
                                                     {"fault", &EdgeServer::do_fault},
                                                     {"interval", &EdgeServer::do_interval},
                                                     {"known_sequence", &EdgeServer::do_known_sequence},
                                                     {"sample", &EdgeServer::do_sample},
                                                     {"status", &EdgeServer::do_status},
                                                     {"withdraw", &EdgeServer::do_withdraw}};
  return all;
}

void EdgeServer::command(const json& request, const CommandReply& reply) {
  if (!running()) return reply(fail("edge server {}: its process does not run", config_.node));
  const auto name = argument<std::string>(request, "do");
  const auto found = handlers().find(name);
  if (found != handlers().end()) return (this->*found->second)(request, reply);
  std::string known;
  for (const auto& [each, handler] : handlers()) known += (known.empty() ? "" : ", ") + each;
  reply(fail("no command \"{}\"; there are {}", name, known));
}

void EdgeServer::do_status(const json& /*request*/, const CommandReply& reply) {
  ordered_json fields = {{"node", config_.node},
                         {"role", "edge-server"},
                         {"csci", config_.csci.str()},
                         {"seq", csma_->sequence()},
                         {"next_tick_ns", to_ns(csma_->next_tick())},
                         {"connections", service_.connections()},
                         {"background_cores", service_.cpu().background_cores()},
                         {"quota_cores", service_.cpu().quota_cores()},
                         {"bgp", nullptr}};
  if (announce_) fields["bgp"] = {{"state", std::string(state_of(has_session_))}, {"announced", !route_->withdrawn()}};
  reply(std::move(fields));
}

void EdgeServer::do_sample(const json& /*request*/, const CommandReply& reply) {
  csma_->sample_now([&reply](Expected<ordered_json> sample) { reply(std::move(sample)); });
}

void EdgeServer::do_background_load(const json& request, const CommandReply& reply) {
  set_load(argument<double>(request, "cores"), false);
  reply(ordered_json::object());
}

void EdgeServer::do_calibrated_load(const json& request, const CommandReply& reply) {
  const auto share = argument<double>(request, "share");
  if (!(share >= 0 && share <= 1)) throw UsageError(fmt::format("\"share\": {} is not in 0 … 1", share));
  set_load(share * service_.cpu().quota_cores(), true);
  reply(ordered_json{{"cores", service_.cpu().background_cores()}});
}

void EdgeServer::set_load(double cores, bool with_service) {
  if (!(cores >= 0 && cores <= load::kMaxBackgroundCores))
    throw UsageError(fmt::format("\"cores\": {} is not in 0 … {}", cores, load::kMaxBackgroundCores));
  service_.cpu().set_background(cores, with_service);
  events_.write("load_changed", {{"source", config_.csci.str()}, {"cores", cores}, {"with_service", with_service}});
}

void EdgeServer::do_background_schedule(const json& request, const CommandReply& reply) {
  auto loads = load::parse_schedule(request);
  if (!loads) return reply(tl::make_unexpected(loads.error()));
  schedule_->stop();
  if (!loads->empty()) schedule_->start(std::move(*loads), from_ns(argument<std::int64_t>(request, "start_ns")));
  reply(ordered_json::object());
}

void EdgeServer::follow_schedule(double site, double neighbour) {
  service_.cpu().set_scheduled(site, neighbour);
  events_.write("load_changed", {{"source", config_.csci.str()},
                                 {"cores", site},
                                 {"with_service", false},
                                 {"neighbour_cores", neighbour},
                                 {"scheduled", true}});
}

void EdgeServer::do_known_sequence(const json& request, const CommandReply& reply) {
  const auto seed = request.find("seed");
  if (seed == request.end()) throw UsageError("\"seed\" is missing (null switches the sequence off)");
  csma_->set_known_seed(seed->is_null() ? std::nullopt : std::optional(argument<std::uint64_t>(request, "seed")));
  reply(ordered_json{{"seq", csma_->sequence()}});
}

void EdgeServer::do_interval(const json& request, const CommandReply& reply) {
  const auto interval = argument<std::int64_t>(request, "interval_ns");
  const auto phase = argument<std::int64_t>(request, "phase_ns");
  if (interval < 1'000'000) throw UsageError(fmt::format("\"interval_ns\": {} is below 1 ms", interval));
  set_interval(Duration(interval), Duration(phase));
  reply(ordered_json::object());
}

void EdgeServer::do_announce(const json& /*request*/, const CommandReply& reply) { announce_route(true, reply); }

void EdgeServer::do_withdraw(const json& /*request*/, const CommandReply& reply) { announce_route(false, reply); }

void EdgeServer::announce_route(bool on, const CommandReply& reply) {
  if (!announce_) return reply(fail("this edge server has no publisher"));
  if (on) {
    if (const auto told = route_->announce(); !told) return reply(tl::make_unexpected(told.error()));
  } else {
    route_->withdraw();
    if (has_session_) announce_(false);
  }
  reply(ordered_json::object());
}

void EdgeServer::do_fault(const json& request, const CommandReply& reply) {
  const auto fault = collectors::parse_edge_server_fault(request);
  if (!fault) return reply(tl::make_unexpected(fault.error()));
  const bool publishes = (way("bgp") != nullptr && announce_) || way("rest") != nullptr;
  if (fault->publisher != collectors::PublisherFault::none && !publishes)
    return reply(fail("this edge server publishes no metrics"));
  if (fault->biases() || fault->clears()) csma_->set_bias_points(fault->bias_points);
  if (fault->loses_count()) service_.lose_one_row();
  if (fault->clears()) service_.lose_no_row();
  if (!fault->loses_count()) {
    if (way("bgp") != nullptr) route_->inject(fault->publisher, fault->updates);
    if (way("rest") != nullptr) rest_->inject(fault->publisher, fault->updates);
  }
  events_.write("fault", fault->to_json(config_.csci));
  reply(ordered_json::object());
}

void EdgeServer::log_session(const std::string& why) {
  if (!config_.bgp_peer) return;
  events_.write("bgp_state",
                {{"peer", config_.bgp_peer->str()}, {"state", std::string(state_of(has_session_))}, {"why", why}});
}

}  // namespace cats::sim
