#include "suite/report/declarations.h"

#include <algorithm>
#include <stdexcept>

#include "base/yaml.h"
#include "scenarios/values.h"
#include "suite/report/fleet_declarations.h"

namespace cats::suite {
namespace {

using Json = nlohmann::ordered_json;
using scenarios::Cps;
using scenarios::Mode;
using scenarios::SouthboundDriver;
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

// Files that workloads play: which they were.
Json traces(const scenarios::Scenario& scenario) {
  Json used = Json::array();
  const auto add = [&](const scenarios::Workload& workload) {
    for (const scenarios::Trace& trace : workload.traces) {
      Json entry = {{"name", trace.name}, {"sha256", trace.sha256}};
      if (std::find(used.begin(), used.end(), entry) == used.end()) used.push_back(std::move(entry));
    }
  };
  add(scenario.workload);
  for (const scenarios::Case& entry : scenario.cases) add(entry.scenario->workload);
  return used;
}

const char* decision_maker(Cps cps) {
  switch (cps) {
    case Cps::controller:
      return "catsbench controller";
    case Cps::ingress:
      return "catsbench ingress agent";
    case Cps::split:
      break;
  }
  return "catsbench controller, refined by the catsbench ingress agent";
}

bool simulated(const scenarios::Scenario& scenario) { return scenario.engine == scenarios::Engine::sim; }

Json southbound(const scenarios::Scenario& scenario) {
  if (simulated(scenario)) {
    if (scenario.cps() == Cps::ingress) return Json::array({"simulated flow table"});
    return Json::array({"REST, simulated", "simulated flow table"});
  }
  if (scenario.cps() == Cps::ingress) return Json::array({"netlink"});
  switch (scenario.controller.southbound) {
    case SouthboundDriver::agent:
      return Json::array({"REST", "netlink"});
    case SouthboundDriver::frr_vtysh:
      return Json::array({"FRRouting's VTY"});
    case SouthboundDriver::frr_grpc:
      break;
  }
  return Json::array({"FRRouting's gRPC northbound"});
}

// By which way the declared metrics go, with what that way is.
void add_distribution(const scenarios::Scenario& scenario, Json& json) {
  const std::string interval = yaml::to_text(scenario.interval);
  if (scenario.mode != Mode::centralized)
    json["metric_distribution"] = {
        {"protocol", "BGP-4, Edge Metadata path attribute (42)"},
        {"mode", scenario.attribute.transit ? "transit (flags 0xC0)" : "standard (flags 0x80)"},
        {"refresh", scenarios::to_string(scenario.refresh)},
        {"interval", interval}};
  if (scenario.mode == Mode::distributed) return;
  json["metric_publication"] = {
      {"protocol", "REST reports to the edge server manager, server-sent events to the controller"},
      {"refresh", scenarios::to_string(scenario.refresh)},
      {"interval", interval}};
  Json& via = json["via"] = Json::object();
  for (const auto& metric : scenario.metrics.declared)
    via[metric.type] = scenarios::to_string(scenario.via(metric.type));
}

Json control_plane(const scenarios::Scenario& scenario, const Json& environment) {
  const Json version = CATS_VERSION;
  const bool distributed = scenario.mode == Mode::distributed;
  Json json = {{"approach", scenarios::to_string(scenario.mode)}};
  json["controller"] = distributed ? Json(nullptr) : Json{{"type", "catsbench controller"}, {"version", version}};
  if (distributed)
    json["reason"] = "the distributed approach has no controller: the ingress decides";
  else
    json["cps"] = scenarios::to_string(scenario.cps());
  json["decision_maker"] = {{"type", decision_maker(scenario.cps())}, {"version", version}};
  json["northbound"] = distributed ? Json::array() : Json::array({"REST", "server-sent events"});
  json["southbound"] = southbound(scenario);
  add_distribution(scenario, json);
  json["bgp"] = {{"routers", {{"implementation", "FRRouting"}, {"version", version_of(environment, "frr")}}},
                 {"edge_servers", {{"implementation", "catsbench"}, {"version", version}}}};
  json["igp"] = "OSPF of FRRouting";
  if (simulated(scenario)) {
    json["bgp"]["routers"] = {{"implementation", "catsbench's model of FRRouting"}, {"version", version}};
    json["igp"] = "fewest links, known at once";
  }
  json["algorithm"] = {{"name", scenario.algorithm.name}, {"parameters", scenario.algorithm.parameters}};
  if (const Json used = libraries(scenario); !used.empty()) json["algorithm_libraries"] = used;
  json["steer_by"] = scenario.metrics.steer_by;
  return json;
}

const char* flow_affinity(const scenarios::Scenario& scenario) {
  if (simulated(scenario)) return "mark per flow in a simulated session table, set by the C-PS's weights";
  return scenario.steered_by_frr() ? "conntrack mark per flow, set by the tunnel interface that FRRouting's route chose"
                                   : "conntrack mark per flow, set by the C-PS's weights";
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
  return {{"protocol", simulated(scenario) ? "SRv6 tunnels as ways over the fewest links" : "SRv6"},
          {"behaviours", behaviours},
          {"flow_affinity", flow_affinity(scenario)},
          {"routers", topology.routers().size()},
          {"edge_servers", topology.with_role(Role::kEdgeServer).size()},
          {"hosts", topology.with_role(Role::kHost).size()},
          {"links", topology.links.size()},
          {"core_mtu", topologies::kCoreMtu},
          {"edge_server_type",
           {{"type", simulated(scenario) ? "catsbench's simulated edge server" : "catsd edge-server"},
            {"version", CATS_VERSION}}},
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
                       {"arrivals", to_string(workload.persistent->arrivals)}});
  if (workload.brief)
    traffic.push_back({{"type", "short TCP sessions, HTTP/1.1"},
                       {"sessions_per_second_per_host", workload.brief->rate},
                       {"requests_per_session", workload.brief->requests},
                       {"interval", yaml::to_text(workload.brief->interval)},
                       {"arrivals", load::text_of(workload.brief->arrivals)}});
  if (scenario.test("lb-variance") != nullptr)
    traffic.push_back({{"type", "flows of lb-variance: TCP sessions, HTTP/1.1"},
                       {"sessions_of_all_hosts", workload.flows.count},
                       {"sessions_per_second_of_all_hosts", workload.flows.rate},
                       {"life", load::text_of(workload.flows.duration)},
                       {"interval", yaml::to_text(workload.flows.interval)},
                       {"arrivals", load::text_of(workload.flows.arrivals)}});
  Json json = {{"traffic", traffic},
               {"work_per_request", load::text_of(workload.work)},
               {"timeout", yaml::to_text(workload.timeout)},
               {"open_loop", true},
               {"port", scenario.service.port}};
  if (const Json used = traces(scenario); !used.empty()) json["traces"] = used;
  return json;
}

// The simulated world's own: what stands in for the network, the routers and the processes.
Json simulation(const scenarios::Simulation& model) {
  return {{"clock", "virtual time"},
          {"link_delay", yaml::to_text(model.link_delay)},
          {"link_rate", model.link_rate ? scenarios::bit_rate_text(*model.link_rate) : "unlimited"},
          {"bgp_batch", yaml::to_text(model.bgp_batch)},
          {"collecting", yaml::to_text(model.collecting)},
          {"deciding", yaml::to_text(model.deciding)},
          {"programming", yaml::to_text(model.programming)},
          {"rest_processing", yaml::to_text(model.rest_processing)},
          {"request_overhead", yaml::to_text(model.request_overhead)},
          {"cpus", model.cpus},
          {"link_loss", model.link_loss},
          {"update_loss", model.update_loss}};
}

// Which of the interfaces of the draft's figures carried what.
Json interfaces(const scenarios::Scenario& scenario) {
  if (scenario.mode == Mode::distributed)
    return {{"I1", "service requests of the hosts, into the ingress"},
            {"I2", nullptr},
            {"I3", nullptr},
            {"I4", nullptr},
            {"reason", "figure 2 of the draft has I1 alone"}};
  Json json = {{"I1", "weights from the controller to the ingress"},
               {"I2", "service requests of the hosts, into the ingress"},
               {"I3", "metrics from edge servers to the edge server manager"},
               {"I4", "metrics from the manager to the controller, by subscription"}};
  if (scenario.steered_by_frr()) json["I1"] = "static routes from the controller to the ingress' FRRouting";
  if (scenario.cps() == Cps::split) json["I1"] = "candidate weights from the controller to the ingress";
  if (scenario.cps() == Cps::ingress) {
    json["I1"] = nullptr;
    json["reason"] = "the ingress decides: the controller orders nothing";
  }
  return json;
}

Json interfaces_by_mode(const std::vector<const scenarios::Scenario*>& modes) {
  Json all = Json::object();
  for (const char* name : {"I1", "I2", "I3", "I4", "reason"})
    for (const scenarios::Scenario* one : modes)
      if (const Json own = interfaces(*one); own.contains(name)) all[name][scenarios::to_string(one->mode)] = own[name];
  return all;
}

Json declarations_of_one_engine(const scenarios::Scenario& scenario, const Json& environment) {
  const auto modes = one_per_mode(scenario);
  Json plane = control_plane(*modes.front(), environment);
  for (std::size_t i = 1; i < modes.size(); ++i)
    plane["other_approaches"].push_back(control_plane(*modes[i], environment));
  Json json = {{"control_plane", plane},
               {"forwarding_plane", forwarding_plane(scenario, *scenario.network)},
               {"application_plane", application_plane(scenario)},
               {"interfaces", modes.size() == 1 ? interfaces(*modes.front()) : interfaces_by_mode(modes)}};
  if (simulated(scenario)) json["simulation"] = simulation(scenario.simulation);
  return json;
}

}  // namespace

