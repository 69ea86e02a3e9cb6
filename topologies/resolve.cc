#include "topologies/resolve.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "topologies/allocation.h"

namespace cats::topologies {
namespace {

const std::vector<std::string> kLabels{"cats-role", "cats-service", "cats-family", "cats-locator", "cats-address"};
const std::vector<std::string> kRoles{"ingress",   "egress", "transit", "edge-server", "host", "edge-server-manager",
                                      "controller"};
constexpr std::size_t kMaxInstances = 255;  // a mark keeps an instance's number in eight bits

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

class Resolver {
 public:
  Resolver(const ClabFile& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics), book_(diagnostics), broken_links_(!file.links_complete) {}

  Topology resolve() {
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

 private:
  void complain(std::size_t node, const std::string& message) {
    diagnostics_.add(file_.nodes[node].place, fmt::format("{}: {}", file_.nodes[node].name, message));
  }
  const Given* label(std::size_t node, const std::string& name) const {
    const auto found = file_.nodes[node].labels.find(name);
    return found == file_.nodes[node].labels.end() ? nullptr : &found->second;
  }
  Place place_of(std::size_t node, const std::string& name) const {
    const Given* given = label(node, name);
    return given != nullptr ? given->place : file_.nodes[node].place;
  }
  std::optional<std::size_t> index_of(const std::string& name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? std::nullopt : std::optional(found->second);
  }

  void add_node(const ClabNode& given) {
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

  void add_link(const ClabLink& given) {
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

  bool router(const std::string& name) const { return is_router(topology_.nodes[*index_of(name)].role); }

  // Whoever stands at the edge has one link, to the right kind of router. A link that was refused, or a node without a
  // role, has been reported already, and must not cause more.
  void check_attachments() {
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
  void check_control_node(std::size_t i) {
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
  void check_roles() {
    if (std::ranges::find(has_role_, false) != has_role_.end()) return;
    if (topology_.nodes.empty()) return diagnostics_.add(file_.place, "topology.nodes: there is no node");
    const auto any = [&](Role role) {
      return std::ranges::find(topology_.nodes, role, &Node::role) != topology_.nodes.end();
    };
    if (std::ranges::all_of(topology_.nodes, [](const Node& node) { return node.role == Role::kTransit; })) return;
    for (const Role role : {Role::kIngress, Role::kEgress, Role::kEdgeServer})
      if (!any(role)) diagnostics_.add(file_.place, fmt::format("no node has the cats-role {}", role_name(role)));
  }

  void check_connected() {
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

  void find_services();
  void allocate_nodes();
  void allocate_link(std::size_t number);
  void make_instances();
  void check_locators();
  void allocate_sids();
  std::optional<IpPrefix> given_prefix(const Given& given, const std::string& owner, bool v4);

  const ClabFile& file_;
  Diagnostics& diagnostics_;
  AddressBook book_;
  Topology topology_;
  std::map<std::string, std::size_t> index_;
  std::vector<bool> has_role_;
  bool broken_links_;  // some link was refused: what seems to be missing may be there
  std::set<std::pair<std::string, std::string>> used_;
  std::vector<const ClabLink*> given_links_;       // by position in Topology::links
  std::map<std::string, std::size_t> service_of_;  // by node
};

// A family may be named at any edge server of a service; an address as the service's name fixes it.
void Resolver::find_services() {
  struct Found {
    std::string name;
    std::optional<IpAddress> address;
    std::optional<bool> v4;
    Place place;
  };
  std::vector<Found> found;
  for (std::size_t i = 0; i < topology_.nodes.size(); ++i) {
    if (!has_role_[i] || topology_.nodes[i].role != Role::kEdgeServer) continue;
    const Given* given = label(i, "cats-service");
    const std::string name = given != nullptr ? given->value : "service";
    auto service = std::ranges::find(found, name, &Found::name);
    if (service == found.end()) {
      Found fresh{name, std::nullopt, std::nullopt, place_of(i, "cats-service")};
      if (const auto address = IpAddress::parse(name)) {
        fresh.address = *address;
        fresh.v4 = address->is_v4();
        if (!is_benchmarking(IpPrefix::host(*address)))
          diagnostics_.add(fresh.place,
                           fmt::format("{}: cats-service {} is outside of the benchmarking ranges 2001:2::/48 and "
                                       "198.18.0.0/15",
                                       topology_.nodes[i].name, name));
      } else if (!std::ranges::all_of(name,
                                      [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-'; })) {
        diagnostics_.add(fresh.place,
                         fmt::format("{}: cats-service \"{}\" is neither an address nor a name: a name has "
                                     "letters, digits and \"-\" only",
                                     topology_.nodes[i].name, name));
      }
      service = found.insert(found.end(), fresh);
    }
    service_of_[topology_.nodes[i].name] = static_cast<std::size_t>(service - found.begin());
    if (const Given* family = label(i, "cats-family")) {
      const bool v4 = family->value == "ipv4";
      if (!v4 && family->value != "ipv6") {
        diagnostics_.add(family->place, fmt::format("{}: cats-family \"{}\" is unknown: allowed are ipv6 or ipv4",
                                                    topology_.nodes[i].name, family->value));
      } else if (service->v4.value_or(v4) != v4) {
        diagnostics_.add(family->place, fmt::format("{}: service {} is {} already", topology_.nodes[i].name, name,
                                                    *service->v4 ? "ipv4" : "ipv6"));
      } else {
        service->v4 = v4;
      }
    }
  }
  for (std::size_t s = 0; s < found.size(); ++s) {
    const IpAddress cs_id = found[s].address.value_or(cs_id_address(s + 1, found[s].v4.value_or(false)));
    topology_.services.push_back({found[s].name, cs_id, {}});
    book_.add(cs_id, "service " + found[s].name, found[s].place);
  }
}

std::optional<IpPrefix> Resolver::given_prefix(const Given& given, const std::string& owner, bool v4) {
  const auto prefix = IpPrefix::parse(given.value);
  if (!prefix) {
    diagnostics_.add(given.place, fmt::format("{}: {}", owner, prefix.error().message));
  } else if (prefix->address.is_v4() != v4) {
    diagnostics_.add(given.place, fmt::format("{}: {} is not an IPv{} address", owner, given.value, v4 ? 4 : 6));
  } else if (!is_benchmarking(*prefix)) {
    diagnostics_.add(given.place, fmt::format("{}: {} is outside of the benchmarking range {}", owner, given.value,
                                              v4 ? "198.18.0.0/15" : "2001:2::/48"));
  } else {
    return *prefix;
  }
  return std::nullopt;
}

void Resolver::allocate_nodes() {
  std::size_t routers = 0, ingresses = 0, egresses = 0, edge_servers = 0;
  const bool v4 = topology_.has_ipv4();
  for (std::size_t i = 0; i < topology_.nodes.size(); ++i) {
    Node& node = topology_.nodes[i];
    if (node.role == Role::kEdgeServer) {
      node.as_number = kFirstEdgeAs + static_cast<std::uint32_t>(++edge_servers);
      continue;
    }
    if (!is_router(node.role)) continue;
    ++routers;
    node.loopback = loopback_address(routers);
    node.router_id = loopback4_address(routers).str();
    if (v4) node.loopback4 = loopback4_address(routers);
    if (const Given* given = label(i, "cats-address"))
      if (const auto prefix = given_prefix(*given, node.name + ": cats-address", false)) {
        if (prefix->length != 128)
          diagnostics_.add(given->place, fmt::format("{}: cats-address is one address, without a length", node.name));
        node.loopback = prefix->address;
      }
    book_.add(*node.loopback, node.name, place_of(i, "cats-address"));
    if (node.role == Role::kIngress) {
      ++ingresses;
      if (topology_.has_ipv6_service()) node.agent = agent_address(ingresses);
      if (v4) node.agent4 = agent4_address(ingresses);
      book_.add(agent_address(ingresses), "the agent of " + node.name, file_.nodes[i].place);
    }
    if (node.role == Role::kEgress) {
      node.locator = locator_prefix(++egresses);
      if (const Given* given = label(i, "cats-locator"))
        if (const auto prefix = given_prefix(*given, node.name + ": cats-locator", false)) {
          if (prefix->length > 96 || *prefix != prefix->network())
            diagnostics_.add(given->place,
                             fmt::format("{}: cats-locator {} is not a prefix of 96 bits or less, without host "
                                         "bits, such as {}",
                                         node.name, given->value, *node.locator));
          node.locator = prefix->network();
        }
    }
  }
}

void Resolver::allocate_link(std::size_t number) {
  const Link& link = topology_.links[number];
  const ClabLink& given = *given_links_[number];
  std::array<IpPrefix, 2> v6, v4;
  for (std::size_t end = 0; end < 2; ++end) {
    const ClabEnd& here = given.ends[end];
    const std::string owner = here.node + ":" + here.interface;
    Interface& interface =
        *std::ranges::find(topology_.nodes[*index_of(here.node)].interfaces, here.interface, &Interface::name);
    interface.address = link_address(number + 1, end);
    if (given.ipv6[end])
      if (const auto prefix = given_prefix(*given.ipv6[end], owner, false)) interface.address = *prefix;
    book_.add(interface.address.address, owner, given.ipv6[end] ? given.ipv6[end]->place : given.place);
    v6[end] = interface.address;
    IpPrefix address4 = link4_address(number + 1, end);
    if (given.ipv4[end])
      if (const auto prefix = given_prefix(*given.ipv4[end], owner, true)) address4 = *prefix;
    v4[end] = address4;
    if (!topology_.has_ipv4()) continue;
    interface.address4 = address4;
    book_.add(address4.address, owner, given.ipv4[end] ? given.ipv4[end]->place : given.place);
  }
  for (const auto& pair : {v6, v4})
    if (pair[0].network() != pair[1].network())
      diagnostics_.add(given.place, fmt::format("{} and {}: the ends {} and {} are not in one network", link.a.node,
                                                link.b.node, pair[0], pair[1]));
}

void Resolver::make_instances() {
  for (std::size_t s = 0; s < topology_.services.size(); ++s) {
    Service& service = topology_.services[s];
    std::vector<Instance> instances;
    for (const Node& node : topology_.nodes) {
      if (node.role != Role::kEdgeServer || service_of_.at(node.name) != s) continue;
      const Interface& interface = node.interfaces.at(0);
      const IpAddress csci = service.cs_id.is_v4() ? interface.address4->address : interface.address.address;
      instances.push_back({s, node.name, 0, csci, interface.peer, interface.peer_interface, {}, 0, 0});
    }
    if (instances.size() > kMaxInstances)
      diagnostics_.add(file_.place, fmt::format("service {} has {} instances: allowed are {} at most", service.name,
                                                instances.size(), kMaxInstances));
    std::ranges::sort(instances, {}, &Instance::csci);
    for (Instance& instance : instances) {
      instance.number = static_cast<std::uint32_t>(service.instances.size() + 1);
      instance.mark = static_cast<std::uint32_t>(s) * 256 + instance.number;
      instance.table = 1000 + instance.mark;
      service.instances.push_back(topology_.instances.size());
      topology_.nodes[*index_of(instance.node)].instance = topology_.instances.size();
      topology_.instances.push_back(instance);
    }
  }
}

void Resolver::check_locators() {
  for (std::size_t i = 0; i < topology_.nodes.size(); ++i) {
    const Node& node = topology_.nodes[i];
    if (!node.locator) continue;
    const Place place = place_of(i, "cats-locator");
    book_.check_locator(*node.locator, node.name, place);
    for (const Node& other : topology_.nodes)
      if (&other != &node && other.locator && node.locator->contains(other.locator->address))
        diagnostics_.add(place,
                         fmt::format("{}: the locator {} contains that of {}", node.name, *node.locator, other.name));
  }
}

void Resolver::allocate_sids() {
  for (Instance& instance : topology_.instances)
    instance.sid = topology_.node(instance.egress).locator->address.plus(instance.mark);
}

}  // namespace

Topology resolve(const ClabFile& file, Diagnostics& diagnostics) { return Resolver(file, diagnostics).resolve(); }

}  // namespace cats::topologies
