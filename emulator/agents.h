// The processes of a run's agents.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "emulator/agent_plan.h"
#include "emulator/control/client.h"
#include "emulator/kernel/process.h"
#include "emulator/world.h"

namespace cats {

class Agents {
 public:
  // Starts all of them and returns when each answers on its control socket. `catsd` is the program. Throws
  // MeasurementError naming the agent and the end of its log.
  Agents(World& world, const std::map<std::string, AgentPlan>& plans, AgentPaths paths, std::filesystem::path catsd);

  // Brings the same agents to other plans: by command where there is one, else by starting those anew whose
  // configuration differs. True when one was started anew: sessions and metrics have to come back first.
  bool change(const std::map<std::string, AgentPlan>& plans);

  // SIGKILL; returns when it has ended. dead() does not name it until it is restored.
  void lose(const std::string& name);
  // Started anew by its plan; returns when it answers. Nothing happens to one that was not lost.
  void restore(const std::string& name);

  nlohmann::json command(const std::string& agent, const nlohmann::json& request,
                         Duration timeout = std::chrono::seconds(10));
  // What the control group of an edge server's service has used.
  Duration service_cpu_time(const std::string& edge_server) const { return thread_groups_.at(edge_server).usage(); }
  // The first agent that has ended, other than by lose(): name, exit status, last line of its log; else "".
  std::string dead();
  // In order: hosts, the REST load, controller, ingresses, edge servers (BGP Cease), manager, tap.
  void stop();

 private:
  struct Agent {
    AgentPlan plan;
    kernel::Process process;
    std::filesystem::path log;
    std::unique_ptr<control::Client> client;
    bool lost = false;  // on purpose
  };

  Agent& find(const std::string& name);  // throws MeasurementError
  void set_quota(const std::string& name, const AgentPlan& plan);
  void start(const std::string& name, const AgentPlan& plan);
  void start_exporter(const std::string& name, const AgentPlan& plan);
  void end(const std::string& name);
  void connect(const std::string& name, Instant deadline);
  std::string death_of(const std::string& name, Agent& agent) const;

  World& world_;
  AgentPaths paths_;
  std::filesystem::path catsd_;
  std::map<std::string, kernel::Cgroup> thread_groups_;  // of edge servers, with their quotas
  std::map<std::string, Agent> agents_;
  struct Exporter {
    std::vector<std::string> argv;
    kernel::Process process;
  };
  std::map<std::string, Exporter> exporters_;  // by edge server; they go on when its agent is lost
};

}  // namespace cats
