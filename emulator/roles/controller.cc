#include "emulator/roles/controller.h"

#include <algorithm>

#include <boost/asio/steady_timer.hpp>

#include "emulator/roles/agent.h"
#include "emulator/roles/controller_metrics.h"
#include "emulator/roles/controller_rest.h"
#include "emulator/roles/decision_event.h"
#include "emulator/roles/ingress.h"
#include "http/rest_client.h"

namespace cats::roles {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::map<IpAddress, std::size_t> by_cs_id(const ControllerConfig& config) {
  std::map<IpAddress, std::size_t> index;
  for (std::size_t i = 0; i < config.services.size(); ++i) index[config.services[i].cs_id] = i;
  return index;
}

std::vector<RouterAgents::Router> endpoints_of(const std::vector<ControllerConfig::RouterAgent>& agents) {
  std::vector<RouterAgents::Router> routers;
  for (const auto& agent : agents) routers.push_back({agent.node, agent.rest.endpoint()});
  return routers;
}

// Metrics in, decisions out, orders to the routers.
class Controller final : private ControllerState {
 public:
  explicit Controller(const ControllerConfig& config)
      : config_(config),
        agent_(config.node, "controller", config.events, config.control),
        selector_(config.seed, id_before(std::chrono::steady_clock::now())),
        index_(by_cs_id(config)),
        topology_(config.inventory),
        rest_(agent_.io(), config_, *this, agent_.events()),
        manager_(agent_.io().get_executor(), config.manager.endpoint(), "/v1/metrics/events",
                 {.event = [this](const http::StreamEvent& event) { on_event(event); },
                  .state = [this](bool connected, const std::string& why) { on_manager(connected, why); }}),
        agents_(agent_.io().get_executor(), endpoints_of(config.agents),
                {.state = [this](const std::string& router, bool up,
                                 const std::string& why) { on_router(router, up, why); },
                 .link_state = [this](const std::string& router,
                                      const std::optional<LinkState>& state) { on_link_state(router, state); }}) {
    for (const auto& service : config_.services) add(service);
    for (const auto& router : config_.routers) add(router);
    commands();
  }

  int run() {
    port_ = rest_.listen();
    manager_.start();
    agents_.start();
    return agent_.run();
  }

 private:
  struct Waiting {  // who asked for a decision and is answered when every router has it
    IpAddress service;
    std::uint64_t decision;
    control::Reply reply;
  };

  void add(const ControllerConfig::Service& service) {
    cpsel::ServiceSettings settings{service.cs_id.str(), service.steer_by, service.age_limit, {}};
    for (const auto& instance : service.instances) settings.capacities[{instance.csci, 0}] = instance.capacity;
    selector_.add_service(std::move(settings), *cpsel::find_algorithm(service.algorithm),
                          std::move(*cpsel::make_algorithm(service.algorithm, service.parameters)));
    services_.push_back({.algorithm = service.algorithm, .parameters = service.parameters});
  }

  void add(const ControllerConfig::Router& router) {
    const std::size_t index = routers_.size();
    Southbound::Callbacks callbacks;
    // Of the agent's orders the ingress logs this. FRR tells nobody but who asks.
    callbacks.in_force = [this, index, log_it = router.southbound.by_frr()](const SteeringOrder& order, Instant at) {
      if (log_it)
        agent_.events().write_at(
            at, "route_installed",
            {{"decision", order.decision}, {"acked_ns", to_ns(at)}, {"router", routers_[index].node}});
      in_force(index, order, at);
    };
    callbacks.failed = [this, index](const SteeringOrder& order, const std::string& why, bool again) {
      order_failed(index, order, why, again);
    };
    routers_.push_back({.node = router.node});
    southbound_.push_back(make_southbound(agent_.io().get_executor(), router.southbound, std::move(callbacks)));
  }

  void commands() {
    agent_.on_status([this] {
      return ordered_json{{"port", port_},
                          {"manager", manager_state_.up},
                          {"metrics", rest_.metrics()},
                          {"selections", rest_.selections()},
                          {"routers", rest_.routers()},
                          {"nodes", topology_.nodes()},
                          {"links", topology_.links()}};
    });
    agent_.on_stop([this](const std::function<void()>& done) {
      age_timer_.cancel();
      manager_.stop();
      agents_.stop();
      southbound_.clear();
      rest_.close();
      done();
    });
    agent_.control().on("algorithm", [this](const json& request, control::Reply reply) {
      const auto name = control::argument<std::string>(request, "service");
      const auto address = IpAddress::parse(name);
      const auto service = address ? config_.find(*address) : std::nullopt;
      if (!service) return reply.fail("no service " + name);
      const auto parameters = request.contains("parameters")
                                  ? control::argument<cpsel::Parameters>(request, "parameters")
                                  : cpsel::Parameters{};
      const std::uint64_t decision = choose(*service, control::argument<std::string>(request, "name"), parameters);
      waiting_.push_back({*address, decision, std::move(reply)});
      answer_waiting();
    });
  }

