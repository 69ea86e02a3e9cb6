#include "emulator/control_plane.h"

#include <algorithm>

#include "base/file.h"
#include "cpsel/metrics.h"
#include "http/tls.h"
#include "http/tokens.h"

namespace cats {
namespace {

using nlohmann::ordered_json;
using scenarios::Cps;
using scenarios::Scenario;
using topologies::Node;
using topologies::Role;
using topologies::Topology;

constexpr std::uint16_t kRestPort = 8443;
constexpr const char* kOperator = "operator";

// Routers by the address that every node of the IGP reaches, others by their only one.
IpAddress address_of(const Node& node) {
  return topologies::is_router(node.role) ? node.loopback.value() : node.interfaces.at(0).address.address;
}

struct Client {
  std::string name;
  std::string role;
};

std::vector<Client> clients_of(const Node& server, const Topology& topology) {
  std::vector<Client> clients{{kOperator, "operator"}};
  if (server.role == Role::kManager)
    for (const Node* node : topology.with_role(Role::kEdgeServer)) clients.push_back({node->name, "edge-server"});
  if (server.role != Role::kController)
    for (const Node* node : topology.with_role(Role::kController)) clients.push_back({node->name, "controller"});
  return clients;
}

}  // namespace

void Credentials::write(const Topology& topology) const {
  std::filesystem::create_directories(directory_);
  std::filesystem::permissions(directory_, std::filesystem::perms::owner_all);
  const http::Authority authority(topology.name);
  write_file(directory_ / "authority.pem", authority.certificate());
  for (const Role role : {Role::kManager, Role::kController, Role::kIngress})
    for (const Node* node : topology.with_role(role)) {
      const roles::RestServerConfig files = server(*node);
      const http::Identity identity = authority.issue(node->name, {files.address});
      write_file(files.certificate, identity.certificate);
      write_file(files.key, identity.key);
      ordered_json tokens = ordered_json::array();
      for (const Client& client : clients_of(*node, topology)) {
        const std::string token = http::Tokens::generate();
        write_file(peer(*node, client.name).token, token + "\n");
        tokens.push_back({{"token", token}, {"name", client.name}, {"role", client.role}});
      }
      write_file(files.tokens, tokens.dump(2) + "\n");
    }
}

roles::RestServerConfig Credentials::server(const Node& node) const {
  return {.address = address_of(node),
          .port = kRestPort,
          .certificate = directory_ / (node.name + ".certificate.pem"),
          .key = directory_ / (node.name + ".key.pem"),
          .tokens = directory_ / (node.name + ".tokens.json")};
}

roles::RestPeerConfig Credentials::peer(const Node& server, const std::string& client) const {
  return {.address = address_of(server),
          .port = kRestPort,
          .authority = directory_ / "authority.pem",
          .token = directory_ / fmt::format("{}-at-{}.token", client, server.name)};
}

std::optional<std::set<std::string>> metrics_by(scenarios::Via via, const Scenario& scenario) {
  const bool everything = scenario.mode != scenarios::Mode::hybrid;
  const bool this_way = (via == scenarios::Via::bgp) == (scenario.mode == scenarios::Mode::distributed);
  if (everything) return this_way ? std::nullopt : std::optional(std::set<std::string>());
  std::set<std::string> metrics;
  for (const auto& metric : cpsel::metrics())
    if (scenario.via(std::string(metric.name)) == via) metrics.emplace(metric.name);
  return metrics;
}

Duration quiet_phase(std::vector<Duration> phases, Duration interval) {
  if (phases.empty()) return Duration(0);
  std::ranges::sort(phases);
  Duration start = phases.back();
  Duration longest = phases.front() + interval - phases.back();
  for (std::size_t i = 1; i < phases.size(); ++i)
    if (phases[i] - phases[i - 1] > longest) {
      longest = phases[i] - phases[i - 1];
      start = phases[i - 1];
    }
  return (start + longest / 2) % interval;
}

ordered_json manager_config(const Scenario& scenario, const Credentials& credentials, Instant epoch, Duration phase) {
  const Topology& topology = *scenario.network;
  ordered_json config = {{"rest", roles::to_json(credentials.server(*topology.with_role(Role::kManager).at(0)))},
                         {"interval_ns", scenario.interval.count()},
                         {"phase_ns", phase.count()},
                         {"epoch_ns", to_ns(epoch)},
                         {"instances", ordered_json::array()}};
  for (const auto& instance : topology.instances)
    config["instances"].push_back({{"node", instance.node},
                                   {"csci", instance.csci.str()},
                                   {"cs_id", topology.services.at(instance.service).cs_id.str()}});
  return config;
}

ordered_json controller_config(const Scenario& scenario, const Credentials& credentials) {
  const Topology& topology = *scenario.network;
  const Node& controller = *topology.with_role(Role::kController).at(0);
  ordered_json config = {
      {"seed", scenario.seed},
      {"candidates", scenario.cps() == Cps::split},
      {"rest", roles::to_json(credentials.server(controller))},
      {"manager", roles::to_json(credentials.peer(*topology.with_role(Role::kManager).at(0), controller.name))},
      {"routers", ordered_json::array()},
      {"services", ordered_json::array()}};
  if (scenario.cps() != Cps::ingress)
    for (const Node* ingress : topology.with_role(Role::kIngress))
      config["routers"].push_back(
          {{"node", ingress->name}, {"rest", roles::to_json(credentials.peer(*ingress, controller.name))}});
  for (const auto& service : topology.services) {
    ordered_json entry = {
        {"cs_id", service.cs_id.str()},
        {"age_limit_ns", scenario.age_limit ? ordered_json(scenario.age_limit->count()) : ordered_json(nullptr)},
        {"steer_by", scenario.metrics.steer_by},
        {"algorithm", scenario.algorithm.name},
        {"parameters", scenario.algorithm.parameters},
        {"instances", ordered_json::array()}};
    for (const std::size_t index : service.instances) {
      const auto& instance = topology.instances.at(index);
      entry["instances"].push_back({{"csci", instance.csci.str()},
                                    {"node", instance.node},
                                    {"capacity", scenario.service.quota_of(instance.node)}});
    }
    config["services"].push_back(std::move(entry));
  }
  return config;
}

}  // namespace cats
