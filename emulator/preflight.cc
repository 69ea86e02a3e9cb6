#include "emulator/preflight.h"

#include <set>

#include "base/error.h"

namespace cats {
namespace {

using nlohmann::json;
using scenarios::Preflight;

void one_as(const World& world, Preflight& preflight) {
  preflight.expect("routers in one AS", fmt::format("AS {}", topologies::kDomainAs), [&]() -> std::string {
    for (const auto* node : world.topology().routers()) {
      const auto summary = world.router(node->name).show_json("bgpd", "show bgp vrf default json");
      if (!summary) return summary.error().message;
      const auto number = summary->value("localAS", std::int64_t{0});
      if (number != topologies::kDomainAs) return fmt::format("{} is in AS {}", node->name, number);
    }
    return "";
  });
}

void sessions(const World& world, Preflight& preflight) {
  const std::size_t all = world.neighbors().size();
  preflight.expect("IGP and BGP sessions", fmt::format("{} of {} up", all, all), [&]() -> std::string {
    std::string down;
    for (const auto& neighbor : world.neighbors())
      if (!neighbor.up) down += (down.empty() ? "" : "; ") + neighbor.str();
    return down;
  });
}

// The kernel's next hops towards the service are the tunnels of the instances with weight. A decision may come
// between.
std::string other_next_hops(const World& world, scenarios::Testbed& testbed, const std::string& ingress,
                            const topologies::Service& service) {
  const std::string controller = world.topology().with_role(topologies::Role::kController).at(0)->name;
  std::set<std::string> wanted, found;
  const json status = testbed.command(controller, {{"do", "status"}});
  for (const auto& selection : status.at("selections"))
    if (selection.at("service") == service.cs_id.str())
      for (const std::size_t i : service.instances) {
        const auto& instance = world.topology().instances.at(i);
        if (selection.at("weights").value(instance.csci.str(), 0.0) > 0)
          wanted.insert(plan::tunnel_interface(instance.mark));
      }
  kernel::Netlink netlink(world.ns(ingress));
  for (const auto& route : netlink.routes(service.cs_id.is_v6(), kernel::kMainTable))
    if (route.destination == IpPrefix::host(service.cs_id))
      for (const auto& hop : route.next_hops)
        if (hop.dev.starts_with("tunnel")) found.insert(hop.dev);
  if (found == wanted) return "";
  return fmt::format("through [{}], should be through [{}]", fmt::join(found, ", "), fmt::join(wanted, ", "));
}

}  // namespace

std::vector<scenarios::PreflightCheck> preflight(const World& world, scenarios::Testbed& testbed,
                                                 const scenarios::Scenario& scenario, Duration deadline) {
  Preflight preflight(testbed, scenario, testbed.now() + scenarios::until_heard(scenario) + deadline);
  one_as(world, preflight);
  sessions(world, preflight);
  preflight.collectors();
  preflight.control_plane();
  for (const auto& ingress : testbed.ingresses()) {
    preflight.instances_at(ingress);
    for (const auto& site : testbed.sites()) preflight.tunnel(ingress, site);
    for (const auto& service : world.topology().services) {
      preflight.southbound(ingress, service.cs_id.str());
      if (scenario.steered_by_frr())
        preflight.expect(fmt::format("route of {} to {} read back", ingress, service.cs_id),
                         "the next hops are those of the weights",
                         [&] { return other_next_hops(world, testbed, ingress, service); });
    }
  }
  return preflight.checks();
}

}  // namespace cats
