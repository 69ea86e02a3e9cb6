#include "emulator/roles/controller.h"

#include <algorithm>
#include <set>

#include <boost/asio/steady_timer.hpp>

#include "base/json_fields.h"
#include "collectors/metric_report_json.h"
#include "cpsel/metrics.h"
#include "cpsel/selector.h"
#include "emulator/roles/agent.h"
#include "emulator/roles/decision_event.h"
#include "emulator/roles/ingress.h"
#include "emulator/roles/southbound.h"
#include "http/server.h"

namespace cats::roles {
namespace {

using http::problem;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kPolicies = "/v1/policies/";
const std::set<std::string> kReadable{"/v1/health",     "/v1/metrics",           "/v1/policies",
                                      "/v1/selections", "/v1/selections/events", "/v1/routers"};
constexpr std::size_t kKeptDecisions = 1024;

class Controller {
 public:
  explicit Controller(const ControllerConfig& config)
      : config_(config),
        agent_(config.node, "controller", config.events, config.control),
        tokens_(config.rest.read_tokens()),
        selector_(config.seed),
        feed_(std::make_shared<http::EventFeed>(http::Tokens::generate().substr(0, 8), kKeptDecisions,
                                                [this] { return selections().dump(); })),
        server_(
            agent_.io(), [this](const http::Request& request, const http::Reply& reply) { handle(request, reply); },
            server_config(config)),
        manager_(agent_.io().get_executor(), config.manager.endpoint(), "/v1/metrics/events",
                 {.event = [this](const http::StreamEvent& event) { on_event(event); },
                  .state = [this](bool connected, const std::string& why) { on_manager(connected, why); }}) {
    for (const auto& service : config_.services) add(service);
    for (const auto& router : config_.routers) add(router);
    commands();
  }

  int run() {
    port_ = server_.listen(config_.rest.address, config_.rest.port);
    manager_.start();
    return agent_.run();
  }

 private:
  struct Service {
    std::string algorithm;
    cpsel::Parameters parameters;
    std::optional<cpsel::Decision> last;
  };
  struct Router {
    std::string node;
    std::unique_ptr<Southbound> southbound;
    std::map<IpAddress, std::uint64_t> in_force = {};  // decisions by service
    std::string failure = {};                          // why the latest order is not in force
  };
  struct Waiting {  // who asked for a decision and is answered when every router has it
    IpAddress service;
    std::uint64_t decision;
    control::Reply reply;
  };

  static http::ServerConfig server_config(const ControllerConfig& config) {
    http::ServerConfig server;
    server.max_connections = 1000;
    server.tls = config.rest.tls();
    return server;
  }

  void add(const ControllerConfig::Service& service) {
    cpsel::ServiceSettings settings{service.cs_id.str(), service.steer_by, service.age_limit, {}};
    for (const auto& instance : service.instances) settings.capacities[{instance.csci, 0}] = instance.capacity;
    selector_.add_service(std::move(settings), *cpsel::find_algorithm(service.algorithm),
                          std::move(*cpsel::make_algorithm(service.algorithm, service.parameters)));
    services_.push_back({service.algorithm, service.parameters, {}});
  }

  void add(const ControllerConfig::Router& router) {
    const std::size_t index = routers_.size();
    routers_.push_back(
        {.node = router.node,
         .southbound = agent_southbound(
             agent_.io().get_executor(), router.rest.endpoint(),
             {.in_force = [this, index](const SteeringOrder& order, Instant at) { in_force(index, order, at); },
              .failed = [this, index](const SteeringOrder& order, const std::string& why,
                                      bool again) { order_failed(index, order, why, again); }})});
  }

  void commands() {
    agent_.on_status([this] {
      return ordered_json{{"port", port_},
                          {"manager", manager_up_},
                          {"metrics", metrics()},
                          {"selections", selections()},
                          {"routers", routers()}};
    });
    agent_.on_stop([this](const std::function<void()>& done) {
      age_timer_.cancel();
      manager_.stop();
      for (Router& router : routers_) router.southbound.reset();
      server_.close();
      done();
    });
    agent_.control().on("algorithm", [this](const json& request, control::Reply reply) {
      const auto name = control::argument<std::string>(request, "service");
      const auto address = IpAddress::parse(name);
      const auto service = address ? find(*address) : std::nullopt;
      if (!service) return reply.fail("no service " + name);
      const auto parameters = request.contains("parameters")
                                  ? control::argument<cpsel::Parameters>(request, "parameters")
                                  : cpsel::Parameters{};
      const std::uint64_t decision = choose(*service, control::argument<std::string>(request, "name"), parameters);
      waiting_.push_back({*address, decision, std::move(reply)});
      answer_waiting();
    });
  }

