#include <algorithm>

#include "topologies/views.h"

namespace cats::topologies {
namespace {

using Row = std::vector<std::string>;

// Left-aligned columns, as wide as their widest cell (counted in characters, all ASCII).
std::string columns(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.at(0).size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const Row& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format(" {:<{}} ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string addresses_of(const Node& node) {
  std::string text;
  for (const auto& address : {node.loopback, node.loopback4})
    if (address) text += (text.empty() ? "" : " ") + address->str();
  if (!text.empty()) return text;
  for (const Interface& interface : node.interfaces) {
    text += (text.empty() ? "" : " ") + interface.address.str();
    if (interface.address4) text += " " + interface.address4->str();
  }
  return text;
}

std::string remarks(const Topology& topology, const Node& node) {
  std::string text;
  if (node.locator) text = "locator " + node.locator->str();
  for (const auto& agent : {node.agent, node.agent4})
    if (agent) text += (text.empty() ? "agent " : " ") + agent->str();
  if (node.instance) {
    const Instance& instance = topology.instances[*node.instance];
    text = fmt::format("AS {}, CS-ID {}", node.as_number, topology.services[instance.service].cs_id);
  }
  return text;
}

std::string end(const Topology& topology, const LinkEnd& end) {
  const Interface& interface = topology.node(end.node).interface(end.interface);
  std::string text = fmt::format("{}:{} {}", end.node, end.interface, interface.address);
  if (interface.address4) text += " " + interface.address4->str();
  return text;
}

}  // namespace

std::string table(const Topology& topology) {
  std::vector<Row> nodes{{"node", "role", "address", ""}};
  for (const Node& node : topology.nodes)
    nodes.push_back({node.name, std::string(role_name(node.role)), addresses_of(node), remarks(topology, node)});
  std::string text = fmt::format("{}: {} nodes, {} links\n\n{}", topology.name, topology.nodes.size(),
                                 topology.links.size(), columns(nodes));
  if (!topology.links.empty()) {
    std::vector<Row> links{{"link", "", "MTU"}};
    for (const Link& link : topology.links)
      links.push_back({end(topology, link.a), end(topology, link.b), std::to_string(link.mtu)});
    text += "\n" + columns(links);
  }
  for (const Service& service : topology.services) {
    std::vector<Row> instances{{"instance", "CSCI-ID", "egress", "SID", "mark", "table"}};
    for (const std::size_t i : service.instances) {
      const Instance& instance = topology.instances[i];
      instances.push_back({instance.node, instance.csci.str(), instance.egress, instance.sid.str(),
                           std::to_string(instance.mark), std::to_string(instance.table)});
    }
    text += fmt::format("\nservice {}, CS-ID {}, {}\n{}", service.name, service.cs_id,
                        service.cs_id.is_v4() ? "End.DX4" : "End.DX6", columns(instances));
  }
  return text;
}

}  // namespace cats::topologies
