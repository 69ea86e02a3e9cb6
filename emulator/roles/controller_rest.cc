#include "emulator/roles/controller_rest.h"

#include <set>

#include "base/json_fields.h"

namespace cats::roles {
namespace {

using http::problem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kPolicies = "/v1/policies/";
constexpr std::string_view kSelections = "/v1/selections/";
constexpr std::string_view kHistory = "/history";
constexpr const char* kRoutes = "/v1/routes";
constexpr const char* kSessions = "/v1/sessions";
const std::set<std::string> kReadable{"/v1/health",   "/v1/inventory",  "/v1/topology",          "/v1/metrics",
                                      "/v1/policies", "/v1/selections", "/v1/selections/events", "/v1/routers",
                                      kRoutes,        kSessions};
constexpr std::size_t kKeptDecisions = 1024;

http::Response json_response(const ordered_json& body) { return {.status = 200, .body = body.dump() + "\n"}; }

http::ServerConfig controller_server(const ControllerConfig& config, EventLog& log) {
  http::ServerConfig server;
  server.max_connections = 1000;
  server.tls = config.rest.tls();
  server.on_refused = log_refusals(log);
  return server;
}

ordered_json age_of(const std::optional<Instant>& when) {
  return when ? ordered_json((std::chrono::steady_clock::now() - *when).count()) : ordered_json(nullptr);
}

}  // namespace

void SelectionHistory::add(std::int64_t decided_unix_ns, std::string decision) {
  entries_.push_back({decided_unix_ns, std::move(decision)});
  if (entries_.size() > kKept) entries_.pop_front();
}

ordered_json SelectionHistory::json() const {
  ordered_json all = ordered_json::array();
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    ordered_json one = ordered_json::parse(entry->decision);
    one["decided_unix_ns"] = entry->decided_unix_ns;
    all.push_back(std::move(one));
  }
  return all;
}

ControllerRest::ControllerRest(boost::asio::io_context& io, const ControllerConfig& config, ControllerState& state,
                               EventLog& log)
    : config_(config),
      state_(state),
      log_(log),
      tokens_(config.rest.read_tokens()),
      feed_(
          std::make_shared<http::EventFeed>(http::Tokens::generate().substr(0, 8), kKeptDecisions,
                                            [this] { return state_.selection().selections(state_.orders()).dump(); })),
      server_(
          io,
          [this](const http::Request& request, const http::Reply& reply) {
            http::admit(request, tokens_, reply, log_refused(log_),
                        [&](const auto& principal, const auto& told) { ask(request, principal, told); });
          },
          controller_server(config, log)) {}

std::uint16_t ControllerRest::listen() { return server_.listen(config_.rest.address, config_.rest.port); }

void ControllerRest::close() { server_.close(); }

void ControllerRest::decided(const std::string& decision) { feed_->publish("decision", decision); }

void ControllerRest::ask(const http::Request& request, const http::Principal& principal, const http::Reply& reply) {
  if (request.path.starts_with(kPolicies)) return reply(put_policy(request, principal));
  const bool known = kReadable.contains(request.path);
  if (!known && request.path.starts_with(kSelections) && request.path.ends_with(kHistory))
    return reply(history(request, principal));
  if (!known) return reply(problem(404, "no such resource: " + request.path.substr(0, 80)));
  if (request.method != "GET") return reply(http::not_allowed(request, "GET"));
  if (request.path == "/v1/health") return reply(json_response(health()));
  if (principal.role != "operator") return reply(problem(403, principal.name + " may not ask a controller"));
  if (request.path == kRoutes) return ask_routers("/v1/services", "services", reply);
  if (request.path == kSessions) return ask_routers("/v1/sessions", "sessions", reply);
  reply(read(request.path));
}

http::Response ControllerRest::read(const std::string& path) const {
  if (path == "/v1/inventory") return json_response(to_json(config_.inventory));
  if (path == "/v1/topology") return json_response(state_.topology().json(std::chrono::steady_clock::now()));
  if (path == "/v1/metrics") return json_response(state_.selection().metrics());
  if (path == "/v1/policies") return json_response(policies());
  if (path == "/v1/selections") return json_response(state_.selection().selections(state_.orders()));
  if (path == "/v1/selections/events") return {.feed = feed_};
  return json_response(state_.orders().json());
}

