#include "emulator/roles/controller.h"

#include "emulator/roles/agent.h"
#include "emulator/roles/controller_flows.h"
#include "emulator/roles/controller_metrics.h"
#include "emulator/roles/controller_rest.h"
#include "http/asio_scheduler.h"
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

std::vector<IpAddress> cs_ids_of(const ControllerConfig& config) {
  std::vector<IpAddress> all;
  for (const auto& service : config.services) all.push_back(service.cs_id);
  return all;
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
        agent_(config, "controller"),
        index_(by_cs_id(config)),
        histories_(config.services.size()),
        orders_(agent_.events()),
        topology_(config.inventory),
        rest_(agent_.io(), config_, *this, agent_.events()),
        manager_(agent_.io().get_executor(), config.manager.endpoint(), "/v1/metrics/events",
                 {.event = [this](const http::StreamEvent& event) { on_event(event); },
                  .state = [this](bool connected, const std::string& why) { on_manager(connected, why); }}),
        agents_(agent_.io().get_executor(), endpoints_of(config.agents),
                {.state = [this](const std::string& router, bool up,
                                 const std::string& why) { on_router(router, up, why); },
                 .link_state = [this](const std::string& router,
                                      const std::optional<LinkState>& state) { on_link_state(router, state); }}),
        router_flows_(agent_.io().get_executor(), endpoints_of(config.agents), cs_ids_of(config),
                      [this](const std::string& router, std::size_t service, const std::string& why) {
                        on_flow_counts(router, service, why);
                      }),
        selection_(scheduler_, agent_.events(),
                   {.seed = config.seed, .candidates = config.candidates, .services = config.services}, wiring()) {
    for (const auto& router : config_.routers) add(router);
    commands();
  }

  int run() {
    port_ = rest_.listen();
    manager_.start();
    agents_.start();
    selection_.start();
    return agent_.run();
  }

 private:
  cpsel::ControllerSelection::Wiring wiring() {
    return {.make = make_algorithm,
            .decided = [this](const cpsel::Decision& decision, const std::string& text) { decided(decision, text); },
            .read_flows =
                [this](std::size_t service, cpsel::FlowCountReader::Counted counted) {
                  router_flows_.read(service, std::move(counted));
                }};
  }

  void add(const ControllerConfig::Router& router) {
    const std::size_t index = southbound_.size();
    Southbound::Callbacks callbacks;
    // Of the agent's orders the ingress logs this. FRR tells nobody but who asks.
    callbacks.in_force = [this, index, log_it = router.southbound.by_frr()](const SteeringOrder& order, Instant at) {
      if (log_it)
        agent_.events().write_at(
            at, "route_installed",
            {{"decision", order.decision}, {"acked_ns", to_ns(at)}, {"router", orders_.routers()[index].node}});
      orders_.acknowledged(index, order.service, order.decision, at);
    };
    callbacks.failed = [this, index](const SteeringOrder& order, const std::string& why, bool again) {
      orders_.failed(index, order.decision, why, again);
    };
    orders_.add(router.node);
    southbound_.push_back(make_southbound(agent_.io().get_executor(), router.southbound, std::move(callbacks)));
  }

  void commands() {
    agent_.on_status([this] {
      return ordered_json{{"port", port_},
                          {"manager", manager_state_.up},
                          {"services", selection_.algorithms()},
                          {"metrics", selection_.metrics()},
                          {"selections", selection_.selections(orders_)},
                          {"routers", orders_.json()},
                          {"nodes", topology_.nodes()},
                          {"links", topology_.links()}};
    });
    agent_.on_stop([this](const std::function<void()>& done) {
      selection_.stop();
      manager_.stop();
      agents_.stop();
      router_flows_.stop();
      southbound_.clear();
      rest_.close();
      done();
    });
    agent_.control().on("algorithm", [this](const json& request, control::Reply reply) {
      const auto name = control::argument<std::string>(request, "service");
      const auto address = IpAddress::parse(name);
      const auto service = address ? selection_.find(*address) : std::nullopt;
      if (!service) return reply.fail("no service " + name);
      const std::uint64_t decision = selection_.choose(*service, cpsel::algorithm_argument(request));
      orders_.when_everywhere(*address, decision, [reply, decision] { reply.ok({{"decision", decision}}); });
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
      learn(updates, selection_.selector(), received);
      log_received(agent_.events(), updates, selection_.selector(), received);
      selection_.decide(services_of(updates), received);
    });
  }

  void bad_event(const std::string& why) {
    ++manager_state_.bad;
    agent_.events().write("bad_event", {{"why", why}});
  }

  void on_flow_counts(const std::string& router, std::size_t service, const std::string& why) {
    agent_.events().write(
        "flow_counts",
        {{"router", router}, {"service", config_.services[service].cs_id.str()}, {"up", why.empty()}, {"why", why}});
  }

  // Decisions out.

  void decided(const cpsel::Decision& decision, const std::string& text) {
    histories_[decision.service].add(wall_.unix_ns(decision.when), text);
    rest_.decided(text);
    const SteeringOrder order = order_of(decision, config_.services[decision.service].cs_id, wall_);
    for (const auto& southbound : southbound_) southbound->steer(order);
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
  const cpsel::ControllerSelection& selection() const override { return selection_; }
  const SelectionHistory& history(std::size_t service) const override { return histories_[service]; }
  const cpsel::OrderBook& orders() const override { return orders_; }
  const KnownTopology& topology() const override { return topology_; }
  std::optional<bool> answers(const std::string& router) const override { return agents_.up(router); }
  void ask_routers(const std::string& target, std::function<void(std::vector<RouterAgents::Answer>)> done) override {
    agents_.ask(target, std::move(done));
  }
  std::uint64_t choose(std::size_t service, ChosenAlgorithm algorithm) override {
    return selection_.choose(service, std::move(algorithm));
  }

  ControllerConfig config_;
  Agent agent_;
  http::AsioScheduler scheduler_{agent_.io().get_executor()};
  collectors::WallClock wall_ = collectors::WallClock::of_this_machine();
  std::map<IpAddress, std::size_t> index_;  // of services
  std::vector<SelectionHistory> histories_;
  cpsel::OrderBook orders_;
  std::vector<std::unique_ptr<Southbound>> southbound_;  // of the book's routers
  std::uint16_t port_ = 0;
  ManagerState manager_state_;
  KnownTopology topology_;
  ControllerRest rest_;
  http::EventSource manager_;
  RouterAgents agents_;
  RouterFlowCounts router_flows_;
  cpsel::ControllerSelection selection_;
};

}  // namespace

int run_controller(const ControllerConfig& config) { return Controller(config).run(); }

}  // namespace cats::roles
