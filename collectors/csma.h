// The C-SMA of an edge server: samples on an absolute schedule, derives scores as the scenario declares, logs each
// sample, and hands on a report when one is due.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/event_log.h"
#include "base/ip.h"
#include "base/scheduler.h"
#include "collectors/metric_mapping.h"
#include "collectors/sampler.h"
#include "cpsel/metrics.h"

namespace cats::collectors {

struct CsmaConfig {
  IpAddress csci;
  Duration interval{}, window{}, phase{};
  Instant epoch;
  bool every_interval = true;
  std::uint32_t site_preference = 0;
  std::vector<cpsel::Declaration> declarations;
  std::set<std::string> scraped = {};  // metrics that an exporter measures, in place of the sampler
};

// Asks the exporter; calls back once with the metrics that it could make, or with why there are none.
using Scrape = std::function<void(std::function<void(Expected<cpsel::Values>)> done)>;

// Error, naming the metric: a statistic the sampler does not give, a raw value that a score needs and nobody measures.
Expected<SamplerConfig> sampler_config(const CsmaConfig& config);

class Csma {
 public:
  // Throws UsageError for what sampler_config() refuses. With a `scrape` each sample has the values of one that was
  // made for it: without them there is no sample, and a `scrape_failed` event.
  Csma(Scheduler& scheduler, CsmaConfig config, SamplerSources sources, EventLog& events,
       std::function<void(const MetricReport&)> publish, Scrape scrape = {});

  void start();
  void stop();
  // Outside the schedule: not logged, not published. {"raw", "unquantised"}
  void sample_now(std::function<void(Expected<nlohmann::ordered_json>)> done);
  void set_interval(Duration interval, Duration phase);
  void set_known_seed(std::optional<std::uint64_t> seed) { known_seed_ = seed; }
  void set_bias_points(double points) { sampler_.set_bias_points(points); }
  std::uint32_t sequence() const { return sequence_; }                      // of the last report; 0 before the first
  Instant next_tick() const { return next_on_schedule(Duration::zero()); }  // when the next report is due

 private:
  struct Scored {
    Sample sample;
    cpsel::Derived derived;
  };
  Expected<Scored> take(Instant now, const cpsel::Values& scraped);
  void measure(std::function<void(const Expected<Scored>&)> done);
  void begin_window();
  void tick();
  void log_sample(const Scored& scored);
  void publish_if_due(const Scored& scored);
  MetricReport report_of(const Scored& scored) const;
  Instant next_on_schedule(Duration offset) const;
  void schedule_tick();
  void schedule_window_start();

  Scheduler& scheduler_;
  CsmaConfig config_;
  EventLog& events_;
  std::function<void(const MetricReport&)> publish_;
  Scrape scrape_;
  bool running_ = false;
  Sampler sampler_;
  std::unique_ptr<Timer> tick_timer_;
  std::unique_ptr<Timer> window_timer_;
  std::optional<std::uint64_t> known_seed_;
  std::uint32_t sequence_ = 0;
  std::optional<MetricReport> last_;  // published, without stamp
};

}  // namespace cats::collectors
