#include "emulator/agents.h"

#include <algorithm>
#include <csignal>
#include <numeric>

#include "base/file.h"
#include "base/random.h"
#include "cpsel/metrics_json.h"
#include "emulator/kernel/leftovers.h"
#include "emulator/roles/codes.h"
#include "emulator/roles/ingress.h"

namespace cats {
namespace {

using nlohmann::ordered_json;
using scenarios::Scenario;
using topologies::Node;
using topologies::Role;
using topologies::Topology;

constexpr auto kAnswerDeadline = std::chrono::seconds(10);
constexpr double kStateTimer_s = 10;  // unless session-continuity asks for another
constexpr auto kLeastPhaseDistance = std::chrono::milliseconds(120);
// Below the node's own group: its worker threads, with the quota.
constexpr const char* kServiceGroup = "service";

bool has_fault(const Scenario& scenario, const std::string& kind, const std::string& node) {
  return std::ranges::any_of(scenario.faults, [&](const scenarios::Fault& fault) {
    return fault.kind == kind && (fault.node.empty() || fault.node == node);
  });
}

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

bgp::EdgeMetadataCodes codes(const scenarios::Attribute& attribute) {
  return {.capability = static_cast<std::uint8_t>(attribute.capability_code),
          .cats_metric = static_cast<std::uint16_t>(attribute.cats_metric_type),
          .cats_stamp = static_cast<std::uint16_t>(attribute.cats_stamp_type)};
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
  config["bgp"] = {{"local_as", session.local_as},
                   {"peer_as", session.remote_as},
                   {"router_id", router_id(node.name, topology).str()},
                   {"local_address", session.local.str()},
                   {"peer_address", session.remote.str()},
                   {"transit", scenario.attribute.transit},
                   {"codes", roles::to_json(codes(scenario.attribute))}};
  return config;
}

// The session table's timers for the run: the kernel's defaults are minutes to days, and ageing is measured.
kernel::ConntrackTimeouts session_timers(Duration timer) {
  const auto seconds = static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(timer).count());
  kernel::ConntrackTimeouts timeouts;
  timeouts.close_s = timeouts.time_wait_s = timeouts.fin_wait_s = timeouts.close_wait_s = timeouts.last_ack_s = seconds;
  return timeouts;
}

// As many slots as give every instance of a service equally many: equal weights are then equal to the last flow.
std::size_t whole_turns(const Topology& topology) {
  std::size_t instances = 1;
  for (const auto& service : topology.services)
    instances = std::lcm(instances, std::max<std::size_t>(service.instances.size(), 1));
  return instances < kernel::kSlots ? kernel::kSlots - kernel::kSlots % instances : kernel::kSlots;
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
  config.codes = codes(scenario.attribute);
  config.slots = whole_turns(topology);
  config.conntrack = !has_fault(scenario, "no-conntrack", node.name);
  const auto* continuity = scenario.test("session-continuity");
  config.session_timers = session_timers(from_seconds(
      continuity == nullptr ? kStateTimer_s : continuity->parameters.value("state_timer_s", kStateTimer_s)));
  for (const auto& service : topology.services) {
    roles::IngressConfig::Service entry{.cs_id = service.cs_id,
                                        .interval = scenario.interval,
                                        .age_limit = scenario.age_limit,
                                        .steer_by = scenario.metrics.steer_by,
                                        .algorithm = scenario.algorithm.name,
                                        .parameters = scenario.algorithm.parameters,
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

}  // namespace

namespace {

// What brings an agent from one configuration to another; nothing when there is no command for a difference.
std::optional<std::vector<nlohmann::json>> commands_between(ordered_json before, const AgentPlan& plan) {
  std::vector<nlohmann::json> commands;
  const ordered_json& after = plan.config;
  if (plan.role == "ingress") {
    for (std::size_t i = 0; i < after.at("services").size(); ++i) {
      const ordered_json& service = after["services"][i];
      if (i >= before.at("services").size()) return std::nullopt;
      ordered_json& known = before["services"][i];
      if (known.at("algorithm") == service.at("algorithm") && known.at("parameters") == service.at("parameters"))
        continue;
      commands.push_back({{"do", "algorithm"},
                          {"service", service.at("cs_id")},
                          {"name", service["algorithm"]},
                          {"parameters", service["parameters"]}});
      known["algorithm"] = service["algorithm"];
      known["parameters"] = service["parameters"];
    }
  }
  if (plan.role == "edge-server" &&
      (before["interval_ns"] != after.at("interval_ns") || before["phase_ns"] != after.at("phase_ns"))) {
    commands.push_back({{"do", "interval"}, {"interval_ns", after["interval_ns"]}, {"phase_ns", after["phase_ns"]}});
    before["interval_ns"] = after["interval_ns"];
    before["phase_ns"] = after["phase_ns"];
  }
  if (before != after) return std::nullopt;
  return commands;
}

}  // namespace

std::vector<Duration> publishing_phases(std::size_t sources, Duration interval, std::uint64_t seed) {
  if (sources == 0) return {};
  // Slots of equal length, in a seeded order; what a slot has beyond the least distance is drawn.
  const Duration slot = interval / static_cast<std::int64_t>(sources);
  const Duration slack = std::max(slot - Duration(kLeastPhaseDistance), Duration(0));
  RandomStream random(seed, "publishing phases");
  std::vector<std::size_t> order(sources);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = sources; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  std::vector<Duration> phases(sources);
  for (std::size_t i = 0; i < sources; ++i)
    phases[i] = slot * static_cast<std::int64_t>(order[i]) +
                Duration(static_cast<std::int64_t>(random.uniform() * static_cast<double>(slack.count())));
  return phases;
}

std::map<std::string, AgentPlan> plan_agents(const Scenario& scenario, const std::string& run, const AgentPaths& paths,
                                             Instant epoch) {
  const Topology& topology = *scenario.network;
  std::map<std::string, AgentPlan> plans;
  const auto edge_servers = topology.with_role(Role::kEdgeServer);
  const auto phases = publishing_phases(edge_servers.size(), scenario.interval, scenario.seed);
  for (std::size_t i = 0; i < edge_servers.size(); ++i)
    plans[edge_servers[i]->name] = {.role = "edge-server",
                                    .config = edge_server(scenario, *edge_servers[i], run, paths, epoch, phases[i]),
                                    .quota_cores = scenario.service.quota_of(edge_servers[i]->name),
                                    .quota_period = scenario.service.quota_period};
  for (const Node* node : topology.with_role(Role::kIngress))
    plans[node->name] = {.role = "ingress", .config = ingress(scenario, *node, paths).to_json()};
  for (const Node* node : topology.with_role(Role::kHost)) {
    ordered_json config = common(node->name, paths);
    config["samples"] = paths.run_directory / "samples";
    plans[node->name] = {.role = "host", .config = std::move(config)};
  }
  ordered_json tap = common("tap", paths);
  tap["codes"] = roles::to_json(codes(scenario.attribute));
  tap["routers"] = ordered_json::array();
  for (const Node* node : topology.routers())
    tap["routers"].push_back(
        {{"router", node->name},
         {"netns", std::filesystem::path(kernel::kNamespaceDirectory) / kernel::namespace_name(run, node->name)},
         {"port", World::bmp_port()}});
  plans["tap"] = {.role = "tap", .config = std::move(tap)};
  return plans;
}

Agents::Agents(World& world, const std::map<std::string, AgentPlan>& plans, AgentPaths paths,
               std::filesystem::path catsd)
    : world_(world), paths_(std::move(paths)), catsd_(std::move(catsd)) {
  for (const auto& [name, plan] : plans) start(name, plan);
  const Instant deadline = MonotonicClock().now() + kAnswerDeadline;
  for (const auto& [name, plan] : plans) connect(name, deadline);
}

void Agents::set_quota(const std::string& name, const AgentPlan& plan) {
  auto group = thread_groups_.find(name);
  if (group == thread_groups_.end())
    group = thread_groups_.emplace(name, world_.cgroup(name).create_for_threads(kServiceGroup)).first;
  group->second.set_quota(plan.quota_cores, plan.quota_period);
}

void Agents::start(const std::string& name, const AgentPlan& plan) {
  const auto file = paths_.state / (name + ".json");
  write_file(file, plan.config.dump(2));
  const kernel::Cgroup& group = world_.cgroup(name);
  if (plan.quota_cores > 0) set_quota(name, plan);
  Agent agent{.plan = plan, .process = {}, .log = world_.logs() / (name + ".log"), .client = {}};
  kernel::SpawnOptions spawn;
  spawn.argv = {catsd_, plan.role, "--config", file};
  if (plan.role != "tap") spawn.ns = &world_.ns(name);
  spawn.cgroups = {&group};
  spawn.stdout_file = agent.log;
  agent.process = kernel::spawn(spawn);
  agents_.insert_or_assign(name, std::move(agent));
}

void Agents::connect(const std::string& name, Instant deadline) {
  Agent& agent = agents_.at(name);
  const std::filesystem::path socket = agent.plan.config.at("control").get<std::string>();
  try {
    agent.client = std::make_unique<control::Client>(name, socket, deadline);
    agent.client->call({{"do", "status"}});
  } catch (const MeasurementError& error) {
    const std::string death = death_of(name, agent);
    throw MeasurementError(death.empty() ? error.what() : death);
  }
}

bool Agents::change(const std::map<std::string, AgentPlan>& plans) {
  std::vector<std::string> anew;
  for (const auto& [name, plan] : plans) {
    Agent& agent = agents_.at(name);
    if (agent.plan == plan) continue;
    if (plan.quota_cores > 0) set_quota(name, plan);
    if (const auto commands = commands_between(agent.plan.config, plan)) {
      for (const auto& each : *commands) agent.client->call(each);
      agent.plan = plan;
    } else {
      anew.push_back(name);
    }
  }
  for (const std::string& name : anew) agents_.at(name).process.kill(SIGTERM);
  for (const std::string& name : anew) {
    agents_.at(name).client.reset();
    agents_.at(name).process.stop();
    start(name, plans.at(name));
  }
  const Instant deadline = MonotonicClock().now() + kAnswerDeadline;
  for (const std::string& name : anew) connect(name, deadline);
  return !anew.empty();
}

nlohmann::json Agents::command(const std::string& agent, const nlohmann::json& request, Duration timeout) {
  const auto found = agents_.find(agent);
  if (found == agents_.end()) throw MeasurementError(fmt::format("there is no agent \"{}\" in this run", agent));
  return found->second.client->call(request, timeout);
}

std::string Agents::death_of(const std::string& name, Agent& agent) const {
  if (agent.process.running()) return "";
  std::string log = read_file(agent.log);
  while (log.ends_with('\n')) log.pop_back();
  return fmt::format("catsd {} of {}: {}: {}", agent.plan.role, name, agent.process.wait().str(),
                     log.substr(log.find_last_of('\n') + 1));
}

std::string Agents::dead() {
  for (auto& [name, agent] : agents_)
    if (std::string death = death_of(name, agent); !death.empty()) return death;
  return "";
}

void Agents::stop() {
  for (const char* role : {"host", "ingress", "edge-server", "tap"}) {
    for (auto& [name, agent] : agents_)
      if (agent.plan.role == role) agent.process.kill(SIGTERM);
    for (auto& [name, agent] : agents_)
      if (agent.plan.role == role) agent.process.stop();
  }
}

}  // namespace cats
