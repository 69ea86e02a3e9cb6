#include "emulator/agent_plan.h"

#include <algorithm>

#include "cpsel/metrics_json.h"
#include "emulator/control_plane.h"
#include "emulator/kernel/leftovers.h"
#include "emulator/roles/codes.h"
#include "emulator/roles/ingress.h"
#include "emulator/world.h"
#include "scenarios/deployment.h"

namespace cats {
namespace {

using nlohmann::ordered_json;
using scenarios::Mode;
using scenarios::Scenario;
using scenarios::Via;
using topologies::Node;
using topologies::Role;
using topologies::Topology;

std::filesystem::path events_file(const AgentPaths& paths, const std::string& agent) {
  return paths.run_directory / "events" / (agent + ".jsonl");
}

std::filesystem::path control_socket(const AgentPaths& paths, const std::string& agent) {
  return paths.state / (agent + ".control");
}

ordered_json common(const std::string& name, const AgentPaths& paths) {
  return {{"node", name}, {"events", events_file(paths, name)}, {"control", control_socket(paths, name)}};
}

// Agents speak BGP too, and need a router id that no router has: by the node's position in the file.
IpAddress router_id(const std::string& node, const Topology& topology) {
  const auto position = std::ranges::find(topology.nodes, node, &Node::name) - topology.nodes.begin();
  return IpAddress::of("198.19.192.1").plus(static_cast<std::uint64_t>(position));
}

ordered_json edge_server(const Scenario& scenario, const Node& node, const std::string& run, const AgentPaths& paths,
                         Instant epoch, Duration phase) {
  const Topology& topology = *scenario.network;
  const auto& instance = topology.instances.at(*node.instance);
  const auto session = topologies::edge_session(topology, node);
  ordered_json config = common(node.name, paths);
  config["samples"] = paths.run_directory / "samples";
  config["cs_id"] = topology.services.at(instance.service).cs_id.str();
  config["csci"] = instance.csci.str();
  config["port"] = scenario.service.port;
  config["workers"] = scenario.service.workers;
  config["queue_limit"] = scenario.service.queue_limit;
  config["cgroup"] = kernel::cgroup_name(run, node.name) + "/" + kServiceGroup;
  config["interval_ns"] = scenario.interval.count();
  config["window_ns"] = scenario.metrics.window.count();
  config["phase_ns"] = phase.count();
  config["epoch_ns"] = to_ns(epoch);
  config["refresh"] = to_string(scenario.refresh);
  config["site_preference"] = 1;
  config["metrics"] = cpsel::to_json(scenario.metrics.declared);
  if (const auto& prometheus = scenario.metrics.prometheus; prometheus && prometheus->at(node.name))
    config["prometheus"] = collectors::to_json(prometheus->source);
  config["bgp"] = {{"local_as", session.local_as},
                   {"peer_as", session.remote_as},
                   {"router_id", router_id(node.name, topology).str()},
                   {"local_address", session.local.str()},
                   {"peer_address", session.remote.str()},
                   {"transit", scenario.attribute.transit},
                   {"codes", roles::to_json(scenarios::codes_of(scenario.attribute))}};
  if (const auto metrics = scenarios::metrics_by(Via::bgp, scenario)) config["bgp"]["metrics"] = *metrics;
  if (scenario.mode == Mode::distributed) return config;
  const Node& manager = *topology.with_role(Role::kManager).at(0);
  config["manager"] = roles::to_json(Credentials(paths.state).peer(manager, node.name));
  if (const auto metrics = scenarios::metrics_by(Via::controller, scenario)) config["manager"]["metrics"] = *metrics;
  return config;
}

std::vector<std::string> exporter_of(const Scenario& scenario, const std::string& edge_server) {
  const auto& prometheus = scenario.metrics.prometheus;
  return prometheus && prometheus->at(edge_server) ? prometheus->exporter : std::vector<std::string>{};
}

// The session table's timers for the run: the kernel's defaults are minutes to days, and ageing is measured.
kernel::ConntrackTimeouts session_timers(Duration timer) {
  const auto seconds = static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(timer).count());
  kernel::ConntrackTimeouts timeouts;
  timeouts.close_s = timeouts.time_wait_s = timeouts.fin_wait_s = timeouts.close_wait_s = timeouts.last_ack_s = seconds;
  return timeouts;
}

roles::IngressConfig ingress(const Scenario& scenario, const Node& node, const AgentPaths& paths) {
  const Topology& topology = *scenario.network;
  const auto session = topologies::agent_sessions(topology, node).front();
  roles::IngressConfig config;
  config.node = node.name;
  config.events = events_file(paths, node.name);
  config.control = control_socket(paths, node.name);
  config.seed = scenario.seed;
  config.bgp = {.local_address = session.local,
                .peer_address = session.remote,
                .as = session.local_as,
                .router_id = router_id(node.name, topology),
                .standard = !scenario.attribute.transit};
  config.codes = scenarios::codes_of(scenario.attribute);
  config.cps = scenarios::ingress_cps(scenario);
  if (scenario.mode != Mode::distributed) config.rest = Credentials(paths.state).server(node);
  config.igp = {.protocol = roles::IgpConfig::Protocol::ospfv3,
                .vty = World::vty_socket(paths.state, node.name, "ospf6d")};
  config.slots = scenarios::flow_table_slots(topology);
  config.conntrack = !scenarios::has_fault(scenario, "no-conntrack", node.name);
  config.session_timers = session_timers(scenarios::session_timer(scenario));
  const scenarios::OwnSelection own = scenarios::selection_at_ingress(scenario);
  for (const auto& service : topology.services) {
    roles::IngressConfig::Service entry{.cs_id = service.cs_id,
                                        .interval = scenario.interval,
                                        .age_limit = scenario.age_limit,
                                        .steer_by = own.steer_by,
                                        .algorithm = own.algorithm,
                                        .instances = {}};
    for (const std::size_t index : service.instances) {
      const auto& instance = topology.instances.at(index);
      entry.instances.push_back({.csci = instance.csci,
                                 .sid = instance.sid,
                                 .mark = instance.mark,
                                 .table = instance.table,
                                 .capacity = scenario.service.quota_of(instance.node)});
    }
    config.services.push_back(std::move(entry));
  }
  return config;
}

void plan_control_plane(const Scenario& scenario, const AgentPaths& paths, Instant epoch, Duration phase,
                        std::map<std::string, AgentPlan>& plans) {
  const Credentials credentials(paths.state);
  const auto add = [&](const char* role, const std::string& node, const ordered_json& more) {
    ordered_json config = common(node, paths);
    config.update(more);
    plans[node] = {.role = role, .config = std::move(config)};
  };
  const Topology& topology = *scenario.network;
  add("manager", topology.with_role(Role::kManager).at(0)->name, manager_config(scenario, credentials, epoch, phase));
  add("controller", topology.with_role(Role::kController).at(0)->name, controller_config(scenario, credentials));
  add(kRestLoad, kRestLoad, rest_load_config(scenario, credentials));
  plans[kRestLoad].node = topology.with_role(Role::kManager).at(0)->name;
}

}  // namespace

