// I1 by REST: a controller orders weights, and learns when the kernel has them; established sessions stay where they
// are.
//
//   PUT /v1/services/CS-ID/weights   {"decision": 7, "weights": {CSCI-ID: 0.5, …}, "samples": {CSCI-ID: {"sequence",
//                                    "window_end_unix_ns"}, …}} by a controller: 200 with `acked_unix_ns` once they
//                                    are in the flow table; the same order again changes nothing. `samples` may be
//                                    absent: what the controller decided on.
//   GET /v1/services/CS-ID/flows     {"flows": {CSCI-ID: n, …}}: new flows of each instance since the agent started
//   GET /v1/services                 what is in force and which tunnels there are
//   GET /v1/sessions                 the session table
//   GET /v1/topology                 the routers that the IGP's database has, and their neighbours
//   GET /v1/health
#include <algorithm>
#include <cmath>

#include <boost/asio/post.hpp>

#include "base/json_fields.h"
#include "emulator/roles/ingress_agent.h"

namespace cats::roles {
namespace {

using http::problem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kServices = "/v1/services/";
constexpr double kSumTolerance = 1e-6;
constexpr Duration kIgpTimeout = std::chrono::milliseconds(500);  // FRR answers within a few ms

// "/v1/services/CS-ID/weights", or another part of a service; nothing for another path.
struct PartOfService {
  std::string cs_id;
  std::string part;
};
std::optional<PartOfService> part_of_service(std::string_view path) {
  if (!path.starts_with(kServices)) return std::nullopt;
  path.remove_prefix(kServices.size());
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  PartOfService found{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
  if (found.part != "weights" && found.part != "flows") return std::nullopt;
  return found;
}

json read_members(JsonFields& fields, const std::string& key, json given) {
  if (given.is_object()) return given;
  fields.problem(key, "is no object");
  return json::object();
}

}  // namespace

void IngressAgent::ask_rest(const http::Request& request, const http::Principal& principal, const http::Reply& reply) {
  if (principal.role != "controller" && principal.role != "operator")
    return reply(problem(403, fmt::format("{} may not ask an ingress", principal.name)));
  if (const auto asked = part_of_service(request.path)) {
    const auto cs_id = IpAddress::parse(asked->cs_id);
    const auto service =
        cs_id ? std::ranges::find(config_.services, *cs_id, &IngressConfig::Service::cs_id) : config_.services.end();
    if (service == config_.services.end()) return reply(problem(404, "no such service: " + asked->cs_id.substr(0, 80)));
    const auto index = static_cast<std::size_t>(service - config_.services.begin());
    if (asked->part == "flows")
      return request.method == "GET" ? flows_rest(index, reply) : reply(http::not_allowed(request, "GET"));
    if (request.method != "PUT") return reply(http::not_allowed(request, "PUT"));
    if (principal.role != "controller") return reply(problem(403, principal.name + " may not order weights"));
    return put_weights(index, request, reply);
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

Expected<cpsel::OrderedWeights> IngressAgent::read_order(std::size_t service, const json& body) const {
  if (!body.is_object()) return fail("an order is an object with decision and weights");
  JsonFields fields(body, "");
  cpsel::OrderedWeights order;
  order.decision = fields.get<std::uint64_t>("decision");
  order.service = config_.services[service].cs_id;
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
  selection_.order(service, *std::move(order), request.received, done);
}

void IngressAgent::flows_rest(std::size_t service, const http::Reply& reply) {
  flow_writer_->read_flows(service, [this, service, reply](std::exception_ptr error, const auto& flows) {
    if (error) return reply(problem(500, "the flow table could not be read"));
    ordered_json told = {{"flows", ordered_json::object()}};
    for (const auto& [instance, count] : selection_.by_instance(service, flows))
      told["flows"][instance.csci.str()] = static_cast<std::uint64_t>(count);
    reply({200, told.dump() + "\n"});
  });
}

void IngressAgent::sessions_rest(const http::Reply& reply) {
  auto sessions = std::make_shared<ordered_json>(ordered_json::array());
  std::set<IpAddress> cs_ids;
  for (const auto& service : config_.services) cs_ids.insert(service.cs_id);
  sessions_->with_table(
      [sessions, cs_ids](kernel::Conntrack& table) {
        for (const kernel::ConntrackEntry& entry : table.dump())
          if (cs_ids.contains(entry.original.destination) && entry.mark != 0)
            sessions->push_back({{"tuple", to_json(entry.original)}, {"mark", entry.mark}});
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