std::vector<const scenarios::Scenario*> one_per_mode(const scenarios::Scenario& scenario) {
  std::vector<const scenarios::Scenario*> found;
  for (const scenarios::Case& entry : scenario.cases)
    if (std::ranges::find(found, entry.scenario->mode, &scenarios::Scenario::mode) == found.end())
      found.push_back(entry.scenario.get());
  const bool as_a_whole = found.empty() || (found.size() == 1 && found.front()->mode == scenario.mode);
  return as_a_whole ? std::vector<const scenarios::Scenario*>{&scenario} : found;
}

Json declarations(const scenarios::Scenario& scenario, const Json& environment) {
  using scenarios::Engine;
  if (scenario.fleet) return fleet_declarations(scenario);
  if (!scenario.network) throw std::logic_error("declarations of a scenario without its network");
  if (!scenarios::runs_on(scenario, Engine::emulator) || !scenarios::runs_on(scenario, Engine::sim))
    return declarations_of_one_engine(scenario, environment);
  Json json = declarations_of_one_engine(scenarios::only(scenario, Engine::emulator), environment);
  const Json simulated_too = declarations_of_one_engine(scenarios::only(scenario, Engine::sim), environment);
  json["simulation"] = simulated_too.at("simulation");
  for (const char* plane : {"control_plane", "forwarding_plane"}) json["simulation"][plane] = simulated_too.at(plane);
  return json;
}

}  // namespace cats::suite
