#include "topologies/topology.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "base/file.h"
#include "topologies/clab_file.h"
#include "topologies/resolve.h"

namespace cats::topologies {

std::string_view role_name(Role role) {
  switch (role) {
    case Role::kHost:
      return "host";
    case Role::kIngress:
      return "ingress";
    case Role::kTransit:
      return "transit";
    case Role::kEgress:
      return "egress";
    case Role::kEdgeServer:
      return "edge-server";
    case Role::kManager:
      return "edge-server-manager";
    case Role::kController:
      return "controller";
  }
  return "";
}

const Interface& Node::interface(std::string_view interface_name) const {
  const auto found = std::ranges::find(interfaces, interface_name, &Interface::name);
  if (found == interfaces.end()) throw std::out_of_range(fmt::format("{} has no interface {}", name, interface_name));
  return *found;
}

bool Topology::has_ipv4() const {
  return std::ranges::any_of(services, [](const Service& service) { return service.cs_id.is_v4(); });
}

bool Topology::has_ipv6_service() const {
  return std::ranges::any_of(services, [](const Service& service) { return service.cs_id.is_v6(); });
}

const Node& Topology::node(std::string_view node_name) const {
  const auto found = std::ranges::find(nodes, node_name, &Node::name);
  if (found == nodes.end()) throw std::out_of_range(fmt::format("topology {} has no node {}", name, node_name));
  return *found;
}

std::vector<const Node*> Topology::with_role(Role role) const {
  std::vector<const Node*> result;
  for (const Node& candidate : nodes)
    if (candidate.role == role) result.push_back(&candidate);
  return result;
}

std::vector<const Node*> Topology::routers() const {
  std::vector<const Node*> result;
  for (const Node& candidate : nodes)
    if (is_router(candidate.role)) result.push_back(&candidate);
  return result;
}

tl::expected<Topology, Diagnostics> parse_topology(const std::string& text, const std::string& file) {
  Diagnostics diagnostics;
  const auto root = yaml::load(text, file, diagnostics);
  if (!root) {
    // "FILE:LINE:COLUMN: message", as every diagnostic is written.
    Place place{file};
    int used = 0;
    const std::string rest = root.error().message.substr(std::min(file.size(), root.error().message.size()));
    std::sscanf(rest.c_str(), ":%d:%d: %n", &place.line, &place.column, &used);
    diagnostics.add(place, rest.substr(static_cast<std::size_t>(used)));
    return tl::make_unexpected(std::move(diagnostics));
  }
  const ClabFile parsed = read_clab_file(*root, diagnostics);
  Topology topology = resolve(parsed, diagnostics);
  if (!diagnostics.empty()) return tl::make_unexpected(std::move(diagnostics));
  topology.file = file;
  return topology;
}

tl::expected<Topology, Diagnostics> load_topology(const std::filesystem::path& file) {
  std::string text;
  try {
    text = read_file(file);
  } catch (const SystemError& error) {
    Diagnostics diagnostics;
    diagnostics.add({file.string()}, error.what());
    return tl::make_unexpected(std::move(diagnostics));
  }
  return parse_topology(text, file.string());
}

}  // namespace cats::topologies
