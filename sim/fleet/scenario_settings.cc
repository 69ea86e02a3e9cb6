#include "sim/fleet/scenario_settings.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/fleet/crowd.h"

namespace cats::sim::fleet {
namespace {

using Described = scenarios::Fleet;
using scenarios::Scenario;

std::vector<Site> sites_of(const Scenario& scenario) {
  const Described& fleet = *scenario.fleet;
  std::vector<Site> sites(static_cast<std::size_t>(fleet.sites));
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const double cores = fleet.cores_of(i);
    const double workers = fleet.workers ? *fleet.workers : std::ceil(cores);
    sites[i].station = {.workers = static_cast<std::uint32_t>(workers),
                        .queue_limit = static_cast<std::uint32_t>(scenario.service.queue_limit),
                        .capacity = {.cores = cores}};
  }
  return sites;
}

std::vector<Ingress> ingresses_of(const Described& fleet, Instant measuring) {
  std::vector<Ingress> ingresses(static_cast<std::size_t>(fleet.ingresses));
  const auto arrivals = [pattern = fleet.arrivals, rate = fleet.flows_per_second(), crowd = fleet.crowd,
                         measuring](RandomStream random) {
    auto plain = load::make_arrivals(pattern, rate, random, Instant());
    if (!crowd) return plain;
    return crowded_arrivals(std::move(plain), measuring + crowd->at, crowd->length, crowd->factor);
  };
  const auto last = static_cast<std::int64_t>(ingresses.size()) - 1;
  for (std::int64_t i = 0; i <= last; ++i)
    ingresses[static_cast<std::size_t>(i)] = {
        .arrivals = arrivals, .delay = fleet.delay + (last > 0 ? fleet.delay_spread * i / last : Duration(0))};
  return ingresses;
}

Metric metric_of(const Described::Metric& metric) {
  Metric told;
  told.raw = metric.raw == Described::Raw::queue ? Metric::Raw::queue : Metric::Raw::utilisation;
  told.level = metric.level;
  told.queue.b = metric.full_queue;
  told.quantised = metric.quantised;
  return told;
}

Updates updates_of(const Scenario& scenario) {
  const Described::Updates& when = scenario.fleet->updates;
  Updates updates;
  updates.interval = scenario.interval;
  updates.window = scenario.metrics.window;
  updates.phases = when.phases == Described::Phases::together ? Updates::Phases::together : Updates::Phases::spread;
  if (scenario.refresh == scenarios::Refresh::every_interval) return updates;
  updates.threshold = when.threshold;
  updates.hold = when.hold;
  updates.silence = when.silence;
  return updates;
}

// Of a share of the sites, drawn; at least one.
std::vector<std::uint32_t> struck(const Described& fleet, std::uint64_t seed) {
  std::vector<std::uint32_t> sites(static_cast<std::size_t>(fleet.sites));
  std::iota(sites.begin(), sites.end(), 0);
  const double wanted = std::round(fleet.outage->share * static_cast<double>(sites.size()));
  const std::size_t count = std::clamp<std::size_t>(static_cast<std::size_t>(wanted), 1, sites.size());
  RandomStream random(seed, "outage");
  for (std::size_t i = 0; i < count; ++i) std::swap(sites[i], sites[i + random.below(sites.size() - i)]);
  sites.resize(count);
  std::ranges::sort(sites);
  return sites;
}

std::vector<Fault> faults_of(const Described& fleet, std::uint64_t seed, Instant measuring) {
  using Kind = Fault::Kind;
  std::vector<Fault> faults;
  if (!fleet.outage) return faults;
  const Described::Outage& outage = *fleet.outage;
  const Instant begins = measuring + outage.at;
  const auto add = [&](Kind lost, Kind back, std::uint32_t site) {
    faults.push_back({begins, lost, site});
    if (outage.length) faults.push_back({begins + *outage.length, back, site});
  };
  if (outage.of == Described::Lost::controller) {
    add(Kind::controller_fails, Kind::controller_returns, 0);
    return faults;
  }
  const bool routes = outage.of == Described::Lost::routes;
  for (const std::uint32_t site : struck(fleet, seed))
    add(routes ? Kind::site_withdraws : Kind::site_fails, routes ? Kind::site_announces : Kind::site_returns, site);
  return faults;
}

}  // namespace

Settings settings_of(const Scenario& scenario, std::uint64_t seed, Instant measuring, Duration watch) {
  const Described& fleet = *scenario.fleet;
  Settings settings;
  settings.sites = sites_of(scenario);
  settings.ingresses = ingresses_of(fleet, measuring);
  settings.demand = load::distribution_of(fleet.work);
  settings.algorithm = scenario.algorithm.name;
  settings.parameters = scenario.algorithm.parameters;
  settings.age_limit = scenario.age_limit;
  settings.metric = metric_of(fleet.metric);
  settings.updates = updates_of(scenario);
  settings.batch = scenario.simulation.bgp_batch;
  settings.update_loss = scenario.simulation.update_loss;
  if (scenario.mode == scenarios::Mode::centralized)
    settings.controller = Controller{.delay = fleet.delay, .batch = fleet.collect, .order_delay = fleet.delay};
  if (fleet.outage) settings.failure_detection = fleet.outage->detection;
  settings.faults = faults_of(fleet, seed, measuring);
  settings.watch = watch;
  return settings;
}

}  // namespace cats::sim::fleet
