#include "sim/fleet/sites.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace cats::sim::fleet {
namespace {

// What ingresses make of the metric: its load relative to the capacity.
double load_told(const Metric& metric, const Site& site, double utilisation_percent, double queue) {
  using cpsel::Level;
  static const cpsel::MetricInfo& utilisation_info = *cpsel::find_metric("cpu_utilisation");
  static const cpsel::MetricInfo& queue_info = *cpsel::find_metric("queue_length");
  static const cpsel::MetricInfo& l1 = *cpsel::find_metric("compute_norm");
  static const cpsel::MetricInfo& l2 = *cpsel::find_metric("norm_fi");
  const double capacity = site.station.capacity.cores;
  const bool by_queue = metric.raw == Metric::Raw::queue;
  if (metric.level == Level::l0)
    return by_queue ? cpsel::load_of(queue_info, queue, capacity)
                    : cpsel::load_of(utilisation_info, utilisation_percent, capacity);
  const double of_utilisation = normalise(metric.utilisation, utilisation_percent);
  const double of_queue = normalise(metric.queue, queue);
  double score = by_queue ? of_queue : of_utilisation;
  if (metric.level == Level::l2) score = (1 - metric.queue_weight) * of_utilisation + metric.queue_weight * of_queue;
  const double told = metric.quantised ? cpsel::quantise(score) : score * cpsel::kMaxScore;
  return cpsel::load_of(metric.level == Level::l1 ? l1 : l2, told, capacity);
}

}  // namespace

double Sites::idle_load(const Metric& metric, const Site& site) { return load_told(metric, site, 0, 0); }

Sites::Sites(Engine& engine, const Settings& settings, std::uint64_t seed, std::function<void(const Update&)> publish)
    : engine_(engine),
      settings_(settings),
      publish_(std::move(publish)),
      depart_(engine.add(*this)),
      sample_(engine, *this) {
  sites_.reserve(settings.sites.size());
  const auto interval_ns = static_cast<std::uint64_t>(settings.updates.interval.count());
  for (std::uint32_t i = 0; i < settings.sites.size(); ++i) {
    One& one = sites_.emplace_back(settings.sites[i].station);
    one.told_load = idle_load(settings.metric, settings.sites[i]);
    Duration phase{};
    if (settings.updates.phases == Updates::Phases::spread)
      phase = Duration(static_cast<std::int64_t>(RandomStream(seed, fmt::format("phase/{}", i)).below(interval_ns)));
    sample_.at(engine.now() + phase, i);
  }
}

void Sites::on_event(std::uint32_t site) {
  One& one = sites_[site];
  if (!one.alarm.rang(engine_, depart_, site)) return;
  const Job flow = one.station.depart(engine_.now());
  const Duration took = engine_.now() - flow.arrived;
  latency_.record(took);
  latency_sum_s_ += to_seconds(took);
  if (ends_ != nullptr) ends_->served(site, flow);
  follow(one, site);
}

void Sites::fail(std::uint32_t site) {
  One& one = sites_[site];
  const std::vector<Job> lost = one.station.clear(engine_.now());
  one.alarm.cancel();
  one.down = true;
  if (ends_ != nullptr) ends_->failed(site, lost);
}

void Sites::come_back(std::uint32_t site) {
  sites_[site].down = false;
  sites_[site].window_begin = engine_.now();  // one that began before shows nothing
}

void Sites::announce(std::uint32_t site, bool on) {
  if (std::exchange(sites_[site].announced, on) == on) return;
  tell(site, on ? Update::Kind::announce : Update::Kind::withdraw);
}

SiteCounts Sites::counts(std::uint32_t site) const {
  const One& one = sites_[site];
  const Station::Totals station = one.station.totals(engine_.now());
  return {.flows = one.flows,
          .refused = station.refused,
          .lost = station.lost + one.lost,
          .offered_s = static_cast<double>(one.offered_ns) * 1e-9,
          .used_s = station.cpu_s,
          .capacity_s = station.capacity_s};
}

void Sites::forget_latencies() {
  latency_ = {};
  latency_sum_s_ = 0;
}

// A window begins, or ends.
void Sites::sample(std::uint32_t site) {
  One& one = sites_[site];
  const Instant now = engine_.now();
  const Updates& updates = settings_.updates;
  const bool end = std::exchange(one.window_open, !one.window_open);
  if (end && now - one.window_begin == updates.window) end_window(one, site);
  if (!end || updates.window == updates.interval) {
    one.window_open = true;
    one.window_begin = now;
    one.cpu_before_s = one.station.totals(now).cpu_s;
    sample_.at(now + updates.window, site);
  } else {
    sample_.at(now + updates.interval - updates.window, site);
  }
}

void Sites::end_window(One& one, std::uint32_t site) {
  if (one.down || !one.announced) return;
  const double used_s = one.station.totals(engine_.now()).cpu_s - one.cpu_before_s;
  const double most_s = to_seconds(settings_.updates.window) * settings_.sites[site].station.capacity.cores;
  const double load = load_told(settings_.metric, settings_.sites[site], 100 * used_s / most_s,
                                static_cast<double>(one.station.jobs()));
  if (worth_telling(one, load)) tell(site, Update::Kind::metric, load);
}

bool Sites::worth_telling(const One& one, double load) const {
  const Updates& updates = settings_.updates;
  if (!one.load_told) return true;
  const Duration quiet = engine_.now() - one.told_at;
  if (updates.silence && quiet >= *updates.silence) return true;
  if (quiet < updates.hold) return false;
  return !updates.threshold || std::abs(load - one.told_load) > *updates.threshold;
}

void Sites::tell(std::uint32_t site, Update::Kind kind, double load) {
  One& one = sites_[site];
  one.told_load = load;
  one.load_told = kind == Update::Kind::metric;
  one.told_at = engine_.now();
  if (kind == Update::Kind::metric) ++updates_;
  publish_({.sent = engine_.now(), .window_end = engine_.now(), .load = load, .site = site, .kind = kind});
}

}  // namespace cats::sim::fleet
