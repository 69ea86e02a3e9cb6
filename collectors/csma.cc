#include "collectors/csma.h"

#include <algorithm>

#include "cpsel/known_sequence.h"

namespace cats::collectors {
namespace {

constexpr Duration kShortestWindow = std::chrono::milliseconds(100);

SamplerConfig checked(const CsmaConfig& config) {
  auto result = sampler_config(config);
  if (!result) throw UsageError(result.error().message);
  return *result;
}

// What every sample has, for finding out before the start whether the scores can be derived.
cpsel::Values example_values() {
  cpsel::Values values;
  for (const auto& name : cpsel::metric_names(cpsel::Level::l0)) values[name] = 0;
  return values;
}

bool whole_seconds(Duration window) {
  return window >= std::chrono::seconds(1) && window % std::chrono::seconds(1) == Duration::zero();
}

}  // namespace

Expected<SamplerConfig> sampler_config(const CsmaConfig& config) {
  SamplerConfig sampler;
  sampler.window = config.window;
  for (const auto& declaration : config.declarations) {
    const bool measured = declaration.type == "cpu_utilisation" || declaration.type == "available_compute" ||
                          declaration.type == "queue_length" || declaration.type == "processing_delay";
    if (!measured || !declaration.statistics || config.scraped.contains(declaration.type)) continue;
    const auto statistic = sampler_statistic(declaration.type, std::string(cpsel::to_text(*declaration.statistics)));
    if (!statistic) return tl::make_unexpected(statistic.error());
    if (declaration.type == "queue_length") sampler.queue_length = *statistic;
    if (declaration.type == "processing_delay") sampler.processing_delay = *statistic;
  }
  if (const auto problems = cpsel::problems(config.declarations); !problems.empty())
    return fail("metrics: {}", problems.front().message);
  auto example = example_values();
  if (config.site_preference == 0) example.erase("site_preference");
  if (const auto derived = cpsel::derive(config.declarations, example); !derived)
    return fail("metrics: {}", derived.error().message);
  return sampler;
}

Csma::Csma(Scheduler& scheduler, CsmaConfig config, SamplerSources sources, EventLog& events,
           std::function<void(const MetricReport&)> publish, Scrape scrape)
    : scheduler_(scheduler),
      config_(std::move(config)),
      events_(events),
      publish_(std::move(publish)),
      scrape_(std::move(scrape)),
      sampler_(checked(config_), std::move(sources)),
      tick_timer_(scheduler.make_timer()),
      window_timer_(scheduler.make_timer()) {}

void Csma::start() {
  running_ = true;
  begin_window();
  schedule_tick();
  schedule_window_start();
}

void Csma::stop() {
  running_ = false;
  tick_timer_->cancel();
  window_timer_->cancel();
}

// The first epoch + phase + offset + k·interval after now.
Instant Csma::next_on_schedule(Duration offset) const {
  const Duration since = scheduler_.now() - (config_.epoch + config_.phase + offset);
  auto periods = since / config_.interval;
  if (since >= Duration::zero()) ++periods;
  return config_.epoch + config_.phase + offset + periods * config_.interval;
}

void Csma::schedule_tick() {
  tick_timer_->at(next_on_schedule(Duration::zero()), [this] {
    tick();
    schedule_tick();
  });
}

// A window of whole intervals begins at a tick; any other needs a reading of its own.
void Csma::schedule_window_start() {
  if (config_.window % config_.interval == Duration::zero()) return;
  window_timer_->at(next_on_schedule(-config_.window), [this] {
    begin_window();
    schedule_window_start();
  });
}

void Csma::begin_window() {
  sampler_.observe(scheduler_.now());
  if (scrape_)
    scrape_([](const Expected<cpsel::Values>&) {});  // what a rate is made against; the end of the window tells
}

void Csma::measure(std::function<void(const Expected<Scored>&)> done) {
  if (!scrape_) return done(take(scheduler_.now(), {}));
  scrape_([this, done = std::move(done)](const Expected<cpsel::Values>& scraped) {
    if (scraped) return done(take(scheduler_.now(), *scraped));
    events_.write("scrape_failed", {{"source", config_.csci.str()}, {"why", scraped.error().message}});
    done(tl::make_unexpected(scraped.error()));
  });
}

Expected<Csma::Scored> Csma::take(Instant at, const cpsel::Values& scraped) {
  auto sample = sampler_.sample(at);
  if (!sample) return tl::make_unexpected(sample.error());
  for (const std::string& metric : config_.scraped) {
    const auto value = scraped.find(metric);
    if (value == scraped.end()) return fail("{}: the exporter gives no value yet: a rate needs two scrapes", metric);
    sample->raw[metric] = value->second;
  }
  if (config_.site_preference != 0) sample->raw["site_preference"] = config_.site_preference;
  auto derived = cpsel::derive(config_.declarations, sample->raw);
  if (!derived) return tl::make_unexpected(derived.error());
  return Scored{std::move(*sample), std::move(*derived)};
}

void Csma::tick() {
  measure([this](const Expected<Scored>& scored) {
    if (!running_ || !scored ||
        scored->sample.window_end - scored->sample.window_start < std::min(kShortestWindow, config_.window / 2))
      return;  // just started, or nothing was scraped
    log_sample(*scored);
    publish_if_due(*scored);
  });
}

void Csma::log_sample(const Scored& scored) {
  const auto& sample = scored.sample;
  events_.write("sample", {{"source", config_.csci.str()},
                           {"window_start", to_ns(sample.window_start)},
                           {"window_end", to_ns(sample.window_end)},
                           {"raw", sample.raw},
                           {"unquantised", scored.derived.unquantised},
                           {"accounting", {{"usage_ns", sample.usage.count()}, {"quota_cores", sample.quota_cores}}}});
}

void Csma::publish_if_due(const Scored& scored) {
  auto report = report_of(scored);
  if (known_seed_) report.known = cpsel::known_value(*known_seed_, config_.csci, sequence_ + 1);
  if (!config_.every_interval) {
    if (last_ && last_->values == report.values && !known_seed_) return;
    last_ = report;
  }
  ++sequence_;
  if (config_.every_interval) report.stamp = Stamp{sequence_, scored.sample.window_end};
  publish_(report);
}

MetricReport Csma::report_of(const Scored& scored) const {
  MetricReport report;
  const auto& raw = scored.sample.raw;
  for (const char* name : {"available_compute", "processing_delay", "site_preference"})
    if (const auto found = raw.find(name); found != raw.end()) report.values[name] = found->second;
  if (whole_seconds(config_.window)) {  // the wire counts whole seconds
    report.values["traffic_period_s"] = static_cast<double>(config_.window / std::chrono::seconds(1));
    for (const char* name : {"packets_in", "packets_out", "bytes_in", "bytes_out"}) report.values[name] = raw.at(name);
  }
  for (const auto& [name, score] : scored.derived.scores) report.values[name] = score;
  return report;
}

void Csma::sample_now(std::function<void(Expected<nlohmann::ordered_json>)> done) {
  measure([done = std::move(done)](const Expected<Scored>& scored) {
    if (!scored) return done(tl::make_unexpected(scored.error()));
    done(nlohmann::ordered_json{
        {"window_start", to_ns(scored->sample.window_start)},
        {"window_end", to_ns(scored->sample.window_end)},
        {"raw", scored->sample.raw},
        {"unquantised", scored->derived.unquantised},
        {"scores", scored->derived.scores},
        {"accounting", {{"usage_ns", scored->sample.usage.count()}, {"quota_cores", scored->sample.quota_cores}}}});
  });
}

void Csma::set_interval(Duration interval, Duration phase) {
  config_.interval = interval;
  config_.phase = phase;
  stop();
  running_ = true;
  schedule_tick();
  schedule_window_start();
}

}  // namespace cats::collectors
