#include "sim/fleet/steering.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cats::sim::fleet {
namespace {

// Refreshed weights move when one moves by so much. Up to 64 sites, the slots of a flow table, as at an ingress; beyond
// that weights are smaller, and so are their moves.
double least_move(std::size_t sites) {
  return cpsel::Selector::kLeastMove * std::min(1.0, 64 / static_cast<double>(sites));
}

}  // namespace

Steering::Steering(Engine& engine, const Settings& settings, std::uint64_t seed, const std::vector<double>& idle_loads)
    : engine_(engine),
      settings_(settings),
      controller_(settings.controller.has_value()),
      selector_(seed),
      grew_old_(engine, *this),
      refresh_due_(engine, *this),
      order_arrives_(engine, *this) {
  const std::size_t sites = settings.sites.size();
  for (std::size_t i = 0; i < settings.ingresses.size(); ++i) {
    Path& path = paths_.emplace_back(sites);
    for (std::uint32_t site = 0; site < sites; ++site) path.hops[site] = site;
    path.hash_seed = RandomStream(seed, fmt::format("hash/{}", i)).bits();
    RandomStream begin(seed, fmt::format("picker/{}", i));
    path.picker.stagger(begin);
  }
  for (std::uint32_t site = 0; controller_ && site < sites; ++site)
    told_.push_back({.sent = {}, .window_end = {}, .load = idle_loads[site], .site = site});
  add_feeds(seed);
  if (cpsel::find_algorithm(settings.algorithm)->needs_replies)
    add_flow_algorithms(seed);
  else
    add_deciders(idle_loads);
}

void Steering::add_feeds(std::uint64_t seed) {
  const std::size_t sites = settings_.sites.size();
  std::vector<Feed::Receiver> paths;
  for (const Ingress& ingress : settings_.ingresses) paths.push_back({ingress.delay, settings_.batch});
  const auto path_hears = [this](std::uint32_t ingress, std::span<const Update> updates) {
    path_heard(ingress, updates);
    if (!controller_) decider_heard(ingress, updates);
  };
  if (!controller_) {
    to_deciders_ =
        std::make_unique<Feed>(engine_, sites, std::move(paths), settings_.update_loss, seed, "loss", path_hears);
    return;
  }
  to_paths_ = std::make_unique<Feed>(engine_, sites, std::move(paths), 0, seed, "routes", path_hears);
  const std::vector<Feed::Receiver> controller = {{settings_.controller->delay, settings_.controller->batch}};
  to_deciders_ = std::make_unique<Feed>(
      engine_, sites, controller, settings_.update_loss, seed, "loss",
      [this](std::uint32_t decider, std::span<const Update> updates) { decider_heard(decider, updates); });
}

void Steering::add_flow_algorithms(std::uint64_t seed) {
  const std::size_t sites = settings_.sites.size();
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    auto made =
        cpsel::make_flow_algorithm(settings_.algorithm, settings_.parameters,
                                   {.places = sites,
                                    .clients = paths_.size(),
                                    .random = RandomStream(seed, fmt::format("{}/{}", settings_.algorithm, i))});
    flow_algorithms_.push_back(std::move(made).value());
    for (std::uint32_t site = 0; site < sites; ++site) flow_algorithms_.back()->announce(site);
  }
}

void Steering::add_deciders(const std::vector<double>& idle_loads) {
  const cpsel::AlgorithmInfo& info = *cpsel::find_algorithm(settings_.algorithm);
  const cpsel::Parameters parameters = cpsel::complete(settings_.algorithm, settings_.parameters).value();
  counts_flows_ = info.needs_flow_counts;
  blind_ = info.ignores_metrics && !settings_.age_limit;
  if (counts_flows_) refresh_ = load::duration_of_ns(1e6 * parameters.at(std::string(cpsel::kRefresh)));
  const IpAddress before = IpAddress::of("2001:2::");
  const std::size_t sites = settings_.sites.size();
  deciders_.resize(controller_ ? 1 : paths_.size());
  for (std::uint32_t i = 0; i < deciders_.size(); ++i) {
    selector_.add_service({.name = controller_ ? "controller" : fmt::format("ingress/{}", i),
                           .steer_by = {},
                           .age_limit = settings_.age_limit,
                           .capacities = {}},
                          info, info.make(parameters));
    for (std::uint32_t site = 0; site < sites; ++site) {
      selector_.place(i, {before.plus(site + 1), 0}, settings_.sites[site].station.capacity.cores);
      selector_.learn_load(i, site, {idle_loads[site], engine_.now()}, engine_.now());
    }
    if (counts_flows_) {
      deciders_[i].flows.resize(sites);
      // Ingresses do not read their counters at the same moments.
      const auto phase = static_cast<double>(i) / static_cast<double>(deciders_.size());
      refresh_due_.at(engine_.now() + load::duration_of_ns(phase * static_cast<double>(refresh_.count())), i);
    }
    decide(i);
  }
}

