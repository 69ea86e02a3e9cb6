#include "emulator/preflight.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "emulator/kernel/slots.h"

namespace cats {
namespace {

using nlohmann::json;

class Preflight {
 public:
  Preflight(const World& world, scenarios::Testbed& testbed, const scenarios::Scenario& scenario, Instant deadline)
      : world_(world), testbed_(testbed), scenario_(scenario), deadline_(deadline) {}

  std::vector<PreflightCheck> run() {
    one_as();
    sessions();
    for (const auto& site : testbed_.sites()) collector(site);
    if (scenario_.mode != scenarios::Mode::distributed) control_plane();
    for (const auto& ingress : testbed_.ingresses()) {
      instances_at(ingress);
      for (const auto& site : testbed_.sites()) tunnel(ingress, site);
      for (const auto& service : world_.topology().services) {
        southbound(ingress, service.cs_id.str());
        if (scenario_.steered_by_frr()) next_hops(ingress, service);
      }
    }
    return std::move(checks_);
  }

 private:
  // `attempt` returns what is wrong, "" when all is well; it is asked until the deadline.
  template <class Attempt>
  void expect(const std::string& check, const std::string& good, Attempt attempt) {
    while (true) {
      std::string wrong;
      try {
        wrong = attempt();
      } catch (const MeasurementError& error) {
        wrong = error.what();
      } catch (const json::exception& error) {
        wrong = fmt::format("an answer is not as documented: {}", error.what());
      }
      if (wrong.empty() || testbed_.now() > deadline_) {
        checks_.push_back({check, wrong.empty(), wrong.empty() ? good : wrong});
        return;
      }
      testbed_.sleep_until(testbed_.now() + std::chrono::milliseconds(100));
    }
  }

  void one_as() {
    std::set<std::int64_t> numbers;
    expect("routers in one AS", fmt::format("AS {}", topologies::kDomainAs), [&]() -> std::string {
      for (const auto* node : world_.topology().routers()) {
        const auto summary = world_.router(node->name).show_json("bgpd", "show bgp vrf default json");
        if (!summary) return summary.error().message;
        const auto number = summary->value("localAS", std::int64_t{0});
        if (number != topologies::kDomainAs) return fmt::format("{} is in AS {}", node->name, number);
      }
      return "";
    });
  }

  void sessions() {
    const std::size_t all = world_.neighbors().size();
    expect("IGP and BGP sessions", fmt::format("{} of {} up", all, all), [&]() -> std::string {
      std::string down;
      for (const auto& neighbor : world_.neighbors())
        if (!neighbor.up) down += (down.empty() ? "" : "; ") + neighbor.str();
      return down;
    });
  }

  void collector(const scenarios::Site& site) {
    expect(fmt::format("collector of {}", site.node), "answered with one sample", [&]() -> std::string {
      const json raw = testbed_.command(site.node, {{"do", "sample"}}).at("raw");
      return raw.contains("cpu_utilisation") ? "" : "the sample has no cpu_utilisation: " + raw.dump();
    });
  }

  // The metric that the ingress itself chooses by: none where it takes orders.
  std::string own_metric() const {
    if (scenario_.cps() == scenarios::Cps::controller) return "";
    return scenario_.cps() == scenarios::Cps::split ? scenario_.fallback() : scenario_.metrics.steer_by;
  }

  void instances_at(const std::string& ingress) {
    const std::string metric = own_metric();
    const std::string good =
        metric.empty() ? "every instance is announced" : "every instance is announced, with metrics";
    expect(fmt::format("{} at {}", metric.empty() ? "routes" : "metrics", ingress), good, [&]() -> std::string {
      const json status = testbed_.command(ingress, {{"do", "status"}});
      std::set<std::string> present;
      for (const auto& service : status.at("services"))
        for (const auto& instance : service.at("instances"))
          if (metric.empty() || (instance.at("eligible").get<bool>() && instance.at("values").contains(metric)))
            present.insert(instance.at("csci"));
      for (const auto& site : testbed_.sites())
        if (!present.contains(site.csci.str()))
          return metric.empty() ? fmt::format("no route to {} ({})", site.node, site.csci)
                                : fmt::format("no usable {} of {} ({})", metric, site.node, site.csci);
      return "";
    });
  }