  // Metrics in.

  void on_manager(bool connected, const std::string& why) {
    manager_state_.up = connected;
    agent_.events().write("manager_state", {{"up", connected}, {"why", why}});
  }

  void on_event(const http::StreamEvent& event) {
    const Instant received = std::chrono::steady_clock::now();
    ++manager_state_.events;
    manager_state_.heard = received;
    agent_.events().together([&] {
      std::vector<MetricUpdate> updates =
          read_updates(event.data, index_, wall_, [this](const std::string& why) { bad_event(why); });
      learn(updates, selector_, received);
      log_received(agent_.events(), updates, selector_, received);
      for (const std::size_t service : services_of(updates)) apply(selector_.choose(service, received));
      arm_age_timer();
    });
  }

  void bad_event(const std::string& why) {
    ++manager_state_.bad;
    agent_.events().write("bad_event", {{"why", why}});
  }

  // Decisions out. Whoever applies some arms the age timer afterwards, once.

  void apply(const cpsel::Decision& decision) {
    const std::string told = decision_text(decision);
    agent_.events().write_object(config_.candidates ? "candidate" : "decision", told);
    services_[decision.service].last = decision;
    services_[decision.service].history.add(wall_.unix_ns(decision.when), told);
    rest_.decided(told);
    const SteeringOrder order = order_of(decision, config_.services[decision.service].cs_id, wall_);
    for (const auto& southbound : southbound_) southbound->steer(order);
  }

  void in_force(std::size_t index, const SteeringOrder& order, Instant at) {
    RouterState& router = routers_[index];
    router.in_force[order.service] = order.decision;
    router.failure.clear();
    agent_.events().write_at(at, "order_acknowledged",
                             {{"router", router.node}, {"service", order.service.str()}, {"decision", order.decision}});
    answer_waiting();
  }

  void order_failed(std::size_t index, const SteeringOrder& order, const std::string& why, bool again) {
    RouterState& router = routers_[index];
    if (router.failure != why)
      agent_.events().write(
          "order_failed",
          {{"router", router.node}, {"decision", order.decision}, {"why", why}, {"tried_again", again}});
    router.failure = why;
  }

  void answer_waiting() {
    std::erase_if(waiting_, [this](Waiting& one) {
      const bool everywhere = std::ranges::all_of(routers_, [&](const RouterState& router) {
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
      arm_age_timer();
    });
  }

  // The network.

  void on_router(const std::string& router, bool up, const std::string& why) {
    agent_.events().write("router_state", {{"router", router}, {"up", up}, {"why", why}});
  }

  void on_link_state(const std::string& router, const std::optional<LinkState>& state) {
    const auto changes = topology_.learn(router, state, std::chrono::steady_clock::now());
    if (!changes.empty())
      agent_.events().write("topology",
                            {{"nodes", topology_.nodes()}, {"links", topology_.links()}, {"changes", changes}});
  }

  // What the REST interface asks.

  const ManagerState& manager() const override { return manager_state_; }
  const std::vector<ServiceState>& services() const override { return services_; }
  const std::vector<RouterState>& routers() const override { return routers_; }
  const KnownTopology& topology() const override { return topology_; }
  const cpsel::Report* report(std::size_t service, const IpAddress& csci) const override {
    return selector_.report(service, {csci, 0});
  }
  std::optional<bool> answers(const std::string& router) const override { return agents_.up(router); }
  void ask_routers(const std::string& target, std::function<void(std::vector<RouterAgents::Answer>)> done) override {
    agents_.ask(target, std::move(done));
  }
  std::uint64_t choose(std::size_t service, const std::string& name, const cpsel::Parameters& parameters) override {
    if (const auto wrong = check_algorithm(name, parameters)) throw UsageError(*wrong);
    services_[service].algorithm = name;
    services_[service].parameters = parameters;
    const auto decision =
        selector_.set_algorithm(service, *cpsel::find_algorithm(name),
                                std::move(*cpsel::make_algorithm(name, parameters)), std::chrono::steady_clock::now());
    apply(decision);
    arm_age_timer();
    return decision.id;
  }

  ControllerConfig config_;
  Agent agent_;
  collectors::WallClock wall_ = collectors::WallClock::of_this_machine();
  cpsel::Selector selector_;
  std::map<IpAddress, std::size_t> index_;  // of services
  std::vector<ServiceState> services_;
  std::vector<RouterState> routers_;
  std::vector<std::unique_ptr<Southbound>> southbound_;  // of routers_
  std::vector<Waiting> waiting_;
  std::uint16_t port_ = 0;
  ManagerState manager_state_;
  KnownTopology topology_;
  boost::asio::steady_timer age_timer_{agent_.io()};
  ControllerRest rest_;
  http::EventSource manager_;
  RouterAgents agents_;
};

}  // namespace

int run_controller(const ControllerConfig& config) { return Controller(config).run(); }

}  // namespace cats::roles