  std::optional<std::size_t> find(const IpAddress& cs_id) const {
    const auto found = std::ranges::find(config_.services, cs_id, &ControllerConfig::Service::cs_id);
    if (found == config_.services.end()) return std::nullopt;
    return static_cast<std::size_t>(found - config_.services.begin());
  }

  // Metrics in.

  void on_manager(bool connected, const std::string& why) {
    manager_up_ = connected;
    agent_.events().write("manager_state", {{"up", connected}, {"why", why}});
  }

  void on_event(const http::StreamEvent& event) {
    const Instant received = std::chrono::steady_clock::now();
    const json data = json::parse(event.data, nullptr, false);
    if (!data.is_object() || !data.contains("instances") || !data.at("instances").is_array())
      return static_cast<void>(bad_event("the event is no list of instances"));
    std::set<std::size_t> changed;
    for (const json& instance : data.at("instances"))
      if (const auto service = on_instance(instance, received)) changed.insert(*service);
    for (const std::size_t service : changed) apply(selector_.choose(service, received));
  }

  std::nullopt_t bad_event(const std::string& why) {
    agent_.events().write("bad_event", {{"why", why}});
    return std::nullopt;
  }

  // The service that it tells something new about.
  std::optional<std::size_t> on_instance(const json& instance, Instant received) {
    if (!instance.is_object() || instance.value("report", json()).is_null()) return std::nullopt;
    const auto csci = IpAddress::parse(instance.value("csci", ""));
    const auto cs_id = IpAddress::parse(instance.value("cs_id", ""));
    const auto service = csci && cs_id ? find(*cs_id) : std::nullopt;
    if (!service) return bad_event("an instance of no service that is known here");
    const auto report = collectors::report_from_json(instance.at("report"), wall_);
    if (!report) return bad_event(csci->str() + ": " + report.error().message);
    // A snapshot after a new subscription repeats what is known: that is no reception.
    const bool news = selector_.learn(
        *service, {*csci, 0}, {report->values, report->stamp->sequence, report->stamp->window_end, 0, ""}, received);
    if (!news) return std::nullopt;
    agent_.events().write_at(received, "metric_received",
                             {{"source", csci->str()},
                              {"via", "rest"},
                              {"seq", report->stamp->sequence},
                              {"path", 0},
                              {"values", report->values},
                              {"known", or_null(report->known)},
                              {"window_end", to_ns(report->stamp->window_end)}});
    return service;
  }

  // Decisions out.

  void apply(const cpsel::Decision& decision) {
    const ordered_json told = to_json(decision);
    agent_.events().write(config_.candidates ? "candidate" : "decision", told);
    services_[decision.service].last = decision;
    feed_->publish("decision", told.dump());
    SteeringOrder order{decision.id, config_.services[decision.service].cs_id, {}, {}};
    for (std::size_t i = 0; i < decision.inputs.size(); ++i) {
      const cpsel::DecisionInput& input = decision.inputs[i];
      order.weights[input.instance.csci] = decision.weights[i];
      if (input.sequence && input.window_end)
        order.samples[input.instance.csci] = {*input.sequence, wall_.unix_ns(*input.window_end)};
    }
    for (Router& router : routers_) router.southbound->steer(order);
    arm_age_timer();
  }

  void in_force(std::size_t index, const SteeringOrder& order, Instant at) {
    Router& router = routers_[index];
    router.in_force[order.service] = order.decision;
    router.failure.clear();
    agent_.events().write_at(at, "order_acknowledged",
                             {{"router", router.node}, {"service", order.service.str()}, {"decision", order.decision}});
    answer_waiting();
  }