void Steering::publish(const Update& update) {
  if (controller_) told_[update.site] = update;
  if (to_paths_ && update.kind != Update::Kind::metric) to_paths_->publish(update);
  to_deciders_->publish(update);
}

void Steering::fail() {
  down_ = true;
  for (std::size_t site = 0; site < told_.size(); ++site) selector_.forget(0, site);
}

void Steering::come_back() {
  if (!std::exchange(down_, false)) return;
  for (const Update& update : told_) learn(0, update);
  decide(0);
}

Feed::Counts Steering::updates() const { return to_deciders_->counts(); }

bool Steering::learn(std::uint32_t decider, const Update& update) {
  if (update.kind == Update::Kind::withdraw) return selector_.forget(decider, update.site);
  const bool told = update.kind == Update::Kind::metric;
  return selector_.learn_load(decider, update.site,
                              {told ? std::optional(update.load) : std::nullopt, update.window_end}, engine_.now());
}

void Steering::decider_heard(std::uint32_t decider, std::span<const Update> updates) {
  if (down_ || updates.empty() || by_replies()) return;
  bool others = false;
  for (const Update& update : updates) others |= learn(decider, update);
  if (!blind_ || others) decide(decider);
}

// Instances that come and go; with a controller its weights hold for those that are there.
void Steering::path_heard(std::uint32_t ingress, std::span<const Update> updates) {
  Path& path = paths_[ingress];
  bool changed = false;
  for (const Update& update : updates) {
    if (update.kind == Update::Kind::metric && path.hops.size() == settings_.sites.size()) continue;
    const auto at = std::lower_bound(path.hops.begin(), path.hops.end(), update.site);
    const bool there = at != path.hops.end() && *at == update.site;
    if (there != (update.kind == Update::Kind::withdraw)) continue;
    changed = true;
    if (there) {
      path.hops.erase(at);
      if (by_replies()) flow_algorithm(ingress).withdraw(update.site);
    } else {
      path.hops.insert(at, update.site);
      if (by_replies()) flow_algorithm(ingress).announce(update.site);
    }
  }
  if (changed && controller_ && in_force_) carry_out(path, in_force_->weights, in_force_->multipath);
}

void Steering::decide(std::uint32_t decider) { apply(decider, selector_.weigh(decider, engine_.now())); }

void Steering::apply(std::uint32_t decider, const Weights& weights) {
  ++decisions_;
  if (settings_.age_limit)
    if (const auto due = selector_.next_tick(decider))
      deciders_[decider].age.set(engine_, grew_old_.number(), decider, *due);
  if (!controller_) {
    carry_out(paths_[decider], weights.by_place, weights.kernel_multipath);
    return;
  }
  ++orders_made_;
  orders_.push_back({{weights.by_place.begin(), weights.by_place.end()}, weights.kernel_multipath});
  order_arrives_.at(engine_.now() + settings_.controller->order_delay, 0);
}

void Steering::order(std::uint32_t) {
  in_force_ = std::move(orders_.front());
  orders_.pop_front();
  for (Path& path : paths_) carry_out(path, in_force_->weights, in_force_->multipath);
}

void Steering::carry_out(Path& path, std::span<const double> weights, bool multipath) {
  path.multipath = multipath;
  if (multipath) return;
  if (!controller_ || path.hops.size() == weights.size()) return path.picker.set_weights(weights);
  masked_.assign(weights.size(), 0.0);
  for (const std::uint32_t site : path.hops) masked_[site] = weights[site];
  path.picker.set_weights(masked_);
}

void Steering::grew_old(std::uint32_t decider) {
  if (deciders_[decider].age.rang(engine_, grew_old_.number(), decider) && !down_) decide(decider);
}

void Steering::refresh(std::uint32_t decider) {
  refresh_due_.at(engine_.now() + refresh_, decider);
  if (down_) return;
  Decider& counted = deciders_[decider];
  for (const std::uint32_t site : counted.changed) {
    counted.flows[site] &= ~std::uint64_t{1};
    selector_.flows_sent_to(decider, site, static_cast<double>(counted.flows[site] >> 1U), engine_.now());
  }
  counted.changed.clear();
  const auto weights = selector_.reweigh(decider, engine_.now(), least_move(settings_.sites.size()));
  if (weights) apply(decider, *weights);
}

}  // namespace cats::sim::fleet
