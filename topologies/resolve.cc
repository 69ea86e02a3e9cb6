#include "topologies/resolve.h"

#include <algorithm>

#include "topologies/resolver.h"

namespace cats::topologies {
namespace {

const std::vector<std::string> kLabels{"cats-role", "cats-service", "cats-family", "cats-locator", "cats-address"};
const std::vector<std::string> kRoles{"ingress",   "egress", "transit", "edge-server", "host", "edge-server-manager",
                                      "controller"};

std::optional<Role> role_of(const std::string& text) {
  for (const Role role : {Role::kHost, Role::kIngress, Role::kTransit, Role::kEgress, Role::kEdgeServer, Role::kManager,
                          Role::kController})
    if (role_name(role) == text) return role;
  return std::nullopt;
}

// The roles that may carry a label, for messages; empty: all.
std::string owners_of(const std::string& label) {
  if (label == "cats-service" || label == "cats-family") return "edge servers";
  if (label == "cats-locator") return "egress routers";
  if (label == "cats-address") return "routers";
  return "";
}

bool may_have(Role role, const std::string& label) {
  if (label == "cats-service" || label == "cats-family") return role == Role::kEdgeServer;
  if (label == "cats-locator") return role == Role::kEgress;
  if (label == "cats-address") return is_router(role);
  return true;
}

}  // namespace

Topology Resolver::resolve() {
  topology_.name = file_.name;
  for (const ClabNode& node : file_.nodes) add_node(node);
  if (file_.links.size() > kMaxLinks)
    diagnostics_.add(file_.place, fmt::format("{} links: allowed are {} at most", file_.links.size(), kMaxLinks));
  for (const ClabLink& link : file_.links) add_link(link);
  check_attachments();
  check_roles();
  check_connected();
  find_services();
  if (!diagnostics_.empty()) return {};
  allocate_nodes();
  for (std::size_t i = 0; i < topology_.links.size(); ++i) allocate_link(i);
  make_instances();
  check_locators();
  allocate_sids();
  return std::move(topology_);
}

void Resolver::complain(std::size_t node, const std::string& message) {
  diagnostics_.add(file_.nodes[node].place, fmt::format("{}: {}", file_.nodes[node].name, message));
}

const Given* Resolver::label(std::size_t node, const std::string& name) const {
  const auto found = file_.nodes[node].labels.find(name);
  return found == file_.nodes[node].labels.end() ? nullptr : &found->second;
}

Place Resolver::place_of(std::size_t node, const std::string& name) const {
  const Given* given = label(node, name);
  return given != nullptr ? given->place : file_.nodes[node].place;
}

std::optional<std::size_t> Resolver::index_of(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? std::nullopt : std::optional(found->second);
}

void Resolver::add_node(const ClabNode& given) {
  const std::size_t i = topology_.nodes.size();
  index_.emplace(given.name, i);
  Node node;
  node.name = given.name;
  node.image = given.image;
  const Given* role = label(i, "cats-role");
  const auto parsed = role != nullptr ? role_of(role->value) : std::nullopt;
  if (role == nullptr) {
    complain(i, fmt::format("the label \"cats-role\" is missing: allowed are {}", one_of(kRoles)));
  } else if (!parsed) {
    diagnostics_.add(role->place, fmt::format("{}: cats-role \"{}\" is unknown: allowed are {}{}", given.name,
                                              role->value, one_of(kRoles), did_you_mean(role->value, kRoles)));
  }
  has_role_.push_back(parsed.has_value());
  node.role = parsed.value_or(Role::kTransit);
  for (const auto& [name, value] : given.labels) {
    if (!name.starts_with("cats-")) continue;
    if (std::ranges::find(kLabels, name) == kLabels.end()) {
      diagnostics_.add(value.place, fmt::format("{}: unknown label \"{}\": allowed are {}{}", given.name, name,
                                                one_of(kLabels), did_you_mean(name, kLabels)));
    } else if (parsed && !may_have(*parsed, name)) {
      diagnostics_.add(value.place, fmt::format("{}: only {} have \"{}\"", given.name, owners_of(name), name));
    }
  }
  topology_.nodes.push_back(std::move(node));
}

void Resolver::add_link(const ClabLink& given) {
  bool good = true;
  for (const ClabEnd& end : given.ends) {
    if (!index_of(end.node)) {
      std::vector<std::string> names;
      for (const auto& node : file_.nodes) names.push_back(node.name);
      diagnostics_.add(given.place, fmt::format("{}:{}: there is no node \"{}\"{}", end.node, end.interface, end.node,
                                                did_you_mean(end.node, names)));
      good = false;
    } else if (!used_.insert({end.node, end.interface}).second) {
      diagnostics_.add(given.place,
                       fmt::format("{}:{}: this interface is in another link already", end.node, end.interface));
      good = false;
    }
  }
  if (good && given.ends[0].node == given.ends[1].node) {
    diagnostics_.add(given.place, fmt::format("{}: a link must connect two nodes", given.ends[0].node));
    good = false;
  }
  if (!good) {
    broken_links_ = true;
    return;
  }
  const std::size_t number = topology_.links.size();
  const bool core = router(given.ends[0].node) && router(given.ends[1].node);
  topology_.links.push_back({{given.ends[0].node, given.ends[0].interface},
                             {given.ends[1].node, given.ends[1].interface},
                             given.mtu.value_or(core ? kCoreMtu : kEdgeMtu),
                             core});
  given_links_.push_back(&given);
  for (std::size_t end = 0; end < 2; ++end) {
    const ClabEnd& here = given.ends[end];
    const ClabEnd& there = given.ends[1 - end];
    topology_.nodes[*index_of(here.node)].interfaces.push_back(
        {here.interface, number, there.node, there.interface, {}, std::nullopt});
  }
}

Topology resolve(const ClabFile& file, Diagnostics& diagnostics) { return Resolver(file, diagnostics).resolve(); }

}  // namespace cats::topologies