  void order_failed(std::size_t index, const SteeringOrder& order, const std::string& why, bool again) {
    Router& router = routers_[index];
    if (router.failure != why)
      agent_.events().write(
          "order_failed",
          {{"router", router.node}, {"decision", order.decision}, {"why", why}, {"tried_again", again}});
    router.failure = why;
  }

  void answer_waiting() {
    std::erase_if(waiting_, [this](Waiting& one) {
      const bool everywhere = std::ranges::all_of(routers_, [&](const Router& router) {
        const auto known = router.in_force.find(one.service);
        return known != router.in_force.end() && known->second >= one.decision;
      });
      if (everywhere) one.reply.ok({{"decision", one.decision}});
      return everywhere;
    });
  }

  void arm_age_timer() {
    const auto due = selector_.next_tick();
    if (!due) return;
    age_timer_.expires_at(*due);
    age_timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      for (const cpsel::Decision& decision : selector_.tick(std::chrono::steady_clock::now())) apply(decision);
    });
  }

  std::uint64_t choose(std::size_t service, const std::string& name, const cpsel::Parameters& parameters) {
    if (const auto wrong = check_algorithm(name, parameters)) throw UsageError(*wrong);
    services_[service].algorithm = name;
    services_[service].parameters = parameters;
    const auto decision =
        selector_.set_algorithm(service, *cpsel::find_algorithm(name),
                                std::move(*cpsel::make_algorithm(name, parameters)), std::chrono::steady_clock::now());
    apply(decision);
    return decision.id;
  }

  // The REST interface.

  void handle(const http::Request& request, const http::Reply& reply) {
    const http::Principal* principal = request.bearer ? tokens_.find(*request.bearer) : nullptr;
    http::Response response = principal == nullptr ? http::unauthorised() : answer(request, *principal);
    if (response.status >= 400)
      agent_.events().write("refused", {{"principal", principal == nullptr ? "" : principal->name},
                                        {"status", response.status},
                                        {"why", json::parse(response.body).at("detail").get<std::string>()}});
    reply(std::move(response));
  }

  http::Response answer(const http::Request& request, const http::Principal& principal) {
    if (request.path.starts_with(kPolicies)) return put_policy(request, principal);
    if (!kReadable.contains(request.path)) return problem(404, "no such resource: " + request.path.substr(0, 80));
    if (request.method != "GET") return http::not_allowed(request, "GET");
    if (request.path == "/v1/health") return ok({{"status", "up"}, {"manager", manager_up_ ? "up" : "down"}});
    if (principal.role != "operator") return problem(403, principal.name + " may not ask a controller");
    if (request.path == "/v1/metrics") return ok(metrics());
    if (request.path == "/v1/policies") return ok(policies());
    if (request.path == "/v1/selections") return ok(selections());
    if (request.path == "/v1/selections/events") return {.feed = feed_};
    return ok(routers());
  }

  static http::Response ok(const ordered_json& json) { return {200, json.dump() + "\n"}; }

  http::Response put_policy(const http::Request& request, const http::Principal& principal) {
    const auto cs_id = IpAddress::parse(request.path.substr(kPolicies.size()));
    const auto service = cs_id ? find(*cs_id) : std::nullopt;
    if (!service) return problem(404, "no such service: " + request.path.substr(kPolicies.size(), 80));
    if (request.method != "PUT") return http::not_allowed(request, "PUT");
    if (principal.role != "operator") return problem(403, principal.name + " may not set policies");
    const json body = json::parse(request.body, nullptr, false);
    if (body.is_discarded()) return problem(400, "the body is no JSON");
    if (!body.is_object()) return problem(422, "a policy is an object with algorithm and parameters");
    JsonFields fields(body, "");
    const auto name = fields.get<std::string>("algorithm");
    const cpsel::Parameters parameters = fields.has("parameters") ? read_parameters(fields) : cpsel::Parameters{};
    if (const auto wrong = fields.finish()) return problem(422, *wrong);
    if (const auto wrong = check_algorithm(name, parameters)) return problem(422, *wrong);
    return ok({{"decision", choose(*service, name, parameters)}});
  }

