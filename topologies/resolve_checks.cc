#include <algorithm>

#include "topologies/resolver.h"

namespace cats::topologies {

// Whoever stands at the edge has one link, to the right kind of router. A link that was refused, or a node without a
// role, has been reported already, and must not cause more.
void Resolver::check_attachments() {
  for (std::size_t i = 0; i < topology_.nodes.size(); ++i) {
    const Node& node = topology_.nodes[i];
    if (!has_role_[i] || broken_links_) continue;
    if (is_router(node.role)) {
      if (node.interfaces.empty() && topology_.nodes.size() > 1) complain(i, "has no link");
      continue;
    }
    if (node.role == Role::kManager || node.role == Role::kController) {
      check_control_node(i);
      continue;
    }
    const Role wanted = node.role == Role::kHost ? Role::kIngress : Role::kEgress;
    const char* article = node.role == Role::kHost ? "a host" : "an edge server";
    if (node.interfaces.size() != 1) {
      complain(i, fmt::format("{} has exactly one link, to an {} router; this one has {}", article, role_name(wanted),
                              node.interfaces.size()));
      continue;
    }
    const std::size_t peer = *index_of(node.interfaces[0].peer);
    if (has_role_[peer] && topology_.nodes[peer].role != wanted)
      complain(i, fmt::format("{} is attached to an {} router; {} is {}", article, role_name(wanted),
                              topology_.nodes[peer].name, role_name(topology_.nodes[peer].role)));
  }
}

// The edge server manager and the controller may be attached to any router, and there is one of each.
void Resolver::check_control_node(std::size_t i) {
  const Node& node = topology_.nodes[i];
  if (node.interfaces.size() != 1)
    complain(i, fmt::format("the {} has exactly one link, to a router; this one has {}", role_name(node.role),
                            node.interfaces.size()));
  else if (const std::size_t peer = *index_of(node.interfaces[0].peer);
           has_role_[peer] && !is_router(topology_.nodes[peer].role))
    complain(i, fmt::format("the {} is attached to a router; {} is {}", role_name(node.role),
                            topology_.nodes[peer].name, role_name(topology_.nodes[peer].role)));
  const auto first = std::ranges::find(topology_.nodes, node.role, &Node::role);
  if (&*first != &node)
    complain(i, fmt::format("a network has one {}, and {} is it already", role_name(node.role), first->name));
}

// Routers alone are a plain network; as soon as one role of CATS appears, it takes all three.
void Resolver::check_roles() {
  if (std::ranges::find(has_role_, false) != has_role_.end()) return;
  if (topology_.nodes.empty()) return diagnostics_.add(file_.place, "topology.nodes: there is no node");
  const auto any = [&](Role role) {
    return std::ranges::find(topology_.nodes, role, &Node::role) != topology_.nodes.end();
  };
  if (std::ranges::all_of(topology_.nodes, [](const Node& node) { return node.role == Role::kTransit; })) return;
  for (const Role role : {Role::kIngress, Role::kEgress, Role::kEdgeServer})
    if (!any(role)) diagnostics_.add(file_.place, fmt::format("no node has the cats-role {}", role_name(role)));
}

void Resolver::check_connected() {
  if (broken_links_ || std::ranges::find(has_role_, false) != has_role_.end()) return;
  const std::vector<const Node*> routers = topology_.routers();
  if (routers.empty()) return;
  std::set<std::string> reached{routers[0]->name};
  std::vector<const Node*> waiting{routers[0]};
  while (!waiting.empty()) {
    const Node& node = *waiting.back();
    waiting.pop_back();
    for (const Interface& interface : node.interfaces)
      if (router(interface.peer) && reached.insert(interface.peer).second)
        waiting.push_back(&topology_.nodes[*index_of(interface.peer)]);
  }
  for (const Node* node : routers)
    if (!reached.contains(node->name) && !node->interfaces.empty())
      complain(*index_of(node->name),
               fmt::format("no path over links between routers leads here from {}", routers[0]->name));
}

}  // namespace cats::topologies
