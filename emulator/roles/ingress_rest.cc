// I1 by REST: a controller orders weights, and learns when the kernel has them; established sessions stay where they
// are.
//
//   PUT /v1/services/CS-ID/weights   {"decision": 7, "weights": {CSCI-ID: 0.5, …}, "samples": {CSCI-ID: {"sequence",
//                                    "window_end_unix_ns"}, …}} by a controller: 200 with `acked_unix_ns` once they
//                                    are in the flow table; the same order again changes nothing. `samples` may be
//                                    absent: what the controller decided on.
//   GET /v1/services                 what is in force and which tunnels there are
//   GET /v1/sessions                 the session table
//   GET /v1/topology                 the routers that the IGP's database has, and their neighbours
//   GET /v1/health
#include <algorithm>
#include <cmath>

#include <boost/asio/post.hpp>

#include "base/json_fields.h"
#include "cpsel/refine.h"
#include "emulator/roles/ingress_agent.h"

namespace cats::roles {
namespace {

using http::problem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kServices = "/v1/services/";
constexpr std::string_view kWeights = "/weights";
constexpr double kSumTolerance = 1e-6;
constexpr Duration kIgpTimeout = std::chrono::milliseconds(500);  // FRR answers within a few ms

// The CS-ID of "/v1/services/CS-ID/weights"; nothing for another path.
std::optional<std::string> weights_of(std::string_view path) {
  if (!path.starts_with(kServices) || !path.ends_with(kWeights) || path.size() <= kServices.size() + kWeights.size())
    return std::nullopt;
  path.remove_prefix(kServices.size());
  path.remove_suffix(kWeights.size());
  return std::string(path);
}

json read_members(JsonFields& fields, const std::string& key, json given) {
  if (given.is_object()) return given;
  fields.problem(key, "is no object");
  return json::object();
}

}  // namespace

void IngressAgent::handle_rest(const http::Request& request, const http::Reply& reply) {
  const http::Principal* principal = request.bearer ? tokens_.find(*request.bearer) : nullptr;
  const http::Reply logged = [this, reply, who = principal == nullptr ? "" : principal->name](http::Response response) {
    if (response.status >= 400 && response.status < 500)
      log_.write("refused", {{"principal", who},
                             {"status", response.status},
                             {"why", json::parse(response.body).at("detail").get<std::string>()}});
    reply(std::move(response));
  };
  if (principal != nullptr) return ask_rest(request, *principal, logged);
  logged(http::unauthorised());
}

void IngressAgent::ask_rest(const http::Request& request, const http::Principal& principal, const http::Reply& reply) {
  if (principal.role != "controller" && principal.role != "operator")
    return reply(problem(403, fmt::format("{} may not ask an ingress", principal.name)));
  if (const auto name = weights_of(request.path)) {
    const auto cs_id = IpAddress::parse(*name);
    const auto service =
        cs_id ? std::ranges::find(config_.services, *cs_id, &IngressConfig::Service::cs_id) : config_.services.end();
    if (service == config_.services.end()) return reply(problem(404, "no such service: " + name->substr(0, 80)));
    if (request.method != "PUT") return reply(http::not_allowed(request, "PUT"));
    if (principal.role != "controller") return reply(problem(403, principal.name + " may not order weights"));
    return put_weights(static_cast<std::size_t>(service - config_.services.begin()), request, reply);
  }
  const bool topology = request.path == "/v1/topology" && config_.igp;
  if (request.path != "/v1/health" && request.path != "/v1/services" && request.path != "/v1/sessions" && !topology)
    return reply(problem(404, "no such resource: " + request.path.substr(0, 80)));
  if (request.method != "GET") return reply(http::not_allowed(request, "GET"));
  if (request.path == "/v1/health") return reply({200, ordered_json({{"status", "up"}}).dump() + "\n"});
  if (request.path == "/v1/services") return reply({200, status().at("services").dump() + "\n"});
  if (topology) return topology_rest(reply);
  sessions_rest(reply);
}

Expected<IngressAgent::Order> IngressAgent::read_order(std::size_t service, const json& body) const {
  if (!body.is_object()) return fail("an order is an object with decision and weights");
  JsonFields fields(body, "");
  Order order{.decision = fields.get<std::uint64_t>("decision"), .weights = {}, .samples = {}, .acked = {}};
  const auto weights = read_members(fields, "weights", fields.get<json>("weights"));
  double sum = 0;
  for (const auto& [name, value] : weights.items()) {
    const auto csci = IpAddress::parse(name);
    if (!csci || tunnels_.find(service, {*csci, 0}) == nullptr) {
      fields.problem("weights." + name.substr(0, 60), "is no instance that this ingress has a tunnel to");
    } else if (!value.is_number() || !(value.get<double>() >= 0) || !std::isfinite(value.get<double>())) {
      fields.problem("weights." + name, "is no weight of 0 or more");
    } else {
      order.weights[*csci] = value.get<double>();
      sum += value.get<double>();
    }
  }
  if (sum != 0 && std::abs(sum - 1) > kSumTolerance) fields.problem("weights", fmt::format("sum to {}, not 1", sum));
  const auto samples = read_members(fields, "samples", fields.get<json>("samples", json::object()));
  for (const auto& [name, sample] : samples.items()) {
    const auto csci = IpAddress::parse(name);
    if (!csci || !sample.is_object()) {
      fields.problem("samples." + name.substr(0, 60), "is no sample of an instance");
      continue;
    }
    JsonFields members(sample, "samples." + csci->str());
    const auto sequence = members.get<std::uint32_t>("sequence");
    const auto window_end = members.get<std::int64_t>("window_end_unix_ns");
    if (window_end < 0) members.problem("window_end_unix_ns", "is negative");
    order.samples[*csci] = {sequence, wall_.instant(std::max<std::int64_t>(window_end, 0))};
    if (const auto wrong = members.finish()) fields.problem("samples", *wrong);
  }
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return order;
}

void IngressAgent::put_weights(std::size_t service, const http::Request& request, const http::Reply& reply) {
  if (config_.cps == IngressConfig::Cps::ingress)
    return reply(problem(409, "this ingress chooses by itself: it takes no orders"));
  const json body = json::parse(request.body, nullptr, false);
  if (body.is_discarded()) return reply(problem(400, "the body is no JSON"));
  auto order = read_order(service, body);
  if (!order) return reply(problem(422, order.error().message));
  const auto done = [this, reply](std::uint64_t decision, Instant acked) {
    const ordered_json told = {{"decision", decision}, {"acked_unix_ns", wall_.unix_ns(acked)}};
    reply({200, told.dump() + "\n"});
  };
  Service& s = services_[service];
  controller_heard();
  if (s.order && s.order->acked && s.order->decision == order->decision && s.order->weights == order->weights)
    return done(order->decision, *s.order->acked);
  log_.write_at(request.received, "order_received",
                {{"service", config_.services[service].cs_id.str()}, {"decision", order->decision}});
  s.order = *std::move(order);
  const auto in_force = [this, service, done, decision = s.order->decision] {
    const Instant acked = clock_.now();
    if (services_[service].order->decision == decision) services_[service].order->acked = acked;
    done(decision, acked);
  };
  if (config_.cps == IngressConfig::Cps::controller)
    carry_out(service, in_force);
  else
    decide(service, in_force);
}

// The order, as far as its instances are announced: what is gone gets no new flow, and the others share.
std::uint64_t IngressAgent::carry_out(std::size_t service, std::function<void()> in_force) {
  Service& s = services_[service];
  s.last = s.local;
  std::ranges::fill(s.last.weights, 0.0);
  if (!s.order) {
    if (in_force) in_force();
    return 0;
  }
  s.last.service = service;
  s.last.id = s.order->decision;
  double sum = 0;
  for (std::size_t i = 0; i < s.last.inputs.size(); ++i) {
    const auto weight = s.order->weights.find(s.last.inputs[i].instance.csci);
    if (weight == s.order->weights.end()) continue;
    s.last.weights[i] = weight->second;
    sum += weight->second;
  }
  if (sum > 0)
    for (double& weight : s.last.weights) weight /= sum;
  flow_writer_->submit(service, s.last.id, marks_of(s.last), std::move(in_force));
  return s.last.id;
}

// The controller's candidate weights and what is known here; without the controller, what is known here alone.
cpsel::Decision IngressAgent::refined(std::size_t service) {
  const Service& s = services_[service];
  cpsel::Decision decision = s.local;
  decision.service = service;
  decision.service_name = config_.services[service].cs_id.str();
  decision.id = ++last_refined_;
  decision.when = clock_.now();
  if (s.local.kernel_multipath || faulty_) return decision;
  if (!controller_up_ || !s.order) {
    decision.note = "no controller";
    return decision;
  }
  std::vector<double> candidate(decision.inputs.size(), 0.0);
  for (std::size_t i = 0; i < candidate.size(); ++i) {
    cpsel::DecisionInput& input = decision.inputs[i];
    if (const auto weight = s.order->weights.find(input.instance.csci); weight != s.order->weights.end())
      candidate[i] = weight->second;
    const auto sample = s.order->samples.find(input.instance.csci);
    if (sample == s.order->samples.end()) continue;
    input.sequence = sample->second.sequence;
    input.window_end = sample->second.window_end;
    input.age = decision.when - sample->second.window_end;
  }
  decision.weights = cpsel::refine(candidate, s.local);
  decision.note = fmt::format("candidate {}", s.order->decision);
  return decision;
}

void IngressAgent::controller_heard() {
  if (config_.cps != IngressConfig::Cps::split) return;
  if (!std::exchange(controller_up_, true)) log_.write("controller_state", {{"up", true}, {"why", "an order came"}});
  controller_timer_.expires_after(config_.controller_timeout);
  controller_timer_.async_wait([this](boost::system::error_code error) {
    if (!error && !stopping_) controller_lost();
  });
}

void IngressAgent::controller_lost() {
  controller_up_ = false;
  log_.write("controller_state",
             {{"up", false}, {"why", fmt::format("no order for {:g} s", to_seconds(config_.controller_timeout))}});
  for (std::size_t i = 0; i < services_.size(); ++i) decide(i);
}

void IngressAgent::sessions_rest(const http::Reply& reply) {
  auto sessions = std::make_shared<ordered_json>(ordered_json::array());
  std::set<IpAddress> cs_ids;
  for (const auto& service : config_.services) cs_ids.insert(service.cs_id);
  sessions_->with_table(
      [sessions, cs_ids](kernel::Conntrack& table) {
        for (const kernel::ConntrackEntry& entry : table.dump())
          if (cs_ids.contains(entry.original.destination) && entry.mark != 0)
            sessions->push_back({{"tuple", tuple_json(entry.original)}, {"mark", entry.mark}});
      },
      [this, sessions, reply](std::exception_ptr error) {
        if (error) return reply(problem(500, "the session table could not be read"));
        for (ordered_json& session : *sessions)
          session["instance"] = tunnels_.instance_of(session.at("mark").get<std::uint32_t>());
        reply({200, sessions->dump() + "\n"});
      });
}

// On a thread of its own: a daemon that hangs keeps nobody else waiting.
void IngressAgent::topology_rest(const http::Reply& reply) {
  boost::asio::post(igp_, [this, reply, igp = *config_.igp] {
    const auto state = read_link_state(igp, kIgpTimeout);
    http::Response response;
    if (state) {
      const ordered_json told = {{"protocol", to_string(igp.protocol)}, {"routers", to_json(*state)}};
      response.body = told.dump() + "\n";
    } else {
      response = problem(502, state.error().message);
    }
    boost::asio::post(io_, [reply, response] { reply(response); });
  });
}

}  // namespace cats::roles
