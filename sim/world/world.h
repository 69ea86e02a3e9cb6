// All entities of a simulated run, made from a scenario and connected: edge servers, ingresses, hosts, BGP's way
// between them, and in the modes with a controller that, the edge server manager and the ways of REST. One engine, one
// thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "cpsel/chosen_algorithm.h"
#include "scenarios/scenario.h"
#include "scenarios/testbed.h"
#include "sim/engine.h"
#include "sim/scheduler.h"
#include "sim/world/bgp_path.h"
#include "sim/world/control_plane.h"
#include "sim/world/edge_server.h"
#include "sim/world/forwarding.h"
#include "sim/world/host.h"
#include "sim/world/ingress.h"
#include "sim/world/later.h"
#include "sim/world/logs.h"
#include "sim/world/model.h"
#include "sim/world/network.h"

namespace cats::sim {

// The emulator's test port at the controller: here there is nothing that it could hold or flood.
inline constexpr const char* kRestLoad = "rest-load";

class World {
 public:
  // How long packets still pass a router whose daemons were killed: OSPF's dead interval.
  static constexpr Duration kDeadInterval = std::chrono::seconds(4);
  // From a start to answers: of a process, of a router's daemons.
  static constexpr Duration kProcessStart = std::chrono::milliseconds(35);
  static constexpr Duration kDaemonsStart = std::chrono::milliseconds(150);
  // From when its daemons answer to when a router passes packets again: OSPF's adjacencies.
  static constexpr Duration kAdjacency = std::chrono::milliseconds(2200);
  // How the C-PS of a node makes its algorithms.
  using Makers = std::function<cpsel::AlgorithmMaker(const std::string& node)>;

  // It is `begins` then. The scenario, with its network, is read here and not kept; `logs` outlives the world.
  // `samples` is the directory of the CSV files. Throws UsageError, SystemError.
  World(const scenarios::Scenario& scenario, Logs& logs, const std::filesystem::path& samples, Instant begins,
        Makers makers);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Instant now() const { return engine_.now(); }
  void run_until(Instant end) { engine_.run_until(end); }
  void pause() { engine_.stop(); }  // run_until() returns after the event that is handled

  // Throws MeasurementError for a node without an agent, or whose agent is lost, UsageError for bad arguments. `reply`
  // may be called later, or never.
  void command(const std::string& node, const nlohmann::json& request, const CommandReply& reply);

  void set_quota(const std::string& edge_server, double cores);
  Duration cpu_time(const std::string& edge_server) const;  // throws MeasurementError

  // The first algorithm that failed: which, where and why; "" when none has. The world is paused when one does.
  const std::string& algorithm_failure() const { return algorithm_failure_; }

  // As scenarios::Testbed, but that restore() takes no time: what it starts answers at once. Hosts stay.
  void lose(const std::string& node, scenarios::Part part);
  bool lost(const std::string& node, scenarios::Part part) const { return lost_.contains({node, part}); }
  void restore(const std::string& node, scenarios::Part part);
  void set_link(const std::string& a, const std::string& b, bool up);
  void restore_all();

  void flush();  // rows of samples; throws SystemError

 private:
  using Lost = std::pair<std::string, scenarios::Part>;

  void make_edge_servers(const scenarios::Scenario& scenario, Logs& logs, const std::filesystem::path& samples);
  void make_ingresses(const scenarios::Scenario& scenario, Logs& logs);
  void make_bgp(const scenarios::Scenario& scenario, Logs& logs);
  void make_hosts(Logs& logs, const std::filesystem::path& samples);
  void make_control_plane(const scenarios::Scenario& scenario, Logs& logs);
  std::vector<EdgeServer::Way> ways_of(const scenarios::Scenario& scenario, std::size_t site);
  void start();

  cpsel::AlgorithmMaker maker_of(const std::string& node);
  std::size_t site_of(const std::string& edge_server) const;  // throws MeasurementError
  void stop_agent(const std::string& node);
  void start_agent(const std::string& node);
  void stop_routing(const std::string& router);
  void start_routing(const std::string& router);

  topologies::Topology topology_;
  Model model_;
  Makers makers_;
  std::string algorithm_failure_;
  Engine engine_;
  VirtualScheduler scheduler_{engine_};
  Later later_{engine_};
  Network network_;
  std::vector<std::string> sites_;                         // edge servers, in the order of Topology::instances
  std::vector<std::unique_ptr<EdgeServer>> edge_servers_;  // of sites_
  std::map<std::string, std::unique_ptr<Ingress>> ingresses_;
  std::map<std::string, std::unique_ptr<Host>> hosts_;
  std::unique_ptr<ControlPlane> control_plane_;  // null in the distributed mode
  std::unique_ptr<BgpPath> bgp_;
  std::unique_ptr<Forwarding> forwarding_;
  std::set<Lost> lost_;
  std::set<std::pair<std::string, std::string>> down_;  // links, as they were named
  std::map<std::string, std::uint32_t> routing_turn_;   // by router: how often its daemons were lost or came back
};

}  // namespace cats::sim
