#include "suite/report/fleet_declarations.h"

#include "base/file.h"
#include "base/yaml.h"

namespace cats::suite {
namespace {

using Json = nlohmann::ordered_json;
using scenarios::Fleet;
using scenarios::Mode;
using scenarios::Scenario;

bool has_controller(const Scenario& scenario) { return scenario.mode == Mode::centralized; }

Json fleet_of(const Scenario& scenario) {
  const Fleet& fleet = *scenario.fleet;
  Json json = {{"sites", fleet.sites},
               {"ingresses", fleet.ingresses},
               {"capacity_cores", fleet.capacity_text()},
               {"workers", fleet.workers ? Json(*fleet.workers) : Json("one per core")},
               {"queue_limit", scenario.service.queue_limit}};
  return json;
}

Json updates_of(const Scenario& scenario) {
  const Fleet& fleet = *scenario.fleet;
  Json json = {{"refresh", scenarios::to_string(scenario.refresh)},
               {"interval", yaml::to_text(scenario.interval)},
               {"window", yaml::to_text(scenario.metrics.window)},
               {"phases", to_string(fleet.updates.phases)},
               {"quantised", fleet.metric.level != cpsel::Level::l0 && fleet.metric.quantised},
               {"delay", yaml::to_text(fleet.delay)},
               {"delay_spread", yaml::to_text(fleet.delay_spread)},
               {"loss", scenario.simulation.update_loss}};
  if (scenario.refresh == scenarios::Refresh::on_change) {
    json["threshold"] = fleet.updates.threshold;
    json["hold"] = yaml::to_text(fleet.updates.hold);
    json["silence"] = fleet.updates.silence ? Json(yaml::to_text(*fleet.updates.silence)) : Json(nullptr);
  }
  return json;
}

Json control_plane_of(const Scenario& scenario) {
  const Json version = CATS_VERSION;
  Json json = {{"approach", scenarios::to_string(scenario.mode)}};
  json["controller"] =
      has_controller(scenario) ? Json{{"type", "catsbench's controller as a model"}, {"version", version}} : Json();
  json["decision_maker"] = {
      {"type", has_controller(scenario) ? "a simulated controller" : "each simulated ingress for itself"},
      {"version", version}};
  json["northbound"] = Json::array();
  json["southbound"] = Json::array({"a simulated sequence of picks"});
  json["metric_distribution"] = updates_of(scenario);
  json["bgp_batch"] = yaml::to_text(scenario.simulation.bgp_batch);
  if (has_controller(scenario)) json["collect"] = yaml::to_text(scenario.fleet->collect);
  json["algorithm"] = {{"name", scenario.algorithm.name}, {"parameters", scenario.algorithm.parameters}};
  json["steer_by"] = scenario.metrics.steer_by;
  return json;
}

Json disturbances_of(const Fleet& fleet) {
  Json list = Json::array();
  if (fleet.crowd)
    list.push_back({{"kind", "crowd"},
                    {"at", yaml::to_text(fleet.crowd->at)},
                    {"for", yaml::to_text(fleet.crowd->length)},
                    {"factor", fleet.crowd->factor}});
  if (fleet.outage)
    list.push_back({{"kind", "outage"},
                    {"of", to_string(fleet.outage->of)},
                    {"share", fleet.outage->share},
                    {"at", yaml::to_text(fleet.outage->at)},
                    {"for", fleet.outage->length ? Json(yaml::to_text(*fleet.outage->length)) : Json(nullptr)},
                    {"detection", yaml::to_text(fleet.outage->detection)}});
  return list;
}

Json application_plane_of(const Scenario& scenario) {
  const Fleet& fleet = *scenario.fleet;
  Json json = {{"traffic", Json::array({{{"type", "flows of one job each"},
                                         {"flows_per_second_per_ingress", fleet.flows_per_second()},
                                         {"arrivals", load::text_of(fleet.arrivals)}}})},
               {"load_of_capacity", fleet.load},
               {"work_per_request", load::text_of(fleet.work)},
               {"open_loop", true},
               {"disturbances", disturbances_of(fleet)}};
  for (const scenarios::Trace& trace : scenario.workload.traces)
    json["traces"].push_back({{"name", trace.name}, {"sha256", trace.sha256}});
  return json;
}

}  // namespace

Json fleet_topology(const Scenario& scenario, const Json& file) {
  const Json fleet = fleet_of(scenario);
  return {{"sha256", sha256(fleet.dump())},
          {"file", file},
          {"nodes", Json::array()},
          {"links", Json::array()},
          {"fleet", fleet}};
}

Json fleet_declarations(const Scenario& scenario) {
  return {{"control_plane", control_plane_of(scenario)},
          {"forwarding_plane", {{"protocol", "none: a flow is at its site at once"}, {"fleet", fleet_of(scenario)}}},
          {"application_plane", application_plane_of(scenario)},
          {"interfaces",
           {{"I1", nullptr},
            {"I2", nullptr},
            {"I3", nullptr},
            {"I4", nullptr},
            {"reason", "a fleet has no interfaces: what is told arrives after a delay"}}},
          {"simulation",
           {{"clock", "virtual time"},
            {"bgp_batch", yaml::to_text(scenario.simulation.bgp_batch)},
            {"update_loss", scenario.simulation.update_loss}}}};
}

Json fleet_device(const Scenario& scenario, const Json& version) {
  return {{"nodes", Json::array()},
          {"kind", fmt::format("{} ingresses as a model, with catsbench's path selector {}", scenario.fleet->ingresses,
                               has_controller(scenario) ? "at a controller" : "in each")},
          {"version", version},
          {"access", "virtual time"}};
}

}  // namespace cats::suite
