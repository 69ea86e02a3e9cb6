// The control plane of the centralized and hybrid modes, connected: reports from edge servers to the manager (I3), from
// there to the controller (I4), its orders to the ingresses (I1). A message over REST takes the way through the network
// and `rest_processing` at its receiver; its answer the way back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/random.h"
#include "base/scheduler.h"
#include "cpsel/ordered_weights.h"
#include "cpsel/router_flow_counts.h"
#include "scenarios/scenario.h"
#include "sim/world/controller.h"
#include "sim/world/edge_server.h"
#include "sim/world/ingress.h"
#include "sim/world/later.h"
#include "sim/world/logs.h"
#include "sim/world/manager.h"
#include "sim/world/model.h"
#include "sim/world/network.h"

namespace cats::sim {

class ControlPlane {
 public:
  // How long the controller waits before it tries to follow the manager again.
  static constexpr Duration kTryAgain = std::chrono::milliseconds(500);
  // How often the controller asks the routers whether they are there (docs/event-log.md, `router_state`).
  static constexpr Duration kAsk = std::chrono::milliseconds(250);

  // `edge_servers` in the order of Topology::instances. All but the scenario outlives this. Throws UsageError.
  ControlPlane(Engine& engine, Scheduler& scheduler, Logs& logs, Network& network, const scenarios::Scenario& scenario,
               std::map<std::string, Ingress*> ingresses, std::vector<EdgeServer*> edge_servers,
               cpsel::AlgorithmMaker make_at_controller);
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  void start();

  // An edge server sends a report to the manager.
  void report(std::size_t site, const collectors::MetricReport& report);

  // Manager and controller, by node. stop(): as a SIGKILL.
  bool has(const std::string& node) const { return node == manager_node_ || node == controller_node_; }
  void command(const std::string& node, const nlohmann::json& request, const CommandReply& reply);
  void start(const std::string& node);
  void stop(const std::string& node);

 private:
  void make_manager(const scenarios::Scenario& scenario, Logs& logs);
  void make_controller(const scenarios::Scenario& scenario, Logs& logs, cpsel::AlgorithmMaker make);

  // Calls `there` when a message that leaves now was read. False: there is no way. `json`: octets of its body.
  bool send(const std::string& from, const std::string& to, std::size_t json, std::function<void()> there);
  bool answer(const std::string& from, const std::string& to, std::size_t json, std::function<void()> there);
  // 0 where links have no rate.
  std::size_t octets_of(const collectors::MetricReport& report) const;
  std::size_t octets_of(const std::vector<collectors::MetricUpdate>& updates) const;
  void subscribe();
  void not_followed(const std::string& why);  // the controller has lost the manager, or does not find it
  void order(std::size_t router, const cpsel::OrderedWeights& order,
             const std::function<void(const Expected<void>&)>& answered);
  void ask_flows(std::size_t ingress, const IpAddress& cs_id, const cpsel::RouterFlowCounts::Answered& answered);
  void ask_routers();

  Scheduler& scheduler_;
  Network& network_;
  Duration processing_;
  double loss_;
  std::uint64_t turn_ = 0;  // of the subscription to the manager: what belongs to an earlier one is not heard
  bool followed_ = false;   // the manager has a subscription
  std::string manager_node_, controller_node_;
  std::map<std::string, Ingress*> ingresses_;
  std::vector<std::string> ingress_nodes_;  // in the topology's order
  std::vector<EdgeServer*> edge_servers_;   // by site
  std::vector<std::string> sites_;          // their nodes
  std::vector<IpAddress> cscis_;
  std::vector<RandomStream> losses_;     // by site
  std::set<std::string> nodes_, links_;  // of the core
  std::unique_ptr<Manager> manager_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<Timer> ask_timer_;
  std::unique_ptr<Timer> follow_timer_;
  Later later_;
};

}  // namespace cats::sim
