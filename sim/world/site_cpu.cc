#include "sim/world/site_cpu.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "load/distribution.h"
#include "sim/background.h"

namespace cats::sim {

SiteCpu::SiteCpu(Scheduler& scheduler, const Settings& settings, std::function<void(const Job&)> done)
    : scheduler_(scheduler),
      settings_(settings),
      done_(std::move(done)),
      quota_cores_(settings.quota_cores),
      station_({.workers = settings.workers,
                .queue_limit = settings.queue_limit,
                .capacity = {.cores = by_period() ? settings.cpus : settings.quota_cores},
                .quota = quota()},
               scheduler.now()),
      advanced_to_(scheduler.now()),
      departure_(scheduler.make_timer()),
      load_change_(scheduler.make_timer()) {}

bool SiteCpu::submit(std::uint64_t tag, Duration work) {
  advance();
  if (station_.arrive(scheduler_.now(), tag, work) == Station::Admission::refused) return false;
  settle();
  return true;
}

void SiteCpu::end_all() {
  advance();
  static_cast<void>(station_.clear(scheduler_.now()));
  background_cores_ = scheduled_cores_ = neighbour_cores_ = ahead_ns_ = 0;
  with_service_ = false;
  background_ = scheduled_ = {};
  settle();
}

void SiteCpu::set_quota(double cores) {
  advance();
  quota_cores_ = cores;
  if (by_period()) station_.set_quota(scheduler_.now(), quota());
  settle();
}

void SiteCpu::set_background(double cores, bool with_service) {
  advance();
  background_cores_ = cores;
  with_service_ = with_service;
  ahead_ns_ = 0;
  if (by_period()) background_.set(scheduler_.now(), cores, counted_ns());
  settle();
}

void SiteCpu::set_scheduled(double cores, double neighbour_cores) {
  advance();
  if (by_period() && cores != scheduled_cores_) scheduled_.set(scheduler_.now(), cores, 0);
  scheduled_cores_ = cores;
  neighbour_cores_ = neighbour_cores;
  settle();
}

Duration SiteCpu::usage() const {
  const Station::Totals totals = station_.totals(scheduler_.now());
  return Duration(std::llround((totals.cpu_s + totals.beside_s) * 1e9));
}

double SiteCpu::job_seconds() const {
  const Station::Totals totals = station_.totals(scheduler_.now());
  return totals.in_service_s + totals.waiting_s;
}

Quota SiteCpu::quota() const {
  if (!by_period()) return {};
  return {.cores = quota_cores_, .period = settings_.quota_period, .phase = settings_.quota_phase};
}

void SiteCpu::advance() {
  const Instant now = scheduler_.now();
  if (by_period()) {
    advance_cycles();
  } else if (with_service_) {
    const auto passed = static_cast<double>((now - advanced_to_).count());
    const double memory = static_cast<double>(kMemory.count()) * background_cores_;
    const double more = service_rate(station_.capacity()) - background_cores_;
    ahead_ns_ = std::clamp(ahead_ns_ + passed * more, 0.0, memory);
  }
  advanced_to_ = now;
}

// Threads that work share alike, whosever they are.
void SiteCpu::advance_cycles() {
  const double beside_ns = station_.totals(scheduler_.now()).beside_s * 1e9;
  const double each_ns = threads_beside() == 0 ? 0 : (beside_ns - beside_ns_) / threads_beside();
  beside_ns_ = beside_ns;
  for (DutyCycle* cycle : {&background_, &scheduled_}) {
    if (cycle->working() > 0) cycle->got(each_ns);
    cycle->follow(scheduler_.now(), cycle == &background_ ? counted_ns() : 0);
  }
}

double SiteCpu::counted_ns() const { return with_service_ ? station_.totals(scheduler_.now()).cpu_s * 1e9 : 0; }

void SiteCpu::settle() {
  const Instant now = scheduler_.now();
  const Capacity capacity = wanted();
  // With a period in any case: next_load_change() asks from now on.
  if (by_period() || capacity != station_.capacity()) station_.set_capacity(now, capacity);
  if (const auto next = station_.next_departure())
    departure_->at(*next, [this] { depart(); });
  else
    departure_->cancel();
  if (const auto next = next_load_change())
    load_change_->at(*next, [this] {
      advance();
      settle();
    });
  else
    load_change_->cancel();
}

std::optional<Instant> SiteCpu::next_load_change() const {
  const Capacity& capacity = station_.capacity();
  if (!by_period()) {
    const double behind = background_cores_ - service_rate(capacity);
    if (!with_service_ || ahead_ns_ <= 0 || behind <= 0) return std::nullopt;
    return scheduler_.now() + load::duration_of_ns(std::ceil(ahead_ns_ / behind));
  }
  const double speed = threads_beside() == 0 ? 0 : capacity.beside(station_.in_service()) / threads_beside();
  std::optional<Instant> first;
  for (const DutyCycle* cycle : {&background_, &scheduled_}) {
    if (!cycle->has_threads()) continue;
    const auto next = cycle->working() > 0 ? station_.when_run(cycle->left_ns() / speed) : cycle->wakes();
    if (next && (!first || *next < *first)) first = next;
  }
  return first;
}

void SiteCpu::depart() {
  advance();
  const Job job = station_.depart(scheduler_.now());
  settle();
  done_(job);
}

Capacity SiteCpu::wanted() const {
  if (by_period())
    return {.cores = cores_beside_neighbour(settings_.cpus, neighbour_cores_),
            .background = static_cast<double>(threads_beside())};
  Capacity capacity{.cores = cores_beside_neighbour(quota_cores_, neighbour_cores_), .background = scheduled_cores_};
  if (!with_service_) {
    capacity.background += background_cores_;
    return capacity;
  }
  const double left = background_cores_ - service_rate(capacity);
  if (ahead_ns_ <= 0 && left > 0) capacity.background += left;
  return capacity;
}

double SiteCpu::service_rate(const Capacity& capacity) const {
  const std::size_t workers = station_.in_service();
  return workers == 0 ? 0 : static_cast<double>(workers) * capacity.rate(workers);
}

}  // namespace cats::sim
