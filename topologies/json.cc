#include "topologies/views.h"

namespace cats::topologies {
namespace {

using Json = nlohmann::ordered_json;

Json interface_json(const Interface& interface) {
  Json result{{"name", interface.name}, {"peer", interface.peer}, {"address", interface.address.str()}};
  if (interface.address4) result["address4"] = interface.address4->str();
  return result;
}

Json node_json(const Topology& topology, const Node& node) {
  Json result{{"name", node.name}, {"role", role_name(node.role)}, {"addresses", Json::array()}};
  Json& addresses = result["addresses"];
  for (const auto& address : {node.loopback, node.loopback4})
    if (address) addresses.push_back(address->str());
  if (node.instance) addresses.push_back(topology.services[topology.instances[*node.instance].service].cs_id.str());
  for (const Interface& interface : node.interfaces) {
    addresses.push_back(interface.address.address.str());
    if (interface.address4) addresses.push_back(interface.address4->address.str());
  }
  if (!node.router_id.empty()) result["router_id"] = node.router_id;
  if (node.locator) result["locator"] = node.locator->str();
  if (node.agent) result["agent"] = node.agent->str();
  if (node.agent4) result["agent4"] = node.agent4->str();
  if (node.as_number != 0) result["as_number"] = node.as_number;
  result["interfaces"] = Json::array();
  for (const Interface& interface : node.interfaces) result["interfaces"].push_back(interface_json(interface));
  return result;
}

Json instance_json(const Instance& instance) {
  return {{"number", instance.number},   {"node", instance.node},
          {"csci", instance.csci.str()}, {"egress", instance.egress},
          {"sid", instance.sid.str()},   {"behaviour", instance.csci.is_v4() ? "End.DX4" : "End.DX6"},
          {"mark", instance.mark},       {"table", instance.table}};
}

}  // namespace

Json json(const Topology& topology) {
  Json result{{"name", topology.name}, {"nodes", Json::array()}, {"links", Json::array()}, {"services", Json::array()}};
  for (const Node& node : topology.nodes) result["nodes"].push_back(node_json(topology, node));
  for (const Link& link : topology.links)
    result["links"].push_back(
        {{"endpoints", {link.a.node + ":" + link.a.interface, link.b.node + ":" + link.b.interface}},
         {"mtu", link.mtu},
         {"core", link.core}});
  for (const Service& service : topology.services) {
    Json instances = Json::array();
    for (const std::size_t i : service.instances) instances.push_back(instance_json(topology.instances[i]));
    result["services"].push_back({{"name", service.name},
                                  {"cs_id", service.cs_id.str()},
                                  {"family", service.cs_id.is_v4() ? "ipv4" : "ipv6"},
                                  {"instances", instances}});
  }
  return result;
}

}  // namespace cats::topologies
