#include "emulator/control_plane.h"

#include <algorithm>

#include "base/file.h"
#include "cpsel/metrics.h"
#include "emulator/roles/inventory.h"
#include "emulator/roles/southbound_config.h"
#include "http/tls.h"
#include "http/tokens.h"
#include "scenarios/deployment.h"

namespace cats {
namespace {

using nlohmann::ordered_json;
using scenarios::Cps;
using scenarios::Scenario;
using scenarios::SouthboundDriver;
using topologies::Node;
using topologies::Role;
using topologies::Topology;

constexpr std::uint16_t kRestPort = 8443;
constexpr const char* kOperator = "operator";

// Routers by the address that every node of the IGP reaches, others by their only one.
IpAddress address_of(const Node& node) {
  return topologies::is_router(node.role) ? node.loopback.value() : node.interfaces.at(0).address.address;
}

// How the controller orders an ingress.
roles::RouterSouthbound southbound(const Scenario& scenario, const Node& ingress, const Credentials& credentials,
                                   const std::string& controller) {
  roles::RouterSouthbound router;
  if (!scenario.steered_by_frr()) {
    router.rest = credentials.peer(ingress, controller);
    return router;
  }
  const bool grpc = scenario.controller.southbound == SouthboundDriver::frr_grpc;
  router.driver = grpc ? roles::RouterSouthbound::Driver::frr_grpc : roles::RouterSouthbound::Driver::frr_vtysh;
  router.frr = {.address = address_of(ingress),
                .zebra_port = plan::kZebraVtyPort,
                .staticd_port = grpc ? plan::kStaticdGrpcPort : plan::kStaticdVtyPort,
                .password = credentials.vty_password(),
                .tunnels = {}};
  for (const auto& instance : scenario.network->instances)
    router.frr->tunnels.push_back({.cs_id = scenario.network->services.at(instance.service).cs_id,
                                   .csci = instance.csci,
                                   .interface = plan::tunnel_interface(instance.mark)});
  return router;
}

struct Client {
  std::string name;
  std::string role;
};

std::vector<Client> clients_of(const Node& server, const Topology& topology) {
  std::vector<Client> clients{{kOperator, "operator"}};
  if (server.role == Role::kManager)
    for (const Node* node : topology.with_role(Role::kEdgeServer)) clients.push_back({node->name, "edge-server"});
  if (server.role == Role::kController) clients.push_back({kRestLoad, "operator"});
  if (server.role != Role::kController)
    for (const Node* node : topology.with_role(Role::kController)) clients.push_back({node->name, "controller"});
  return clients;
}

roles::Inventory inventory_of(const Topology& topology) {
  roles::Inventory inventory;
  for (const Node* router : topology.routers())
    inventory.routers.push_back({router->name, std::string(topologies::role_name(router->role)),
                                 IpAddress::of(router->router_id), address_of(*router)});
  for (const Node* egress : topology.with_role(Role::kEgress)) {
    roles::Inventory::Site site{egress->name, {}};
    for (const auto& instance : topology.instances)
      if (instance.egress == egress->name) site.edge_servers.push_back(instance.node);
    inventory.sites.push_back(std::move(site));
  }
  for (const auto& service : topology.services) inventory.services.push_back({service.name, service.cs_id});
  for (const auto& instance : topology.instances)
    inventory.instances.push_back(
        {instance.csci, topology.services.at(instance.service).cs_id, instance.node, instance.egress, instance.sid});
  for (const auto& link : topology.links) inventory.links.push_back({link.a.node, link.b.node, link.core});
  return inventory;
}

}  // namespace

void Credentials::write(const Topology& topology) const {
  std::filesystem::create_directories(directory_);
  std::filesystem::permissions(directory_, std::filesystem::perms::owner_all);
  write_file(vty_password(), http::Tokens::generate() + "\n");
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

std::string Credentials::read_vty_password() const {
  std::string password = read_file(vty_password());
  while (password.ends_with('\n')) password.pop_back();
  return password;
}

std::optional<plan::FrrSouthbound> frr_southbound(const Scenario& scenario) {
  if (!scenario.steered_by_frr()) return std::nullopt;
  if (scenario.controller.southbound == SouthboundDriver::frr_vtysh) return plan::FrrSouthbound{};
  return plan::FrrSouthbound{roles::frr_grpc_module().string()};
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

ordered_json rest_load_config(const Scenario& scenario, const Credentials& credentials) {
  const Topology& topology = *scenario.network;
  const Node& controller = *topology.with_role(Role::kController).at(0);
  ordered_json config = {{"controller", roles::to_json(credentials.peer(controller, kRestLoad))},
                         {"services", ordered_json::array()}};
  for (const auto& service : topology.services) config["services"].push_back(service.cs_id.str());
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
      {"agents", ordered_json::array()},
      {"inventory", roles::to_json(inventory_of(topology))},
      {"services", ordered_json::array()}};
  for (const Node* ingress : topology.with_role(Role::kIngress))
    config["agents"].push_back(
        {{"node", ingress->name}, {"rest", roles::to_json(credentials.peer(*ingress, controller.name))}});
  if (scenario.cps() != Cps::ingress)
    for (const Node* ingress : topology.with_role(Role::kIngress)) {
      ordered_json router = {{"node", ingress->name}};
      router.update(roles::to_json(southbound(scenario, *ingress, credentials, controller.name)));
      config["routers"].push_back(std::move(router));
    }
  for (const auto& service : topology.services) {
    ordered_json entry = {
        {"cs_id", service.cs_id.str()},
        {"age_limit_ns", scenario.age_limit ? ordered_json(scenario.age_limit->count()) : ordered_json(nullptr)},
        {"steer_by", scenario.metrics.steer_by}};
    entry.update(roles::to_json(scenarios::chosen(scenario.algorithm)));
    entry["instances"] = ordered_json::array();
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
