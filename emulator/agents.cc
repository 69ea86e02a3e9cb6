#include "emulator/agents.h"

#include <csignal>

#include "base/file.h"
#include "cpsel/chosen_algorithm.h"

namespace cats {
namespace {

using nlohmann::ordered_json;

constexpr auto kAnswerDeadline = std::chrono::seconds(10);

// What brings an agent from one configuration to another; nothing when there is no command for a difference.
std::optional<std::vector<nlohmann::json>> commands_between(ordered_json before, const AgentPlan& plan) {
  std::vector<nlohmann::json> commands;
  const ordered_json& after = plan.config;
  if (plan.role == "ingress" || plan.role == "controller") {
    for (std::size_t i = 0; i < after.at("services").size(); ++i) {
      const ordered_json& service = after["services"][i];
      if (i >= before.at("services").size()) return std::nullopt;
      ordered_json& known = before["services"][i];
      const auto same = [&](const char* key) {
        return known.value(key, ordered_json()) == service.value(key, ordered_json());
      };
      if (same("algorithm") && same("parameters") && same("library")) continue;
      cpsel::ChosenAlgorithm chosen{.name = service.at("algorithm").get<std::string>(),
                                    .parameters = service.at("parameters").get<cpsel::Parameters>()};
      if (const auto library = service.value("library", ordered_json()); !library.is_null())
        chosen.library = library.get<std::string>();
      commands.push_back(cpsel::algorithm_command(service.at("cs_id").get<std::string>(), chosen));
      for (const char* key : {"algorithm", "parameters", "library"})
        if (service.contains(key)) known[key] = service[key];
    }
  }
  const bool publishes = plan.role == "edge-server" || plan.role == "manager";
  if (publishes && (before["interval_ns"] != after.at("interval_ns") || before["phase_ns"] != after.at("phase_ns"))) {
    commands.push_back({{"do", "interval"}, {"interval_ns", after["interval_ns"]}, {"phase_ns", after["phase_ns"]}});
    before["interval_ns"] = after["interval_ns"];
    before["phase_ns"] = after["phase_ns"];
  }
  if (before != after) return std::nullopt;
  return commands;
}

}  // namespace

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
  start_exporter(name, plan);
  Agent agent{.plan = plan, .process = {}, .log = world_.logs() / (name + ".log"), .client = {}, .lost = false};
  kernel::SpawnOptions spawn;
  spawn.argv = {catsd_, plan.role, "--config", file};
  if (plan.role != "tap") spawn.ns = &world_.ns(plan.node.empty() ? name : plan.node);
  spawn.cgroups = {&group};
  spawn.stdout_file = agent.log;
  agent.process = kernel::spawn(spawn);
  agents_.insert_or_assign(name, std::move(agent));
}

// In the node's namespace and control group, outside the service's quota.
void Agents::start_exporter(const std::string& name, const AgentPlan& plan) {
  const auto known = exporters_.find(name);
  if (known != exporters_.end() && known->second.argv == plan.exporter && known->second.process.running()) return;
  exporters_.erase(name);
  if (plan.exporter.empty()) return;
  kernel::SpawnOptions spawn;
  spawn.argv = plan.exporter;
  spawn.ns = &world_.ns(name);
  spawn.cgroups = {&world_.cgroup(name)};
  spawn.stdout_file = world_.logs() / (name + "-exporter.log");
  try {
    exporters_[name] = {plan.exporter, kernel::spawn(spawn)};
  } catch (const SystemError& error) {
    throw UsageError(fmt::format("metrics.prometheus.exporter of {}: {}", name, error.what()));
  }
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
  std::vector<std::string> gone, anew;
  for (const auto& [name, agent] : agents_)
    if (!plans.contains(name)) gone.push_back(name);
  for (const auto& [name, plan] : plans) {
    if (!agents_.contains(name)) {
      anew.push_back(name);
      continue;
    }
    Agent& agent = agents_.at(name);
    if (agent.lost) {
      anew.push_back(name);
      continue;
    }
    if (agent.plan == plan) continue;
    if (plan.quota_cores > 0) set_quota(name, plan);
    const auto commands =
        agent.plan.exporter == plan.exporter ? commands_between(agent.plan.config, plan) : std::nullopt;
    if (commands) {
      for (const auto& each : *commands) agent.client->call(each);
      agent.plan = plan;
    } else {
      anew.push_back(name);
    }
  }
  for (const auto& names : {gone, anew})
    for (const std::string& name : names)
      if (agents_.contains(name)) agents_.at(name).process.kill(SIGTERM);
  for (const std::string& name : gone) end(name);
  for (const std::string& name : anew) {
    end(name);
    start(name, plans.at(name));
  }
  const Instant deadline = MonotonicClock().now() + kAnswerDeadline;
  for (const std::string& name : anew) connect(name, deadline);
  return !anew.empty() || !gone.empty();
}

void Agents::end(const std::string& name) {
  const auto agent = agents_.find(name);
  if (agent == agents_.end()) return;
  agent->second.client.reset();
  agent->second.process.stop();
  agents_.erase(agent);
}

Agents::Agent& Agents::find(const std::string& name) {
  const auto found = agents_.find(name);
  if (found == agents_.end()) throw MeasurementError(fmt::format("there is no agent \"{}\" in this run", name));
  return found->second;
}

void Agents::lose(const std::string& name) {
  Agent& agent = find(name);
  if (agent.lost) return;
  agent.process.kill(SIGKILL);
  agent.process.wait();
  agent.client.reset();
  agent.lost = true;
}

void Agents::restore(const std::string& name) {
  if (!find(name).lost) return;
  const AgentPlan plan = find(name).plan;
  start(name, plan);
  connect(name, MonotonicClock().now() + kAnswerDeadline);
}

nlohmann::json Agents::command(const std::string& agent, const nlohmann::json& request, Duration timeout) {
  Agent& found = find(agent);
  if (found.lost)
    throw MeasurementError(fmt::format("{}: {}: its agent was taken away", agent, request.value("do", "")));
  return found.client->call(request, timeout);
}

std::string Agents::death_of(const std::string& name, Agent& agent) const {
  if (agent.process.running()) return "";
  std::string log = read_file(agent.log);
  while (log.ends_with('\n')) log.pop_back();
  return fmt::format("catsd {} of {}: {}: {}", agent.plan.role, name, agent.process.wait().str(),
                     log.substr(log.find_last_of('\n') + 1));
}

std::string Agents::dead() {
  for (auto& [name, agent] : agents_) {
    if (agent.lost) continue;
    if (std::string death = death_of(name, agent); !death.empty()) return death;
  }
  for (auto& [name, exporter] : exporters_)
    if (!exporter.process.running())
      return fmt::format("{} beside {}: {}", exporter.argv.at(0), name, exporter.process.wait().str());
  return "";
}

void Agents::stop() {
  for (const char* role : {"host", "rest-load", "controller", "ingress", "edge-server", "manager", "tap"}) {
    for (auto& [name, agent] : agents_)
      if (agent.plan.role == role) agent.process.kill(SIGTERM);
    for (auto& [name, agent] : agents_)
      if (agent.plan.role == role) agent.process.stop();
  }
  exporters_.clear();
}

}  // namespace cats
