#include <algorithm>
#include <cctype>

#include "topologies/resolver.h"

namespace cats::topologies {
namespace {

constexpr std::size_t kMaxInstances = 255;  // a mark keeps an instance's number in eight bits

}  // namespace

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

}  // namespace cats::topologies
