// The CPU of a site: the service's workers and the load beside them under one quota, in virtual time, with the
// accounting that a control group keeps of both.
//
// Loads beside the service, each as the threads of an edge server keep it:
//   background  a share of CPU time (`background_load`), or what the service leaves of one (`calibrated_load`)
//   scheduled   the scenario's `background` inside the quota
//   neighbour   the same outside the quota: it is not accounted, and slows what is inside (cores_beside_neighbour())
//
// With a quota_period the quota is one by the period (Quota), on a machine of `cpus` that nobody else uses, and the
// loads inside it are duty cycles. Without, all is a fluid: the quota is a speed, a share of several threads is taken
// for one of all (Capacity::rate), and what a load could not get it does not catch up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/scheduler.h"
#include "sim/station.h"
#include "sim/world/duty_cycle.h"

namespace cats::sim {

class SiteCpu {
 public:
  struct Settings {
    std::uint32_t workers = 1;
    std::uint32_t queue_limit = Station::kUnlimited;  // waiting jobs
    double quota_cores = 1;
    Duration quota_period{};  // 0: a fluid
    Duration quota_phase{};   // periods begin at this + k · period
    double cpus = 2;          // of the machine; with a period
  };

  // Of a fluid: a calibrated load remembers at most so much of its share when the service used more than that, and
  // pauses as long afterwards, four periods of its duty cycle.
  static constexpr Duration kMemory = std::chrono::milliseconds(16);

  // `done` is told each job that ends, when it ends.
  SiteCpu(Scheduler& scheduler, const Settings& settings, std::function<void(const Job&)> done);

  // A job begins or waits; false: the queue is full. Tags ascend.
  bool submit(std::uint64_t tag, Duration work);
  // Every job is lost and every load ends: the process was killed.
  void end_all();

  void set_quota(double cores);
  // `with_service`: the service's own use counts towards it, so that both together use `cores` as long as the service
  // alone uses less.
  void set_background(double cores, bool with_service);
  void set_scheduled(double cores, double neighbour_cores);

  double quota_cores() const { return quota_cores_; }
  double background_cores() const { return background_cores_; }
  std::size_t jobs() const { return station_.jobs(); }

  // CPU time of service and loads inside the quota, since the beginning.
  Duration usage() const;
  // ∫ jobs dt, in seconds.
  double job_seconds() const;

 private:
  bool by_period() const { return settings_.quota_period > Duration::zero(); }
  Quota quota() const;  // none for a fluid
  void advance();       // up to now, before any change
  void advance_cycles();
  void settle();  // after any change
  void depart();
  Capacity wanted() const;
  std::uint32_t threads_beside() const { return background_.working() + scheduled_.working(); }
  std::optional<Instant> next_load_change() const;
  double counted_ns() const;                            // towards the background's share
  double service_rate(const Capacity& capacity) const;  // cores, of all workers

  Scheduler& scheduler_;
  Settings settings_;
  std::function<void(const Job&)> done_;
  double quota_cores_;
  Station station_;
  double background_cores_ = 0;
  bool with_service_ = false;
  double scheduled_cores_ = 0;
  double neighbour_cores_ = 0;
  Instant advanced_to_;
  double ahead_ns_ = 0;   // CPU time by which the service is ahead of the calibrated share; of a fluid
  double beside_ns_ = 0;  // CPU time of the loads up to advanced_to_; with a period, as the next two
  DutyCycle background_;
  DutyCycle scheduled_;
  std::unique_ptr<Timer> departure_;
  std::unique_ptr<Timer> load_change_;
};

}  // namespace cats::sim
