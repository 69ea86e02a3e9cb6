// I1 by REST: a controller orders weights, and learns when the kernel has them; established sessions stay where they
// are.
//
//   PUT /v1/services/CS-ID/weights   {"decision": 7, "weights": {CSCI-ID: 0.5, …}} by a controller: 200 with
//   `acked_unix_ns`
//                                    once they are in the flow table; the same order again changes nothing
//   GET /v1/services                 what is in force and which tunnels there are
//   GET /v1/sessions                 the session table
//   GET /v1/health
#include <algorithm>
#include <cmath>

#include "base/json_fields.h"
#include "emulator/roles/ingress_agent.h"

namespace cats::roles {
namespace {

using http::problem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kServices = "/v1/services/";
constexpr std::string_view kWeights = "/weights";
constexpr double kSumTolerance = 1e-6;

// The CS-ID of "/v1/services/CS-ID/weights".
std::optional<IpAddress> weights_of(std::string_view path) {
  if (!path.starts_with(kServices) || !path.ends_with(kWeights) || path.size() <= kServices.size() + kWeights.size())
    return std::nullopt;
  path.remove_prefix(kServices.size());
  path.remove_suffix(kWeights.size());
  const auto address = IpAddress::parse(path);
  return address ? std::optional(*address) : std::nullopt;
}

}  // namespace

void IngressAgent::handle_rest(const http::Request& request, const http::Reply& reply) {
  const http::Principal* principal = request.bearer ? tokens_.find(*request.bearer) : nullptr;
  const http::Reply logged = [this, reply, who = principal == nullptr ? "" : principal->name](http::Response response) {
    if (response.status >= 400)
      log_.write("refused", {{"principal", who},
                             {"status", response.status},
                             {"why", json::parse(response.body).at("detail").get<std::string>()}});
    reply(std::move(response));
  };
  if (principal != nullptr) return ask_rest(request, *principal, logged);
  http::Response refused = problem(401, "a bearer token of this run is needed");
  refused.headers["WWW-Authenticate"] = "Bearer";
  logged(std::move(refused));
}

void IngressAgent::ask_rest(const http::Request& request, const http::Principal& principal, const http::Reply& reply) {
  if (principal.role != "controller" && principal.role != "operator")
    return reply(problem(403, fmt::format("{} may not ask an ingress", principal.name)));
  if (const auto cs_id = weights_of(request.path)) {
    const auto service = std::ranges::find(config_.services, *cs_id, &IngressConfig::Service::cs_id);
    if (service == config_.services.end()) return reply(problem(404, "no such service: " + cs_id->str()));
    if (request.method != "PUT") return reply(problem(405, request.method + " is not allowed here, only PUT"));
    if (principal.role != "controller") return reply(problem(403, principal.name + " may not order weights"));
    return put_weights(static_cast<std::size_t>(service - config_.services.begin()), request, reply);
  }
  if (request.method != "GET") return reply(problem(405, request.method + " is not allowed here, only GET"));
  if (request.path == "/v1/health") return reply({200, ordered_json({{"status", "up"}}).dump() + "\n"});
  if (request.path == "/v1/services") return reply({200, status().at("services").dump() + "\n"});
  if (request.path == "/v1/sessions") return sessions_rest(reply);
  reply(problem(404, "no such resource: " + request.path.substr(0, 80)));
}

Expected<IngressAgent::Order> IngressAgent::read_order(std::size_t service, const json& body) const {
  if (!body.is_object()) return fail("an order is an object with decision and weights");
  JsonFields fields(body, "");
  Order order{fields.get<std::uint64_t>("decision"), {}};
  auto weights = fields.get<json>("weights");
  if (!weights.is_object()) {
    fields.problem("weights", "is no object");
    weights = json::object();
  }
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
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return order;
}

void IngressAgent::put_weights(std::size_t service, const http::Request& request, const http::Reply& reply) {
  if (!config_.controlled) return reply(problem(409, "this ingress chooses by itself: it takes no orders"));
  const json body = json::parse(request.body, nullptr, false);
  if (body.is_discarded()) return reply(problem(400, "the body is no JSON"));
  auto order = read_order(service, body);
  if (!order) return reply(problem(422, order.error().message));
  log_.write_at(request.received, "order_received",
                {{"service", config_.services[service].cs_id.str()}, {"decision", order->decision}});
  const std::uint64_t decision = order->decision;
  services_[service].order = *std::move(order);
  carry_out(service, [this, reply, decision] {
    const ordered_json done = {{"decision", decision}, {"acked_unix_ns", wall_.unix_ns(clock_.now())}};
    reply({200, done.dump() + "\n"});
  });
}

// The order, as far as its instances are announced: what is gone gets no new flow, and the others share.
void IngressAgent::carry_out(std::size_t service, std::function<void()> in_force) {
  const Service& s = services_[service];
  if (!s.order) {
    if (in_force) in_force();
    return;
  }
  cpsel::Decision decision = s.last;
  decision.service = service;
  decision.id = s.order->decision;
  double sum = 0;
  for (std::size_t i = 0; i < decision.inputs.size(); ++i) {
    const auto weight = s.order->weights.find(decision.inputs[i].instance.csci);
    decision.weights[i] = weight == s.order->weights.end() ? 0 : weight->second;
    sum += decision.weights[i];
  }
  if (sum > 0)
    for (double& weight : decision.weights) weight /= sum;
  flow_writer_->submit(service, decision.id, marks_of(decision), std::move(in_force));
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

}  // namespace cats::roles
