#include <set>

#include "base/json_fields.h"
#include "cpsel/metrics.h"
#include "emulator/roles/controller.h"

namespace cats::roles {
namespace {

ControllerConfig::Service read_controlled_service(JsonFields& fields) {
  ControllerConfig::Service service;
  service.cs_id = fields.get<IpAddress>("cs_id");
  service.age_limit = fields.maybe<Duration>("age_limit_ns");
  service.steer_by = fields.get<std::string>("steer_by");
  if (cpsel::find_metric(service.steer_by) == nullptr)
    fields.problem("steer_by", "is \"" + service.steer_by + "\", no metric");
  service.algorithm = read_algorithm(fields);
  for (JsonFields& one : fields.objects("instances"))
    service.instances.push_back(
        {one.get<IpAddress>("csci"), one.get<std::string>("node"), one.get<double>("capacity")});
  return service;
}

RestPeerConfig read_peer_of(JsonFields& fields, const char* key) {
  if (auto peer = fields.object(key)) return read_rest_peer(*peer);
  fields.problem(key, "is missing");
  return {};
}

void read_agents(JsonFields& fields, ControllerConfig& config) {
  std::set<std::string> names;
  for (const auto& router : config.inventory.routers) names.insert(router.node);
  for (JsonFields& agent : fields.objects("agents")) {
    config.agents.push_back({agent.get<std::string>("node"), read_peer_of(agent, "rest")});
    if (!names.contains(config.agents.back().node))
      agent.problem("node", "is \"" + config.agents.back().node + "\", no router of the inventory");
  }
}

}  // namespace

Expected<ControllerConfig> parse_controller(const nlohmann::json& json) {
  JsonFields fields(json, "controller");
  ControllerConfig config;
  read_agent(fields, config);
  config.seed = fields.get<std::uint64_t>("seed");
  config.candidates = fields.get("candidates", false);
  if (auto rest = fields.object("rest"))
    config.rest = read_rest_server(*rest);
  else
    fields.problem("rest", "is missing");
  config.manager = read_peer_of(fields, "manager");
  for (JsonFields& router : fields.objects("routers"))
    config.routers.push_back({router.get<std::string>("node"), read_router_southbound(router)});
  if (auto inventory = fields.object("inventory"))
    config.inventory = read_inventory(*inventory);
  else
    fields.problem("inventory", "is missing");
  read_agents(fields, config);
  for (JsonFields& service : fields.objects("services")) config.services.push_back(read_controlled_service(service));
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return config;
}

}  // namespace cats::roles
