#include "scenarios/control_plane.h"

#include <algorithm>

#include "base/diagnostics.h"
#include "scenarios/read_metrics.h"
#include "scenarios/values.h"

namespace cats::scenarios {
namespace {

// The remedy where the controller may not decide alone.
constexpr const char* kIngressHasOne = "take mode distributed, or hybrid with \"cps: ingress\" or \"cps: split\"";

bool declares_metric(const Scenario& scenario, const std::string& metric) {
  const auto& declared = scenario.metrics.declared;
  return !metric.empty() && std::ranges::find(declared, metric, &cpsel::Declaration::type) != declared.end();
}

std::string write_a_fallback(const Scenario& scenario) {
  std::vector<std::string> names;
  for (const cpsel::Declaration& each : scenario.metrics.declared)
    if (can_refine(each.type) && scenario.via(each.type) == Via::bgp) names.push_back(each.type);
  return names.empty() ? "declare a score that goes via bgp" : "write " + one_of(names);
}

// In hybrid mode.
void check_way_of_steering(const yaml::Reader& steer_by, const Scenario& scenario) {
  const std::string& metric = scenario.metrics.steer_by;
  if (!declares_metric(scenario, metric)) return;
  const bool by_controller = scenario.via(metric) == Via::controller;
  if (scenario.cps() == Cps::ingress && by_controller)
    steer_by.complain(
        fmt::format("{} goes via controller, and with \"cps: ingress\" the ingress steers by it: "
                    "declare it with \"via: bgp\", or take another cps",
                    metric));
  if (scenario.cps() != Cps::ingress && !by_controller)
    steer_by.complain(
        fmt::format("{} goes via bgp, and with \"cps: {}\" the controller steers by it: "
                    "declare it with \"via: controller\", or take \"cps: ingress\"",
                    metric, to_string(scenario.cps())));
}

// In hybrid mode.
void check_traffic_counts(const yaml::Reader& declared, const Scenario& scenario) {
  if (!declared.is_list()) return;
  for (const yaml::Reader& each : declared.list()) {
    if (!each.is_map()) continue;
    const yaml::Map keys = each.open_map();
    const auto given = scenario.metrics.via.find(keys.get("type").text());
    if (given != scenario.metrics.via.end() && given->second != scenario.via(given->first))
      keys.get("via").complain(
          fmt::format("counts of packets and octets travel together, the others go via {0}: write {0}",
                      to_string(scenario.via(given->first))));
  }
}

// In hybrid mode with a split C-PS.
void check_fallback(const yaml::Map& map, const yaml::Reader& fallback, const Scenario& scenario) {
  const yaml::Reader section = map.get("controller");
  if (scenario.fallback().empty())
    (section.present() ? section : map.get("mode"))
        .complain(fmt::format("\"cps: split\" needs controller.fallback, by which the ingress steers "
                              "when the controller is lost: {}",
                              write_a_fallback(scenario)));
  const std::string& metric = scenario.controller.fallback;
  if (!declares_metric(scenario, metric) || !is_distributed(metric)) return;
  if (!can_refine(metric))
    fallback.complain(fmt::format("{} has no full scale, so that candidate weights cannot be refined by it: {}", metric,
                                  write_a_fallback(scenario)));
  else if (scenario.via(metric) == Via::controller)
    fallback.complain(fmt::format("{} goes via controller, which is lost when the ingress steers by it: {}", metric,
                                  write_a_fallback(scenario)));
}

std::vector<std::string> algorithms_for_frr(const Catalogue& catalogue) {
  std::vector<std::string> names;
  for (const AlgorithmDeclaration& each : catalogue.algorithms)
    if (each.equal_weights && !each.needs_flow_counts) names.push_back(each.name);
  return names;
}

constexpr const char* kFrrSharesEvenly = "FRR shares new flows evenly";

// FRR 8.4 shares new flows evenly among the next hops of a route, and combines nothing with what it is told.
void check_driver(const yaml::Map& map, const Scenario& scenario, const Catalogue& catalogue) {
  const SouthboundDriver driver = scenario.controller.southbound;
  if (driver == SouthboundDriver::agent) return;
  if (scenario.cps() != Cps::controller) {
    map.get("controller")
        .open_map()
        .get("southbound")
        .complain(fmt::format("\"{}\" carries out what the controller alone decides, and with \"cps: {}\" {}: write "
                              "\"cps: controller\", or \"southbound: agent\"",
                              to_string(driver), to_string(scenario.cps()),
                              scenario.cps() == Cps::split ? "the ingress refines it" : "it orders nothing"));
    return;
  }
  const yaml::Reader reader = map.get("algorithm");
  const yaml::Reader name = reader.is_map() ? reader.open_map().get("name") : reader;
  const auto known = std::ranges::find(catalogue.algorithms, scenario.algorithm.name, &AlgorithmDeclaration::name);
  const auto refuse = [&](const char* does, const char* frr) {
    name.complain(fmt::format("\"{}\" {}, and with \"southbound: {}\" {}: take {}, or \"southbound: agent\"",
                              scenario.algorithm.name, does, to_string(driver), frr,
                              one_of(algorithms_for_frr(catalogue))));
  };
  if (scenario.algorithm.is_library()) return refuse("may give instances unequal weights", kFrrSharesEvenly);
  if (!reader.present() || known == catalogue.algorithms.end()) return;
  if (known->needs_flow_counts) return refuse("counts new flows", "FRR counts none");
  if (!known->equal_weights) refuse("gives instances unequal weights", kFrrSharesEvenly);
}

void check_faults_of_the_cps(const yaml::Reader& faults, const Scenario& scenario, const Catalogue& catalogue) {
  if (scenario.cps() != Cps::controller || !faults.is_list()) return;
  for (const yaml::Reader& each : faults.list()) {
    if (!each.is_map()) continue;
    const yaml::Reader kind = each.open_map().get("kind");
    const auto declared = std::ranges::find(catalogue.faults, kind.text(), &FaultDeclaration::kind);
    if (declared != catalogue.faults.end() && declared->of_the_cps)
      kind.complain(fmt::format("\"{}\" strikes the C-PS of an ingress, and here the controller decides: {}",
                                kind.text(), kIngressHasOne));
  }
}

}  // namespace

bool can_refine(const std::string& metric) {
  const cpsel::MetricInfo* info = cpsel::find_metric(metric);
  return info != nullptr && info->full_scale > 0 && is_distributed(metric);
}

ControlPlane read_control_plane(const yaml::Reader& reader) {
  const yaml::Map map = reader.map({"southbound", "cps", "fallback"});
  ControlPlane control;
  control.southbound = read_choice(map.get("southbound"),
                                   {SouthboundDriver::agent, SouthboundDriver::frr_vtysh, SouthboundDriver::frr_grpc},
                                   control.southbound);
  control.cps = read_choice(map.get("cps"), {Cps::controller, Cps::ingress, Cps::split}, control.cps);
  control.fallback = map.get("fallback").string();
  return control;
}

void check_control_plane(const yaml::Map& map, const Scenario& scenario, const Catalogue& catalogue) {
  const yaml::Reader fallback = map.get("controller").open_map().get("fallback");
  check_steering(fallback, scenario.metrics.declared);
  if (scenario.mode == Mode::distributed) return;
  if (scenario.refresh == Refresh::on_change)
    map.get("refresh").complain(
        "\"on-change\" sends no stamp, and a report to the edge server manager needs one: "
        "write every-interval, or take mode distributed");
  check_driver(map, scenario, catalogue);
  check_faults_of_the_cps(map.get("faults"), scenario, catalogue);
  if (scenario.mode != Mode::hybrid) return;
  const yaml::Map metrics = map.get("metrics").open_map();
  check_way_of_steering(metrics.get("steer_by"), scenario);
  check_traffic_counts(metrics.get("declared"), scenario);
  if (scenario.cps() == Cps::split) check_fallback(map, fallback, scenario);
}

void check_control_nodes(const yaml::Reader& reader, Mode mode, const topologies::Topology& network) {
  if (mode == Mode::distributed) return;
  for (const auto role : {topologies::Role::kManager, topologies::Role::kController})
    if (network.with_role(role).empty())
      reader.complain(fmt::format("\"{}\" needs a node with \"cats-role: {}\": topology {} has none", to_string(mode),
                                  topologies::role_name(role), network.name));
}

}  // namespace cats::scenarios
