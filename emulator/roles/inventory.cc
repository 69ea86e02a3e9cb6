#include "emulator/roles/inventory.h"

#include <set>

namespace cats::roles {
namespace {

using nlohmann::ordered_json;

std::vector<std::string> read_names(JsonFields& fields, const std::string& key) {
  const auto given = fields.get<nlohmann::json>(key);
  std::vector<std::string> names;
  for (const nlohmann::json& one : given)
    if (one.is_string()) names.push_back(one.get<std::string>());
  if (!given.is_array() || names.size() != given.size()) fields.problem(key, "is no array of names");
  return names;
}

Inventory::Router read_inventory_router(JsonFields& fields) {
  Inventory::Router router{fields.get<std::string>("node"), fields.get<std::string>("role"),
                           fields.get<IpAddress>("router_id"), fields.get<IpAddress>("address")};
  if (!router.router_id.is_v4()) fields.problem("router_id", "is no IPv4 address");
  return router;
}

}  // namespace

Inventory read_inventory(JsonFields& fields) {
  Inventory inventory;
  std::set<std::string> names;
  std::set<IpAddress> ids;
  for (JsonFields& one : fields.objects("routers")) {
    inventory.routers.push_back(read_inventory_router(one));
    if (!names.insert(inventory.routers.back().node).second) one.problem("node", "is there twice");
    if (!ids.insert(inventory.routers.back().router_id).second) one.problem("router_id", "is there twice");
  }
  for (JsonFields& one : fields.objects("sites"))
    inventory.sites.push_back({one.get<std::string>("egress"), read_names(one, "edge_servers")});
  for (JsonFields& one : fields.objects("services"))
    inventory.services.push_back({one.get<std::string>("name"), one.get<IpAddress>("cs_id")});
  for (JsonFields& one : fields.objects("instances"))
    inventory.instances.push_back({one.get<IpAddress>("csci"), one.get<IpAddress>("cs_id"),
                                   one.get<std::string>("node"), one.get<std::string>("egress"),
                                   one.get<IpAddress>("sid")});
  for (JsonFields& one : fields.objects("links")) {
    inventory.links.push_back({one.get<std::string>("a"), one.get<std::string>("b"), one.get<bool>("core")});
    const Inventory::Link& link = inventory.links.back();
    if (link.core && (!names.contains(link.a) || !names.contains(link.b)))
      one.problem("core", "is true, and an end is no router");
  }
  return inventory;
}

ordered_json to_json(const Inventory& inventory) {
  ordered_json json = {{"routers", ordered_json::array()},
                       {"sites", ordered_json::array()},
                       {"services", ordered_json::array()},
                       {"instances", ordered_json::array()},
                       {"links", ordered_json::array()}};
  for (const auto& router : inventory.routers)
    json["routers"].push_back({{"node", router.node},
                               {"role", router.role},
                               {"router_id", router.router_id.str()},
                               {"address", router.address.str()}});
  for (const auto& site : inventory.sites)
    json["sites"].push_back({{"egress", site.egress}, {"edge_servers", site.edge_servers}});
  for (const auto& service : inventory.services)
    json["services"].push_back({{"name", service.name}, {"cs_id", service.cs_id.str()}});
  for (const auto& instance : inventory.instances)
    json["instances"].push_back({{"csci", instance.csci.str()},
                                 {"cs_id", instance.cs_id.str()},
                                 {"node", instance.node},
                                 {"egress", instance.egress},
                                 {"sid", instance.sid.str()}});
  for (const auto& link : inventory.links) json["links"].push_back({{"a", link.a}, {"b", link.b}, {"core", link.core}});
  return json;
}

}  // namespace cats::roles
