#include "sim/fleet/fleet.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace cats::sim::fleet {
namespace {

Settings checked(Settings settings) {
  check(settings);
  return settings;
}

std::vector<double> idle_loads(const Settings& settings) {
  std::vector<double> loads;
  for (const Site& site : settings.sites) loads.push_back(Sites::idle_load(settings.metric, site));
  return loads;
}

}  // namespace

Fleet::Fleet(Settings settings, std::uint64_t seed)
    : settings_(checked(std::move(settings))),
      steering_(engine_, settings_, seed, idle_loads(settings_)),
      sites_(engine_, settings_, seed, [this](const Update& update) { steering_.publish(update); }),
      before_(settings_.sites.size()),
      failures_(settings_.sites.size()),
      arrive_(engine_, *this),
      watch_(engine_, *this) {
  if (steering_.by_replies()) replies_ = std::make_unique<Replies>(engine_, settings_, steering_, sites_);
  double capacity = 0;
  for (const Site& site : settings_.sites) capacity += site.station.capacity.cores;
  for (const Site& site : settings_.sites) weights_.push_back(site.station.capacity.cores / capacity);
  for (std::uint32_t i = 0; i < settings_.ingresses.size(); ++i) {
    Source& source = sources_.emplace_back(
        Source{.arrivals = settings_.ingresses[i].arrivals(RandomStream(seed, fmt::format("arrivals/{}", i))),
               .demand = settings_.demand,
               .demands = RandomStream(seed, fmt::format("demand/{}", i))});
    source.demand = settings_.demand.begun_anywhere(source.demands);
    if (const auto first = source.arrivals->next()) arrive_.at(*first, i);
  }
  for (const Fault& fault : settings_.faults) schedule(fault);
  begin_measuring();
}

Fleet::~Fleet() = default;

void Fleet::arrive(std::uint32_t ingress) {
  ++flows_;
  if (replies_) {
    if (!replies_->steer(ingress, draw_work(ingress))) ++unsteered_;
    return;
  }
  const std::uint32_t site = steering_.pick(ingress);
  if (site != Steering::kNobody) sites_.prefetch(site);
  const Duration work = draw_work(ingress);
  if (site == Steering::kNobody)
    ++unsteered_;
  else
    sites_.arrive(site, work);
}

// Of a flow that has come; and asks for the next one.
Duration Fleet::draw_work(std::uint32_t ingress) {
  Source& source = sources_[ingress];
  if (const auto next = source.arrivals->next()) arrive_.at(*next, ingress);
  return source.demand.draw_duration(source.demands);
}

void Fleet::schedule(const Fault& fault) {
  engine_.call_at(fault.at, [this, fault] { happen(fault); });
}

void Fleet::happen(const Fault& fault) {
  switch (fault.kind) {
    case Fault::Kind::site_fails:
      sites_.fail(fault.site);
      ++failures_[fault.site];
      withdraw_later(fault.site);
      break;
    case Fault::Kind::site_returns:
      ++failures_[fault.site];
      sites_.come_back(fault.site);
      sites_.announce(fault.site, true);
      break;
    case Fault::Kind::site_withdraws:
      sites_.announce(fault.site, false);
      break;
    case Fault::Kind::site_announces:
      sites_.announce(fault.site, true);
      break;
    case Fault::Kind::controller_fails:
      steering_.fail();
      break;
    case Fault::Kind::controller_returns:
      steering_.come_back();
      break;
  }
}

// Unless it is back by then.
void Fleet::withdraw_later(std::uint32_t site) {
  const auto withdraw = [this, site, failure = failures_[site]] {
    if (failures_[site] == failure) sites_.announce(site, false);
  };
  if (settings_.failure_detection == Duration(0)) return withdraw();
  engine_.call_at(engine_.now() + settings_.failure_detection, withdraw);
}

// A window ends and the next begins.
void Fleet::watch(std::uint32_t number) {
  if (number != watched_) return;
  Window window;
  for (std::uint32_t i = 0; i < sites_.size(); ++i) window.active += static_cast<double>(sites_.active(i));
  const double mean = window.active / static_cast<double>(sites_.size());
  for (std::uint32_t i = 0; i < sites_.size(); ++i) {
    const Sites::Totals now = sites_.totals(i);
    Before& before = before_[i];
    const double capacity_s = now.capacity_s - before.capacity_s;
    window.peak_used = std::max(window.peak_used, (now.used_s - before.used_s) / capacity_s);
    window.peak_offered = std::max(window.peak_offered, (now.offered_s - before.offered_s) / capacity_s);
    before = {now.offered_s, now.used_s, now.capacity_s};
    window.refused += now.refused;
    window.lost += now.lost;
    const auto flows = static_cast<double>(sites_.active(i));
    window.active_var += std::abs(flows - mean);
    window.active_imbalance += std::abs(flows - window.active * weights_[i]);
  }
  windows_.peak_used = std::max(windows_.peak_used, window.peak_used);
  windows_.peak_offered = std::max(windows_.peak_offered, window.peak_offered);
  windows_.active += window.active;
  windows_.active_var += window.active_var;
  windows_.active_imbalance += window.active_imbalance;
  ++windows_.windows;
  if (window_told_) tell(std::move(window));
  watch_.at(engine_.now() + settings_.watch, number);
}

