#include "suite/report/declarations.h"

#include <algorithm>
#include <stdexcept>

#include "base/yaml.h"

namespace cats::suite {
namespace {

using Json = nlohmann::ordered_json;
using scenarios::Mode;
using topologies::Role;

Json version_of(const Json& environment, const char* tool) {
  const auto tools = environment.find("tools");
  return tools != environment.end() && tools->contains(tool) ? (*tools)[tool] : Json(nullptr);
}

// Algorithms of the user's: which files they were.
Json libraries(const scenarios::Scenario& scenario) {
  Json used = Json::array();
  const auto add = [&](const scenarios::Algorithm& algorithm) {
    Json entry = {{"name", algorithm.name}, {"sha256", algorithm.library_sha256}};
    if (algorithm.is_library() && std::find(used.begin(), used.end(), entry) == used.end())
      used.push_back(std::move(entry));
  };
  add(scenario.algorithm);
  for (const scenarios::Case& entry : scenario.cases) add(entry.scenario->algorithm);
  return used;
}

Json control_plane(const scenarios::Scenario& scenario, const Json& environment) {
  const Json version = CATS_VERSION;
  const bool distributed = scenario.mode == Mode::distributed;
  const bool centralized = scenario.mode == Mode::centralized;
  Json json = {{"approach", scenarios::to_string(scenario.mode)}};
  json["controller"] = distributed ? Json(nullptr) : Json{{"type", "catsbench controller"}, {"version", version}};
  if (distributed) json["reason"] = "the distributed approach has no controller: the ingress decides";
  json["decision_maker"] = {{"type", distributed ? "catsbench ingress agent" : "catsbench controller"},
                            {"version", version}};
  json["northbound"] = distributed ? Json::array() : Json::array({"REST", "server-sent events"});
  json["southbound"] = distributed ? Json::array({"netlink"}) : Json::array({"REST"});
  if (!centralized)
    json["metric_distribution"] = {
        {"protocol", "BGP-4, Edge Metadata path attribute (42)"},
        {"mode", scenario.attribute.transit ? "transit (flags 0xC0)" : "standard (flags 0x80)"},
        {"refresh", scenarios::to_string(scenario.refresh)},
        {"interval", yaml::to_text(scenario.interval)}};
  json["bgp"] = {{"routers", {{"implementation", "FRRouting"}, {"version", version_of(environment, "frr")}}},
                 {"edge_servers", {{"implementation", "catsbench"}, {"version", version}}}};
  json["igp"] = "OSPF of FRRouting";
  json["algorithm"] = {{"name", scenario.algorithm.name}, {"parameters", scenario.algorithm.parameters}};
  if (const Json used = libraries(scenario); !used.empty()) json["algorithm_libraries"] = used;
  json["steer_by"] = scenario.metrics.steer_by;
  return json;
}

Json forwarding_plane(const scenarios::Scenario& scenario, const topologies::Topology& topology) {
  std::vector<std::string> behaviours{"H.Encaps"};
  for (const topologies::Service& service : topology.services) {
    const std::string behaviour = service.cs_id.is_v4() ? "End.DX4" : "End.DX6";
    if (std::find(behaviours.begin(), behaviours.end(), behaviour) == behaviours.end()) behaviours.push_back(behaviour);
  }
  Json quotas = Json::object();
  for (const topologies::Node* node : topology.with_role(Role::kEdgeServer))
    quotas[node->name] = scenario.service.quota_of(node->name);
  return {{"protocol", "SRv6"},
          {"behaviours", behaviours},
          {"flow_affinity", "conntrack mark per flow, set by the C-PS's weights"},
          {"routers", topology.routers().size()},
          {"edge_servers", topology.with_role(Role::kEdgeServer).size()},
          {"hosts", topology.with_role(Role::kHost).size()},
          {"links", topology.links.size()},
          {"core_mtu", topologies::kCoreMtu},
          {"edge_server_type", {{"type", "catsd edge-server"}, {"version", CATS_VERSION}}},
          {"edge_server_quota_cores", quotas},
          {"edge_server_workers", scenario.service.workers},
          {"edge_server_queue_limit", scenario.service.queue_limit}};
}

Json application_plane(const scenarios::Scenario& scenario) {
  const scenarios::Workload& workload = scenario.workload;
  Json traffic = Json::array();
  if (workload.persistent)
    traffic.push_back({{"type", "persistent TCP sessions, HTTP/1.1"},
                       {"sessions_per_host", workload.persistent->sessions},
                       {"interval", yaml::to_text(workload.persistent->interval)},
                       {"arrivals", scenarios::to_string(workload.persistent->arrivals)}});
  if (workload.brief)
    traffic.push_back({{"type", "short TCP sessions, HTTP/1.1"},
                       {"sessions_per_second_per_host", workload.brief->rate},
                       {"requests_per_session", workload.brief->requests},
                       {"interval", yaml::to_text(workload.brief->interval)},
                       {"arrivals", scenarios::to_string(workload.brief->arrivals)}});
  return {{"traffic", traffic},
          {"work_per_request", yaml::to_text(workload.work)},
          {"timeout", yaml::to_text(workload.timeout)},
          {"open_loop", true},
          {"port", scenario.service.port}};
}

// Which of the interfaces of the draft's figures carried what.
Json interfaces(Mode mode) {
  if (mode == Mode::distributed)
    return {{"I1", "service requests of the hosts, into the ingress"},
            {"I2", nullptr},
            {"I3", nullptr},
            {"I4", nullptr},
            {"reason", "figure 2 of the draft has I1 alone"}};
  return {{"I1", "weights from the controller to the ingress"},
          {"I2", "service requests of the hosts, into the ingress"},
          {"I3", "metrics from edge servers to the edge server manager"},
          {"I4", "metrics from the manager to the controller, by subscription"}};
}

}  // namespace

Json declarations(const scenarios::Scenario& scenario, const Json& environment) {
  if (!scenario.network) throw std::logic_error("declarations of a scenario without its network");
  return {{"control_plane", control_plane(scenario, environment)},
          {"forwarding_plane", forwarding_plane(scenario, *scenario.network)},
          {"application_plane", application_plane(scenario)},
          {"interfaces", interfaces(scenario.mode)}};
}

}  // namespace cats::suite