  ordered_json metrics() const {
    ordered_json all = ordered_json::array();
    const Instant now = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < config_.services.size(); ++i)
      for (const auto& instance : config_.services[i].instances) {
        const cpsel::Report* report = selector_.report(i, {instance.csci, 0});
        ordered_json one{{"csci", instance.csci.str()}, {"node", instance.node}};
        one["sequence"] = report == nullptr ? ordered_json(nullptr) : or_null(report->sequence);
        one["age_ns"] = report != nullptr && report->window_end ? ordered_json((now - *report->window_end).count())
                                                                : ordered_json(nullptr);
        one["values"] = report == nullptr ? ordered_json(nullptr) : ordered_json(report->values);
        all.push_back(std::move(one));
      }
    return all;
  }

  ordered_json policies() const {
    ordered_json all = ordered_json::array();
    for (std::size_t i = 0; i < services_.size(); ++i)
      all.push_back({{"cs_id", config_.services[i].cs_id.str()},
                     {"algorithm", services_[i].algorithm},
                     {"parameters", services_[i].parameters}});
    return all;
  }

  ordered_json selections() const {
    ordered_json all = ordered_json::array();
    for (const Service& service : services_) {
      if (!service.last) continue;
      ordered_json one = to_json(*service.last);
      one["in_force"] = ordered_json::array();
      for (const Router& router : routers_)
        for (const auto& [cs_id, decision] : router.in_force)
          if (cs_id.str() == service.last->service_name && decision == service.last->id)
            one["in_force"].push_back(router.node);
      all.push_back(std::move(one));
    }
    return all;
  }

  ordered_json routers() const {
    ordered_json all = ordered_json::array();
    for (const Router& router : routers_)
      all.push_back({{"node", router.node},
                     {"failure", router.failure.empty() ? ordered_json(nullptr) : ordered_json(router.failure)}});
    return all;
  }

  ControllerConfig config_;
  Agent agent_;
  http::Tokens tokens_;
  collectors::WallClock wall_ = collectors::WallClock::of_this_machine();
  cpsel::Selector selector_;
  std::vector<Service> services_;
  std::vector<Router> routers_;
  std::vector<Waiting> waiting_;
  std::uint16_t port_ = 0;
  bool manager_up_ = false;
  boost::asio::steady_timer age_timer_{agent_.io()};
  std::shared_ptr<http::EventFeed> feed_;
  http::Server server_;
  http::EventSource manager_;
};

ControllerConfig::Service read_controlled_service(JsonFields& fields) {
  ControllerConfig::Service service;
  service.cs_id = fields.get<IpAddress>("cs_id");
  service.age_limit = fields.maybe<Duration>("age_limit_ns");
  service.steer_by = fields.get<std::string>("steer_by");
  if (cpsel::find_metric(service.steer_by) == nullptr)
    fields.problem("steer_by", "is \"" + service.steer_by + "\", no metric");
  service.algorithm = fields.get<std::string>("algorithm");
  service.parameters = read_parameters(fields);
  if (const auto wrong = check_algorithm(service.algorithm, service.parameters))
    fields.problem("algorithm", "is refused: " + *wrong);
  for (JsonFields& one : fields.objects("instances"))
    service.instances.push_back(
        {one.get<IpAddress>("csci"), one.get<std::string>("node"), one.get<double>("capacity")});
  return service;
}

}  // namespace

Expected<ControllerConfig> parse_controller(const json& json) {
  JsonFields fields(json, "controller");
  ControllerConfig config;
  config.node = fields.get<std::string>("node");
  config.events = fields.get<std::string>("events");
  config.control = fields.get<std::string>("control");
  config.seed = fields.get<std::uint64_t>("seed");
  config.candidates = fields.get("candidates", false);
  if (auto rest = fields.object("rest"))
    config.rest = read_rest_server(*rest);
  else
    fields.problem("rest", "is missing");
  if (auto manager = fields.object("manager"))
    config.manager = read_rest_peer(*manager);
  else
    fields.problem("manager", "is missing");
  for (JsonFields& router : fields.objects("routers")) {
    auto rest = router.object("rest");
    if (!rest) router.problem("rest", "is missing");
    config.routers.push_back({router.get<std::string>("node"), rest ? read_rest_peer(*rest) : RestPeerConfig{}});
  }
  for (JsonFields& service : fields.objects("services")) config.services.push_back(read_controlled_service(service));
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return config;
}

int run_controller(const ControllerConfig& config) { return Controller(config).run(); }

}  // namespace cats::roles