http::Response ControllerRest::put_policy(const http::Request& request, const http::Principal& principal) {
  const auto cs_id = IpAddress::parse(request.path.substr(kPolicies.size()));
  const auto service = cs_id ? state_.selection().find(*cs_id) : std::nullopt;
  if (!service) return problem(404, "no such service: " + request.path.substr(kPolicies.size(), 80));
  if (request.method != "PUT") return http::not_allowed(request, "PUT");
  if (principal.role != "operator") return problem(403, principal.name + " may not set policies");
  const json body = json::parse(request.body, nullptr, false);
  if (body.is_discarded()) return problem(400, "the body is no JSON");
  if (!body.is_object()) return problem(422, "a policy is an object with algorithm and parameters");
  JsonFields fields(body, "");
  ChosenAlgorithm chosen{.name = fields.get<std::string>("algorithm")};
  if (fields.has("parameters")) chosen.parameters = read_parameters(fields);
  if (const auto wrong = fields.finish()) return problem(422, *wrong);
  // No library: whoever may set a policy may not name a file to run.
  if (const auto wrong = check_algorithm(chosen.name, chosen.parameters)) return problem(422, *wrong);
  return json_response({{"decision", state_.choose(*service, std::move(chosen))}});
}

// Of a path between kSelections and kHistory.
http::Response ControllerRest::history(const http::Request& request, const http::Principal& principal) const {
  const std::size_t ends = kSelections.size() + kHistory.size();
  const std::string name =
      request.path.size() < ends ? "" : request.path.substr(kSelections.size(), request.path.size() - ends);
  const auto cs_id = IpAddress::parse(name);
  const auto service = cs_id ? state_.selection().find(*cs_id) : std::nullopt;
  if (!service) return problem(404, "no such service: " + name.substr(0, 80));
  if (request.method != "GET") return http::not_allowed(request, "GET");
  if (principal.role != "operator") return problem(403, principal.name + " may not ask a controller");
  return json_response(state_.history(*service).json());
}

void ControllerRest::ask_routers(const std::string& target, const char* what, const http::Reply& reply) {
  state_.ask_routers(target, [what, reply](const std::vector<RouterAgents::Answer>& answers) {
    ordered_json all = ordered_json::array();
    for (const RouterAgents::Answer& answer : answers) {
      const bool good = answer.failure.empty() && answer.body.is_array();
      const std::string failure = answer.failure.empty() ? "its answer is no list" : answer.failure;
      all.push_back({{"router", answer.router},
                     {"failure", good ? ordered_json(nullptr) : ordered_json(failure)},
                     {what, good ? ordered_json(answer.body) : ordered_json(nullptr)}});
    }
    reply(json_response(all));
  });
}

ordered_json ControllerRest::health() const {
  const ManagerState& manager = state_.manager();
  ordered_json told = {
      {"status", "up"},
      {"manager", manager.up ? "up" : "down"},
      {"events", {{"received", manager.events}, {"bad", manager.bad}, {"age_ns", age_of(manager.heard)}}},
      {"routers", ordered_json::array()},
      {"topology_age_ns", age_of(state_.topology().heard())}};
  for (const auto& agent : config_.agents) {
    const auto up = state_.answers(agent.node);
    told["routers"].push_back({{"node", agent.node}, {"up", up ? ordered_json(*up) : ordered_json(nullptr)}});
  }
  return told;
}

ordered_json ControllerRest::policies() const {
  ordered_json all = ordered_json::array();
  const auto& services = state_.selection().services();
  for (std::size_t i = 0; i < services.size(); ++i)
    all.push_back({{"cs_id", config_.services[i].cs_id.str()},
                   {"algorithm", services[i].algorithm.name},
                   {"parameters", services[i].algorithm.parameters}});
  return all;
}

}  // namespace cats::roles
