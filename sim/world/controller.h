// The SDN controller in virtual time: follows the edge server manager, runs the C-PS (cpsel/controller_selection.h) and
// orders the ingresses (cpsel/order_sender.h). Commands and events are those of the emulator's (docs/control.md,
// docs/event-log.md). What it learns of the network's topology it is told: no IGP is simulated.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/event_log.h"
#include "base/scheduler.h"
#include "collectors/metric_updates.h"
#include "cpsel/controller_selection.h"
#include "cpsel/order_sender.h"
#include "cpsel/ordered_weights.h"
#include "cpsel/router_flow_counts.h"
#include "sim/world/model.h"

namespace cats::sim {

class Controller {
 public:
  static constexpr Duration kOrderPatience = std::chrono::seconds(2);
  static constexpr Duration kFlowsPatience = std::chrono::milliseconds(200);

  struct Config {
    std::string node;
    std::uint64_t seed = 0;
    bool candidates = false;  // what it decides is refined by the ingresses
    Duration deciding{};      // from what the manager told to the decision on it
    std::vector<cpsel::ControllerSelection::Service> services;
    std::vector<std::string> routers;    // that take orders
    std::vector<std::string> ingresses;  // that are asked for their counts of new flows
  };
  struct Wiring {
    // An order to routers[i]. `answered`: it is in force there, or why not; perhaps never.
    std::function<void(std::size_t router, const cpsel::OrderedWeights& order,
                       std::function<void(const Expected<void>&)> answered)>
        order;
    // Asks ingresses[i] for its counts of new flows; `answered` perhaps never.
    std::function<void(std::size_t ingress, const IpAddress& cs_id, cpsel::RouterFlowCounts::Answered answered)> flows;
    cpsel::AlgorithmMaker make = make_of_the_registry;
  };

  Controller(Scheduler& scheduler, EventLog& log, Config config, Wiring wiring);
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // Throws UsageError when an algorithm is refused. stop(): as a SIGKILL; nothing that it knew is kept.
  void start();
  void stop();
  bool running() const { return process_ != nullptr; }

  // Of its subscription to the manager.
  void manager(bool connected, const std::string& why);
  // The manager told it this, a snapshot or an update.
  void hear(std::vector<collectors::MetricUpdate> updates);
  // Whether a router's agent answers; an event when that changes, and at first.
  void router(const std::string& node, bool up, const std::string& why);
  // What the routers' IGP has now, "r1-r2" for a link; an event when that changes.
  void topology(const std::set<std::string>& nodes, const std::set<std::string>& links);

  void command(const nlohmann::json& request, const CommandReply& reply);  // status, algorithm

 private:
  struct Process;

  nlohmann::ordered_json status() const;
  void choose(const nlohmann::json& request, const CommandReply& reply);

  Scheduler& scheduler_;
  EventLog& log_;
  Config config_;
  Wiring wiring_;
  std::unique_ptr<Process> process_;
};

}  // namespace cats::sim