std::map<std::string, AgentPlan> plan_agents(const Scenario& scenario, const std::string& run, const AgentPaths& paths,
                                             Instant epoch) {
  const Topology& topology = *scenario.network;
  std::map<std::string, AgentPlan> plans;
  const auto edge_servers = topology.with_role(Role::kEdgeServer);
  const auto phases = scenarios::publishing_phases(edge_servers.size(), scenario.interval, scenario.seed);
  for (std::size_t i = 0; i < edge_servers.size(); ++i)
    plans[edge_servers[i]->name] = {.role = "edge-server",
                                    .config = edge_server(scenario, *edge_servers[i], run, paths, epoch, phases[i]),
                                    .quota_cores = scenario.service.quota_of(edge_servers[i]->name),
                                    .quota_period = scenario.service.quota_period,
                                    .exporter = exporter_of(scenario, edge_servers[i]->name)};
  for (const Node* node : topology.with_role(Role::kIngress))
    plans[node->name] = {.role = "ingress", .config = ingress(scenario, *node, paths).to_json()};
  for (const Node* node : topology.with_role(Role::kHost)) {
    ordered_json config = common(node->name, paths);
    config["samples"] = paths.run_directory / "samples";
    plans[node->name] = {.role = "host", .config = std::move(config)};
  }
  if (scenario.mode != Mode::distributed)
    plan_control_plane(scenario, paths, epoch, scenarios::quiet_phase(phases, scenario.interval), plans);
  ordered_json tap = common("tap", paths);
  tap["codes"] = roles::to_json(scenarios::codes_of(scenario.attribute));
  tap["routers"] = ordered_json::array();
  for (const Node* node : topology.routers())
    tap["routers"].push_back(
        {{"router", node->name},
         {"netns", std::filesystem::path(kernel::kNamespaceDirectory) / kernel::namespace_name(run, node->name)},
         {"port", World::bmp_port()}});
  plans["tap"] = {.role = "tap", .config = std::move(tap)};
  return plans;
}

}  // namespace cats