// `window` has what is of its end, and how many flows sites refused and lost since the beginning.
void Fleet::tell(Window window) {
  window.end = engine_.now();
  window.flows = flows_;
  window.unsteered = unsteered_;
  window.latency = sites_.latency();
  window.latency_sum_s = sites_.latency_sum_s();
  window.updates_sent = sites_.updates_sent();
  window.updates_delivered = steering_.updates().delivered;
  window.decisions = steering_.decisions();
  Window told = window;
  told.flows -= told_.flows;
  told.unsteered -= told_.unsteered;
  told.refused -= told_.refused;
  told.lost -= told_.lost;
  told.latency = window.latency.since(told_.latency);
  told.latency_sum_s -= told_.latency_sum_s;
  told.updates_sent -= told_.updates_sent;
  told.updates_delivered -= told_.updates_delivered;
  told.decisions -= told_.decisions;
  told_ = std::move(window);
  window_told_(told);
}

Sums Fleet::totals() const {
  Sums sums;
  sums.flows = flows_;
  sums.unsteered = unsteered_;
  sums.updates_sent = sites_.updates_sent();
  const Feed::Counts updates = steering_.updates();
  sums.updates_delivered = updates.delivered;
  sums.updates_replaced = updates.replaced;
  sums.updates_lost = updates.lost;
  sums.decisions = steering_.decisions();
  sums.orders = steering_.orders();
  if (replies_) sums.probes = replies_->probes();
  sums.sites.reserve(sites_.size());
  for (std::uint32_t i = 0; i < sites_.size(); ++i) {
    const Sites::Totals site = sites_.totals(i);
    sums.sites.push_back({.flows = site.flows,
                          .refused = site.refused,
                          .lost = site.lost,
                          .offered_s = site.offered_s,
                          .used_s = site.used_s,
                          .capacity_s = site.capacity_s,
                          .weight = weights_[i]});
    sums.there_after += sites_.active(i);
  }
  return sums;
}

void Fleet::begin_measuring() {
  begin_ = totals();
  begun_ = engine_.now();
  sites_.forget_latencies();
  windows_ = {};
  for (std::uint32_t i = 0; i < sites_.size(); ++i)
    before_[i] = {begin_.sites[i].offered_s, begin_.sites[i].used_s, begin_.sites[i].capacity_s};
  told_ = {};
  told_.flows = begin_.flows;
  told_.unsteered = begin_.unsteered;
  for (const SiteSums& site : begin_.sites) {
    told_.refused += site.refused;
    told_.lost += site.lost;
  }
  told_.updates_sent = begin_.updates_sent;
  told_.updates_delivered = begin_.updates_delivered;
  told_.decisions = begin_.decisions;
  watch_.at(engine_.now() + settings_.watch, ++watched_);
}

Sums Fleet::sums() const {
  Sums sums = totals();
  sums.time = engine_.now() - begun_;
  for (std::size_t i = 0; i < sums.sites.size(); ++i) {
    SiteSums& site = sums.sites[i];
    const SiteSums& begin = begin_.sites[i];
    site.flows -= begin.flows;
    site.refused -= begin.refused;
    site.lost -= begin.lost;
    site.offered_s -= begin.offered_s;
    site.used_s -= begin.used_s;
    site.capacity_s -= begin.capacity_s;
    sums.refused += site.refused;
    sums.lost += site.lost;
  }
  sums.flows -= begin_.flows;
  sums.unsteered -= begin_.unsteered;
  sums.updates_sent -= begin_.updates_sent;
  sums.updates_delivered -= begin_.updates_delivered;
  sums.updates_replaced -= begin_.updates_replaced;
  sums.updates_lost -= begin_.updates_lost;
  sums.decisions -= begin_.decisions;
  sums.orders -= begin_.orders;
  sums.probes -= begin_.probes;
  sums.there_before = begin_.there_after;
  sums.latency = sites_.latency();
  sums.latency_sum_s = sites_.latency_sum_s();
  sums.windows = windows_.windows;
  sums.peak_used = windows_.peak_used;
  sums.peak_offered = windows_.peak_offered;
  sums.active = windows_.active;
  sums.active_var = windows_.active_var;
  sums.active_imbalance = windows_.active_imbalance;
  return sums;
}

}  // namespace cats::sim::fleet
