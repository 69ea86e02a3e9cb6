#include "scenarios/deployment.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "cpsel/metrics.h"

namespace cats::scenarios {
namespace {

constexpr std::size_t kSlots = 64;
constexpr double kStateTimer_s = 10;  // unless session-continuity asks for another
constexpr auto kLeastPhaseDistance = std::chrono::milliseconds(120);

void name_path_selectors(const Scenario& scenario, Deployment& deployment) {
  const auto controllers = scenario.network->with_role(topologies::Role::kController);
  const std::string controller = scenario.mode == Mode::distributed ? "" : controllers.at(0)->name;
  for (const std::string& ingress : deployment.ingresses) {
    deployment.steering.push_back({.node = ingress,
                                   .decider = scenario.cps() == Cps::controller ? controller : ingress,
                                   .listener = scenario.cps() == Cps::ingress ? ingress : controller});
    const std::string& decider = deployment.steering.back().decider;
    if (std::ranges::find(deployment.deciders, decider) == deployment.deciders.end())
      deployment.deciders.push_back(decider);
    const auto by_bgp = metrics_by(Via::bgp, scenario);
    if (!by_bgp || !by_bgp->empty()) deployment.receivers.push_back({ingress, "bgp"});
  }
  const auto by_rest = metrics_by(Via::controller, scenario);
  if (!by_rest || !by_rest->empty()) deployment.receivers.push_back({controller, "rest"});
}

}  // namespace

Deployment deployment_of(const Scenario& scenario) {
  const topologies::Topology& topology = *scenario.network;
  Deployment deployment;
  for (const auto& instance : topology.instances)
    deployment.sites.push_back({.node = instance.node,
                                .csci = instance.csci,
                                .cs_id = topology.services.at(instance.service).cs_id,
                                .egress = instance.egress,
                                .quota_cores = scenario.service.quota_of(instance.node)});
  for (const auto* node : topology.with_role(topologies::Role::kIngress)) deployment.ingresses.push_back(node->name);
  for (const auto* node : topology.with_role(topologies::Role::kHost)) deployment.hosts.push_back(node->name);
  name_path_selectors(scenario, deployment);
  return deployment;
}

std::optional<std::set<std::string>> metrics_by(Via via, const Scenario& scenario) {
  const bool everything = scenario.mode != Mode::hybrid;
  const bool this_way = (via == Via::bgp) == (scenario.mode == Mode::distributed);
  if (everything) return this_way ? std::nullopt : std::optional(std::set<std::string>());
  std::set<std::string> metrics;
  for (const auto& metric : cpsel::metrics())
    if (scenario.via(std::string(metric.name)) == via) metrics.emplace(metric.name);
  return metrics;
}

bgp::EdgeMetadataCodes codes_of(const Attribute& attribute) {
  return {.capability = static_cast<std::uint8_t>(attribute.capability_code),
          .cats_metric = static_cast<std::uint16_t>(attribute.cats_metric_type),
          .cats_stamp = static_cast<std::uint16_t>(attribute.cats_stamp_type)};
}

cpsel::ChosenAlgorithm chosen(const Algorithm& algorithm) {
  return {algorithm.name, algorithm.parameters, algorithm.library};
}

cpsel::IngressCps ingress_cps(const Scenario& scenario) {
  switch (scenario.cps()) {
    case Cps::ingress:
      return cpsel::IngressCps::ingress;
    case Cps::controller:
      return cpsel::IngressCps::controller;
    case Cps::split:
      return cpsel::IngressCps::split;
  }
  return {};
}

OwnSelection selection_at_ingress(const Scenario& scenario) {
  return {scenario.cps() == Cps::split ? scenario.fallback() : scenario.metrics.steer_by,
          scenario.cps() == Cps::controller ? cpsel::ChosenAlgorithm{"ecmp"} : chosen(scenario.algorithm)};
}

Duration session_timer(const Scenario& scenario) {
  const auto* continuity = scenario.test("session-continuity");
  return from_seconds(continuity == nullptr ? kStateTimer_s
                                            : continuity->parameters.value("state_timer_s", kStateTimer_s));
}

bool has_fault(const Scenario& scenario, const std::string& kind, const std::string& node) {
  return std::ranges::any_of(scenario.faults, [&](const Fault& fault) {
    return fault.kind == kind && (fault.node.empty() || fault.node == node);
  });
}

std::vector<Duration> publishing_phases(std::size_t sources, Duration interval, std::uint64_t seed) {
  if (sources == 0) return {};
  // Slots of equal length, in a seeded order; what a slot has beyond the least distance is drawn.
  const Duration slot = interval / static_cast<std::int64_t>(sources);
  const Duration slack = std::max(slot - Duration(kLeastPhaseDistance), Duration(0));
  RandomStream random(seed, "publishing phases");
  std::vector<std::size_t> order(sources);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = sources; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  std::vector<Duration> phases(sources);
  for (std::size_t i = 0; i < sources; ++i)
    phases[i] = slot * static_cast<std::int64_t>(order[i]) +
                Duration(static_cast<std::int64_t>(random.uniform() * static_cast<double>(slack.count())));
  return phases;
}

Duration quiet_phase(std::vector<Duration> phases, Duration interval) {
  if (phases.empty()) return Duration(0);
  std::ranges::sort(phases);
  Duration start = phases.back();
  Duration longest = phases.front() + interval - phases.back();
  for (std::size_t i = 1; i < phases.size(); ++i)
    if (phases[i] - phases[i - 1] > longest) {
      longest = phases[i] - phases[i - 1];
      start = phases[i - 1];
    }
  return (start + longest / 2) % interval;
}

std::size_t flow_table_slots(const topologies::Topology& topology) {
  std::size_t instances = 1;
  for (const auto& service : topology.services)
    instances = std::lcm(instances, std::max<std::size_t>(service.instances.size(), 1));
  return instances < kSlots ? kSlots - kSlots % instances : kSlots;
}

}  // namespace cats::scenarios
