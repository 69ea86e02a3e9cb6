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
      site_begin_(settings_.sites.size()),
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
    const SiteCounts now = sites_.counts(i);
    SiteCounts since = now;
    since -= std::exchange(before_[i], now);
    window.peak_used = std::max(window.peak_used, since.used_s / since.capacity_s);
    window.peak_offered = std::max(window.peak_offered, since.offered_s / since.capacity_s);
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

// `window` has what watch() sums up.
void Fleet::tell(Window window) {
  const Counts now = counts();
  static_cast<Counts&>(window) = now;
  window -= std::exchange(told_, now);
  window.end = engine_.now();
  window.latency = sites_.latency().since(std::exchange(told_latency_, sites_.latency()));
  window.latency_sum_s = sites_.latency_sum_s() - std::exchange(told_latency_sum_s_, sites_.latency_sum_s());
  window_told_(window);
}

Counts Fleet::counts() const {
  const Feed::Counts updates = steering_.updates();
  Counts counts{.flows = flows_,
                .unsteered = unsteered_,
                .refused = 0,
                .lost = 0,
                .updates_sent = sites_.updates_sent(),
                .updates_delivered = updates.delivered,
                .updates_replaced = updates.replaced,
                .updates_lost = updates.lost,
                .decisions = steering_.decisions(),
                .orders = steering_.orders(),
                .probes = replies_ ? replies_->probes() : 0};
  for (std::uint32_t i = 0; i < sites_.size(); ++i) {
    const SiteCounts site = sites_.counts(i);
    counts.refused += site.refused;
    counts.lost += site.lost;
  }
  return counts;
}

std::uint64_t Fleet::flows_at_sites() const {
  std::uint64_t flows = 0;
  for (std::uint32_t i = 0; i < sites_.size(); ++i) flows += sites_.active(i);
  return flows;
}

void Fleet::begin_measuring() {
  begun_ = engine_.now();
  begin_ = told_ = counts();
  for (std::uint32_t i = 0; i < sites_.size(); ++i) site_begin_[i] = before_[i] = sites_.counts(i);
  sites_.forget_latencies();
  told_latency_ = {};
  told_latency_sum_s_ = 0;
  windows_ = {};
  windows_.there_before = flows_at_sites();
  watch_.at(engine_.now() + settings_.watch, ++watched_);
}

Sums Fleet::sums() const {
  Sums sums = windows_;
  static_cast<Counts&>(sums) = counts();
  sums -= begin_;
  sums.time = engine_.now() - begun_;
  sums.sites.reserve(sites_.size());
  for (std::uint32_t i = 0; i < sites_.size(); ++i) {
    SiteSums& site = sums.sites.emplace_back(SiteSums{sites_.counts(i), weights_[i]});
    site -= site_begin_[i];
  }
  sums.there_after = flows_at_sites();
  sums.latency = sites_.latency();
  sums.latency_sum_s = sites_.latency_sum_s();
  return sums;
}

}  // namespace cats::sim::fleet
