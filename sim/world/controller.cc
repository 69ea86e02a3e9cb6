#include "sim/world/controller.h"

#include <utility>

#include "base/argument.h"
#include "sim/world/lag.h"
#include "sim/world/patience.h"

namespace cats::sim {

using nlohmann::ordered_json;

namespace {

using Sender = cpsel::OrderSender<cpsel::OrderedWeights>;

void add_topology_changes(const char* kind, const std::set<std::string>& before, const std::set<std::string>& now,
                          std::vector<std::string>& changes) {
  for (const std::string& name : now)
    if (!before.contains(name)) changes.push_back(fmt::format("{} {} found", kind, name));
  for (const std::string& name : before)
    if (!now.contains(name)) changes.push_back(fmt::format("{} {} gone", kind, name));
}

}  // namespace

// What is lost with the process.
struct Controller::Process {
  explicit Process(Controller& controller)
      : owner(controller),
        patience(owner.scheduler_),
        orders(owner.log_),
        flow_counts(
            owner.config_.ingresses, owner.config_.services.size(),
            [this](std::size_t ingress, std::size_t service, cpsel::RouterFlowCounts::Answered answered) {
              ask_flows(ingress, service, std::move(answered));
            },
            [this](const std::string& ingress, std::size_t service, const std::string& why) {
              owner.log_.write("flow_counts", {{"router", ingress},
                                               {"service", owner.config_.services[service].cs_id.str()},
                                               {"up", why.empty()},
                                               {"why", why}});
            }),
        selection(
            owner.scheduler_, owner.log_,
            {.seed = owner.config_.seed, .candidates = owner.config_.candidates, .services = owner.config_.services},
            wiring()),
        deciding(owner.scheduler_, owner.config_.deciding) {
    for (std::size_t i = 0; i < owner.config_.routers.size(); ++i) add_router(i);
  }

  cpsel::ControllerSelection::Wiring wiring() {
    return {.make = owner.wiring_.make,
            .decided =
                [this](const cpsel::Decision& decision, const std::string&) {
                  const auto order = cpsel::ordered_weights(decision, owner.config_.services[decision.service].cs_id);
                  for (Sender& sender : senders) sender.steer(order);
                },
            .read_flows =
                [this](std::size_t service, cpsel::FlowCountReader::Counted counted) {
                  flow_counts.read(service, std::move(counted));
                }};
  }

  void add_router(std::size_t index) {
    orders.add(owner.config_.routers[index]);
    senders.emplace_back(
        owner.scheduler_,
        [this, index](const cpsel::OrderedWeights& order, Sender::Done done) { send(index, order, std::move(done)); },
        Sender::Callbacks{
            .in_force = [this, index](const cpsel::OrderedWeights& order,
                                      Instant at) { orders.acknowledged(index, order.service, order.decision, at); },
            .failed = [this, index](const cpsel::OrderedWeights& order, const std::string& why,
                                    bool again) { orders.failed(index, order.decision, why, again); }});
  }

  // Whatever keeps an order from an ingress here may pass.
  void send(std::size_t router, const cpsel::OrderedWeights& order, Sender::Done done) {
    using Answer = Expected<void>;
    owner.wiring_.order(
        router, order,
        patience.within<Answer>(
            kOrderPatience, fail("no answer within {} ms", to_ms(kOrderPatience)),
            [done = std::move(done)](const Answer& answer) {
              done({.failure = answer ? "" : answer.error().message, .refused = false, .unknown = !answer});
            }));
  }

  void ask_flows(std::size_t ingress, std::size_t service, cpsel::RouterFlowCounts::Answered answered) {
    using Answer = Expected<cpsel::RouterFlowCounts::Said>;
    owner.wiring_.flows(ingress, owner.config_.services[service].cs_id,
                        patience.within<Answer>(kFlowsPatience, fail("no answer within {} ms", to_ms(kFlowsPatience)),
                                                std::move(answered)));
  }

  Controller& owner;
  Patience patience;
  cpsel::OrderBook orders;
  std::vector<Sender> senders;  // of the book's routers
  bool manager_up = false;
  std::map<std::string, bool> routers_up = {};
  std::set<std::string> nodes = {}, links = {};
  cpsel::RouterFlowCounts flow_counts;
  cpsel::ControllerSelection selection;
  Lag deciding;
};

Controller::Controller(Scheduler& scheduler, EventLog& log, Config config, Wiring wiring)
    : scheduler_(scheduler), log_(log), config_(std::move(config)), wiring_(std::move(wiring)) {}

Controller::~Controller() = default;

void Controller::start() {
  if (running()) return;
  process_ = std::make_unique<Process>(*this);
  process_->selection.start();
}

void Controller::stop() { process_.reset(); }

void Controller::manager(bool connected, const std::string& why) {
  if (!running()) return;
  process_->manager_up = connected;
  log_.write("manager_state", {{"up", connected}, {"why", why}});
}

void Controller::hear(std::vector<collectors::MetricUpdate> updates) {
  if (!running()) return;
  const Instant received = scheduler_.now();
  cpsel::ControllerSelection& selection = process_->selection;
  collectors::learn(updates, selection.selector(), received);
  collectors::log_received(log_, updates, selection.selector(), received);
  process_->deciding.then([&selection, services = collectors::services_of(updates), this] {
    selection.decide(services, scheduler_.now());
  });
}

void Controller::router(const std::string& node, bool up, const std::string& why) {
  if (!running()) return;
  const auto [known, is_new] = process_->routers_up.try_emplace(node, up);
  if (!is_new && std::exchange(known->second, up) == up) return;
  log_.write("router_state", {{"router", node}, {"up", up}, {"why", why}});
}

void Controller::topology(const std::set<std::string>& nodes, const std::set<std::string>& links) {
  if (!running()) return;
  std::vector<std::string> changes;
  add_topology_changes("node", process_->nodes, nodes, changes);
  add_topology_changes("link", process_->links, links, changes);
  process_->nodes = nodes;
  process_->links = links;
  if (!changes.empty()) log_.write("topology", {{"nodes", nodes}, {"links", links}, {"changes", changes}});
}

void Controller::command(const nlohmann::json& request, const CommandReply& reply) {
  if (!running()) return reply(fail("controller {}: its process does not run", config_.node));
  const auto name = argument<std::string>(request, "do");
  if (name == "status") return reply(status());
  if (name == "algorithm") return choose(request, reply);
  reply(fail("no command \"{}\" in the simulator; there are algorithm, status", name));
}

ordered_json Controller::status() const {
  const cpsel::ControllerSelection& selection = process_->selection;
  return {{"node", config_.node},
          {"role", "controller"},
          {"manager", process_->manager_up},
          {"services", selection.algorithms()},
          {"metrics", selection.metrics()},
          {"selections", selection.selections(process_->orders)},
          {"routers", process_->orders.json()},
          {"nodes", process_->nodes},
          {"links", process_->links}};
}

void Controller::choose(const nlohmann::json& request, const CommandReply& reply) {
  const auto name = argument<std::string>(request, "service");
  const auto address = IpAddress::parse(name);
  const auto service = address ? process_->selection.find(*address) : std::nullopt;
  if (!service) return reply(fail("no service {}", name));
  const std::uint64_t decision = process_->selection.choose(*service, cpsel::algorithm_argument(request));
  process_->orders.when_everywhere(*address, decision, [reply, decision] {
    reply(ordered_json{{"decision", decision}});
  });
}

}  // namespace cats::sim
