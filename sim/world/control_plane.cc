#include "sim/world/control_plane.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "collectors/metric_report_json.h"
#include "scenarios/deployment.h"
#include "sim/world/packet_sizes.h"

namespace cats::sim {

using scenarios::Scenario;
using topologies::Role;

namespace {

// What a client of REST is told of a server that is not there.
constexpr const char* kReset = "connection reset";
constexpr const char* kRefused = "Connection refused";
constexpr const char* kNoWay = "Network is unreachable";

// Of JSON for each instance in an order, or in an answer with counts of flows: an address, a number and signs.
constexpr std::size_t kPerInstance = 60;

Network::Packet message(std::size_t json, Duration after) {
  return {.octets = tcp_octets(kRestOctets + json, true), .after = after};
}

}  // namespace

ControlPlane::ControlPlane(Engine& engine, Scheduler& scheduler, Logs& logs, Network& network, const Scenario& scenario,
                           std::map<std::string, Ingress*> ingresses, std::vector<EdgeServer*> edge_servers,
                           cpsel::AlgorithmMaker make_at_controller)
    : scheduler_(scheduler),
      network_(network),
      processing_(scenario.simulation.rest_processing),
      loss_(scenario.simulation.update_loss),
      manager_node_(scenario.network->with_role(Role::kManager).at(0)->name),
      controller_node_(scenario.network->with_role(Role::kController).at(0)->name),
      ingresses_(std::move(ingresses)),
      edge_servers_(std::move(edge_servers)),
      ask_timer_(scheduler.make_timer()),
      follow_timer_(scheduler.make_timer()),
      later_(engine) {
  const topologies::Topology& topology = *scenario.network;
  for (const auto* node : topology.with_role(Role::kIngress)) ingress_nodes_.push_back(node->name);
  for (const auto& instance : topology.instances) {
    sites_.push_back(instance.node);
    cscis_.push_back(instance.csci);
    losses_.emplace_back(scenario.seed, fmt::format("rest loss/{}", instance.node));
  }
  for (const auto* router : topology.routers()) nodes_.insert(router->name);
  for (const auto& link : topology.links)
    if (link.core)
      links_.insert(fmt::format("{}-{}", std::min(link.a.node, link.b.node), std::max(link.a.node, link.b.node)));
  make_manager(scenario, logs);
  make_controller(scenario, logs, std::move(make_at_controller));
}

void ControlPlane::make_manager(const Scenario& scenario, Logs& logs) {
  const topologies::Topology& topology = *scenario.network;
  const auto phases =
      scenarios::publishing_phases(topology.with_role(Role::kEdgeServer).size(), scenario.interval, scenario.seed);
  Manager::Config config{.node = manager_node_,
                         .interval = scenario.interval,
                         .phase = scenarios::quiet_phase(phases, scenario.interval),
                         .epoch = kWorldBegins,
                         .services = {},
                         .instances = {}};
  for (const auto& service : topology.services) config.services.push_back(service.cs_id);
  for (const auto& instance : topology.instances)
    config.instances.push_back({instance.node, instance.csci, topology.services.at(instance.service).cs_id});
  manager_ = std::make_unique<Manager>(
      scheduler_, logs.of(manager_node_), std::move(config), [this](std::vector<collectors::MetricUpdate> updates) {
        if (!followed_) return;
        const std::size_t octets = octets_of(updates);
        send(manager_node_, controller_node_, octets, [this, turn = turn_, updates = std::move(updates)] {
          if (turn == turn_) controller_->hear(updates);
        });
      });
}

void ControlPlane::make_controller(const Scenario& scenario, Logs& logs, cpsel::AlgorithmMaker make) {
  const topologies::Topology& topology = *scenario.network;
  const bool orders = scenario.cps() != scenarios::Cps::ingress;
  Controller::Config config{.node = controller_node_,
                            .seed = scenario.seed,
                            .candidates = scenario.cps() == scenarios::Cps::split,
                            .deciding = scenario.simulation.deciding,
                            .services = {},
                            .routers = orders ? ingress_nodes_ : std::vector<std::string>{},
                            .ingresses = ingress_nodes_};
  for (const auto& service : topology.services) {
    auto& entry = config.services.emplace_back();
    entry.cs_id = service.cs_id;
    entry.age_limit = scenario.age_limit;
    entry.steer_by = scenario.metrics.steer_by;
    entry.algorithm = scenarios::chosen(scenario.algorithm);
    for (const std::size_t index : service.instances) {
      const auto& instance = topology.instances.at(index);
      entry.instances.push_back({instance.csci, instance.node, scenario.service.quota_of(instance.node)});
    }
  }
  Controller::Wiring wiring{
      .order = [this](std::size_t router, const cpsel::OrderedWeights& weights,
                      const std::function<void(const Expected<void>&)>& answered) { order(router, weights, answered); },
      .flows = [this](std::size_t ingress, const IpAddress& cs_id,
                      const cpsel::RouterFlowCounts::Answered& answered) { ask_flows(ingress, cs_id, answered); },
      .make = std::move(make)};
  controller_ =
      std::make_unique<Controller>(scheduler_, logs.of(controller_node_), std::move(config), std::move(wiring));
}

void ControlPlane::start() {
  start(manager_node_);
  start(controller_node_);
}

void ControlPlane::start(const std::string& node) {
  if (node == manager_node_) {
    manager_->start();
  } else {
    controller_->start();
    controller_->topology(nodes_, links_);
    ask_routers();
    subscribe();
  }
}

void ControlPlane::stop(const std::string& node) {
  ++turn_;
  followed_ = false;
  if (node == manager_node_) {
    manager_->stop();
    // Its kernel resets the subscription.
    const bool way = answer(manager_node_, controller_node_, 0, [this, turn = turn_] {
      if (turn == turn_) not_followed(kReset);
    });
    if (!way) not_followed(kNoWay);
  } else {
    controller_->stop();
    ask_timer_->cancel();
    follow_timer_->cancel();
  }
}

void ControlPlane::command(const std::string& node, const nlohmann::json& request, const CommandReply& reply) {
  if (node == manager_node_) return manager_->command(request, reply);
  controller_->command(request, reply);
}

bool ControlPlane::send(const std::string& from, const std::string& to, std::size_t json, std::function<void()> there) {
  return network_.carry(later_, from, to, message(json, processing_), std::move(there));
}

bool ControlPlane::answer(const std::string& from, const std::string& to, std::size_t json,
                          std::function<void()> there) {
  return network_.carry(later_, from, to, message(json, Duration(0)), std::move(there));
}

std::size_t ControlPlane::octets_of(const collectors::MetricReport& report) const {
  return network_.has_rate() ? collectors::to_json(report, kWallClock).dump().size() : 0;
}

std::size_t ControlPlane::octets_of(const std::vector<collectors::MetricUpdate>& updates) const {
  std::size_t octets = 0;
  for (const auto& update : updates) octets += octets_of(update.report);
  return octets;
}

// The controller asks for the events, and is told a snapshot first.
void ControlPlane::subscribe() {
  const bool way = send(controller_node_, manager_node_, 0, [this, turn = ++turn_] {
    if (turn != turn_) return;
    followed_ = manager_->running();
    const auto snapshot = manager_->snapshot();
    const bool back = answer(manager_node_, controller_node_, octets_of(snapshot),
                             [this, turn, there = manager_->running(), snapshot] {
                               if (turn != turn_) return;
                               if (!there) return not_followed(kRefused);
                               controller_->manager(true, "");
                               controller_->hear(snapshot);
                             });
    if (!back) not_followed(kNoWay);
  });
  if (!way) not_followed(kNoWay);
}

void ControlPlane::not_followed(const std::string& why) {
  if (!controller_->running()) return;
  controller_->manager(false, why);
  follow_timer_->at(scheduler_.now() + kTryAgain, [this] { subscribe(); });
}

void ControlPlane::report(std::size_t site, const collectors::MetricReport& report) {
  const std::string& node = sites_.at(site);
  if (loss_ > 0 && losses_[site].uniform() < loss_) return;
  const bool way = send(node, manager_node_, octets_of(report), [this, site, report] {
    // What it refuses it logs, and nobody sends it again.
    if (manager_->running()) return static_cast<void>(manager_->report(cscis_[site], report));
    answer(manager_node_, sites_[site], 0,
           [this, site, report] { edge_servers_[site]->undelivered(report, kRefused); });
  });
  if (!way) edge_servers_[site]->undelivered(report, kNoWay);
}

void ControlPlane::order(std::size_t router, const cpsel::OrderedWeights& order,
                         const std::function<void(const Expected<void>&)>& answered) {
  const std::string& node = ingress_nodes_.at(router);
  const std::size_t octets = kPerInstance * order.weights.size();
  const bool way = send(controller_node_, node, octets, [this, node, order, answered] {
    ingresses_.at(node)->order(order, [this, node, answered](const Expected<Instant>& acked) {
      const Expected<void> said = acked ? Expected<void>() : tl::make_unexpected(acked.error());
      answer(node, controller_node_, 0, [answered, said] { answered(said); });
    });
  });
  if (!way) answered(fail("{}: {}", node, kNoWay));
}

void ControlPlane::ask_flows(std::size_t ingress, const IpAddress& cs_id,
                             const cpsel::RouterFlowCounts::Answered& answered) {
  const std::string& node = ingress_nodes_.at(ingress);
  const bool way = send(controller_node_, node, 0, [this, node, cs_id, answered] {
    const auto said = ingresses_.at(node)->flows(cs_id);
    answer(node, controller_node_, said ? kPerInstance * said->size() : 0, [answered, said] { answered(said); });
  });
  if (!way) answered(fail("{}: {}", node, kNoWay));
}

void ControlPlane::ask_routers() {
  for (const std::string& node : ingress_nodes_) {
    const bool there = ingresses_.at(node)->running() && network_.delay(controller_node_, node).has_value();
    controller_->router(node, there, there ? "" : kRefused);
  }
  ask_timer_->at(scheduler_.now() + kAsk, [this] { ask_routers(); });
}

}  // namespace cats::sim