  void control_plane() {
    const std::string name = world_.topology().with_role(topologies::Role::kController).at(0)->name;
    const std::string metric = scenario_.metrics.steer_by;
    const bool steers = scenario_.cps() != scenarios::Cps::ingress;
    expect(fmt::format("metrics at {}", name), "every instance is known, by way of the manager", [&]() -> std::string {
      const json status = testbed_.command(name, {{"do", "status"}});
      if (!status.at("manager").get<bool>()) return "it does not hear the edge server manager";
      for (const auto& instance : status.at("metrics"))
        if (!instance.at("values").is_object() || (steers && !instance.at("values").contains(metric)))
          return fmt::format("no {} of {}", steers ? metric : "metrics", instance.at("node").get<std::string>());
      return "";
    });
    if (!steers) return;
    expect(fmt::format("orders of {}", name), "in force at every ingress", [&]() -> std::string {
      const json status = testbed_.command(name, {{"do", "status"}});
      for (const auto& router : status.at("routers"))
        if (!router.at("failure").is_null())
          return fmt::format("{}: {}", router.at("node").get<std::string>(), router.at("failure").get<std::string>());
      for (const auto& selection : status.at("selections"))
        if (selection.at("in_force").size() < testbed_.ingresses().size())
          return fmt::format("decision {} is not in force at every ingress", selection.at("id").dump());
      return status.at("selections").empty() ? "nothing was decided" : "";
    });
  }

  void tunnel(const std::string& ingress, const scenarios::Site& site) {
    expect(fmt::format("SRv6 tunnel {} → {}", ingress, site.node), "a probe reached it", [&]() -> std::string {
      const json reply = testbed_.command(ingress, {{"do", "probe"},
                                                    {"service", site.cs_id.str()},
                                                    {"csci", site.csci.str()},
                                                    {"port", scenario_.service.port}});
      const std::string answered = reply.at("instance");
      return answered == site.csci.str() ? ""
                                         : fmt::format("a probe with the mark of {} reached {}", site.csci, answered);
    });
  }

  // The slots in the kernel are those of the weights in force. Both are read twice: a decision may come between.
  void southbound(const std::string& ingress, const std::string& cs_id) {
    expect(fmt::format("flow table of {} read back", ingress), "the slots are those of the weights",
           [&]() -> std::string {
             const json status = testbed_.command(ingress, {{"do", "status"}});
             const json marks = testbed_.command(ingress, {{"do", "slots"}, {"service", cs_id}}).at("marks");
             for (const auto& service : status.at("services")) {
               if (service.at("cs_id") != cs_id) continue;
               std::vector<double> weights;
               for (const auto& instance : service.at("instances")) weights.push_back(instance.at("weight"));
               const auto counts = kernel::slot_counts(weights, marks.size());
               for (std::size_t i = 0; i < weights.size(); ++i) {
                 const json& mark = service.at("instances").at(i).at("mark");
                 const auto found = static_cast<std::size_t>(std::ranges::count(marks, mark));
                 if (found != counts[i])
                   return fmt::format("mark {} is in {} slots, should be in {}", mark.dump(), found, counts[i]);
               }
             }
             return "";
           });
  }

  // The kernel's next hops towards the service are the tunnels of the instances with weight. A decision may come
  // between.
  void next_hops(const std::string& ingress, const topologies::Service& service) {
    const std::string controller = world_.topology().with_role(topologies::Role::kController).at(0)->name;
    expect(fmt::format("route of {} to {} read back", ingress, service.cs_id), "the next hops are those of the weights",
           [&]() -> std::string {
             std::set<std::string> wanted, found;
             const json status = testbed_.command(controller, {{"do", "status"}});
             for (const auto& selection : status.at("selections"))
               if (selection.at("service") == service.cs_id.str())
                 for (const std::size_t i : service.instances) {
                   const auto& instance = world_.topology().instances.at(i);
                   if (selection.at("weights").value(instance.csci.str(), 0.0) > 0)
                     wanted.insert(plan::tunnel_interface(instance.mark));
                 }
             kernel::Netlink netlink(world_.ns(ingress));
             for (const auto& route : netlink.routes(service.cs_id.is_v6(), kernel::kMainTable))
               if (route.destination == IpPrefix::host(service.cs_id))
                 for (const auto& hop : route.next_hops)
                   if (hop.dev.starts_with("tunnel")) found.insert(hop.dev);
             if (found == wanted) return "";
             return fmt::format("through [{}], should be through [{}]", fmt::join(found, ", "),
                                fmt::join(wanted, ", "));
           });
  }

  const World& world_;
  scenarios::Testbed& testbed_;
  const scenarios::Scenario& scenario_;
  Instant deadline_;
  std::vector<PreflightCheck> checks_;
};

}  // namespace

std::vector<PreflightCheck> preflight(const World& world, scenarios::Testbed& testbed,
                                      const scenarios::Scenario& scenario, Duration deadline) {
  return Preflight(world, testbed, scenario, testbed.now() + deadline).run();
}

}  // namespace cats
