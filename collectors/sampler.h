// The C-SMA: L0 metrics of one service contact instance over a sampling window, from the accounting of its CPU quota
// and from the counters of its service.
//
// raw metrics, with the statistics that can be declared for each:
//   cpu_utilisation   percent of the quota used over the window (mean)
//   available_compute 100 − cpu_utilisation, not below 0 (mean)
//   queue_length      requests waiting or in service (mean, max, min, cur)
//   processing_delay  ms from arrival at the service to completion (mean, max, min, cur), over requests completed in
//   the
//                     window; with none completed: the age of the oldest request that waits or runs, 0 when idle
//   requests          completed in the window
//   packets_in, packets_out, bytes_in, bytes_out   of the service's own TCP connections (segments and payload octets,
//   from
//                     TCP_INFO), in the window
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace cats::collectors {

enum class Statistic { mean, max, min, cur };

// Sums since the service started, and extremes since they were last asked for.
struct ServiceReading {
  std::uint64_t completed = 0;
  Duration delay_sum{};             // of the completed
  double queue_length_seconds = 0;  // ∫ queue length dt
  std::uint64_t packets_in = 0, packets_out = 0, bytes_in = 0, bytes_out = 0;

  // Now.
  unsigned queue_length = 0;  // waiting or in service, as everywhere here
  Duration oldest_age{};      // of the request that waits or runs longest; 0 when idle
  Duration last_delay{};

  // Since the last reading.
  unsigned queue_min = 0, queue_max = 0;
  Duration delay_min{}, delay_max{};
};

struct CpuReading {
  Duration usage{};  // CPU time since the group exists
  double quota_cores = 0;
};

struct SamplerSources {
  std::function<CpuReading()> cpu;
  std::function<ServiceReading()> service;
};

struct SamplerConfig {
  Duration window{};
  Statistic queue_length = Statistic::mean;
  Statistic processing_delay = Statistic::mean;
};

struct Sample {
  Instant window_start, window_end;
  std::map<std::string, double> raw;  // with the bias of a faulty collector
  Duration usage{};                   // CPU time of the window as accounted, without it
  double quota_cores = 0;
};

// Holds readings; a sample is the difference of two. Call observe() at window starts and ends.
class Sampler {
 public:
  Sampler(SamplerConfig config, SamplerSources sources);

  // Takes a reading to start a window from.
  void observe(Instant now);
  // A reading now, against the one taken closest to a window ago. Error: no reading yet, or no time passed since it.
  Expected<Sample> sample(Instant now);

  // A collector that reads this many percentage points low (fault injection); the accounting stays true.
  void set_bias_points(double points) { bias_points_ = points; }

 private:
  struct Reading {
    Instant at;
    CpuReading cpu;
    ServiceReading service;
  };
  Reading take(Instant now);
  // Readings from `first_segment` on belong to the window: each holds the extremes since the one before it.
  void read_cpu(const Reading& begin, const Reading& end, Sample& sample) const;
  void read_queue(const Reading& begin, const Reading& end, std::ptrdiff_t first_segment, Sample& sample) const;
  void read_delay(const Reading& begin, const Reading& end, std::ptrdiff_t first_segment, Sample& sample) const;
  void read_traffic(const Reading& begin, const Reading& end, Sample& sample) const;
  void forget_before(Instant start);

  SamplerConfig config_;
  SamplerSources sources_;
  std::deque<Reading> readings_;
  double bias_points_ = 0;
};

// Error, naming metric and statistic, when the sampler does not produce it.
Expected<Statistic> sampler_statistic(const std::string& metric, const std::string& statistic);

}  // namespace cats::collectors
