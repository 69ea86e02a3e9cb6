#include "collectors/sampler.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/diagnostics.h"

namespace cats::collectors {
namespace {

double per_second(double amount, Duration window) { return amount / to_seconds(window); }

}  // namespace

Sampler::Sampler(SamplerConfig config, SamplerSources sources) : config_(config), sources_(std::move(sources)) {}

Sampler::Reading Sampler::take(Instant now) { return {now, sources_.cpu(), sources_.service()}; }

void Sampler::observe(Instant now) {
  readings_.push_back(take(now));
  forget_before(now - config_.window);
}

// Keeps what a window that ends at `start + window` or later can begin with.
void Sampler::forget_before(Instant start) {
  while (readings_.size() > 2 && readings_[1].at + config_.window < start) readings_.pop_front();
}

Expected<Sample> Sampler::sample(Instant now) {
  if (readings_.empty() || readings_.front().at >= now) return fail("no reading before this one to sample against");
  const Instant wanted = now - config_.window;
  const auto distance = [wanted](const Reading& r) { return r.at > wanted ? r.at - wanted : wanted - r.at; };
  auto from = std::ranges::min_element(readings_, {}, distance);
  if (from->at >= now) return fail("no time has passed since the reading before this one");

  const auto first_segment = from + 1 - readings_.begin();
  const Reading begin = *from;
  const Reading end = take(now);
  readings_.push_back(end);

  Sample sample;
  sample.window_start = begin.at;
  sample.window_end = now;
  sample.usage = end.cpu.usage - begin.cpu.usage;
  sample.quota_cores = end.cpu.quota_cores;
  read_cpu(begin, end, sample);
  read_queue(begin, end, first_segment, sample);
  read_delay(begin, end, first_segment, sample);
  read_traffic(begin, end, sample);
  forget_before(now - config_.window);
  return sample;
}

void Sampler::read_cpu(const Reading& begin, const Reading& end, Sample& sample) const {
  const double cores = per_second(to_seconds(end.cpu.usage - begin.cpu.usage), end.at - begin.at);
  const double percent = 100 * cores / end.cpu.quota_cores;
  const double reported = std::max(0.0, percent - bias_points_);
  sample.raw["cpu_utilisation"] = reported;
  sample.raw["available_compute"] = std::max(0.0, 100 - reported);
}

void Sampler::read_queue(const Reading& begin, const Reading& end, std::ptrdiff_t first_segment, Sample& sample) const {
  unsigned lowest = end.service.queue_min;
  unsigned highest = end.service.queue_max;
  for (auto r = readings_.begin() + first_segment; r != readings_.end(); ++r) {
    lowest = std::min(lowest, r->service.queue_min);
    highest = std::max(highest, r->service.queue_max);
  }
  double& length = sample.raw["queue_length"];
  switch (config_.queue_length) {
    case Statistic::mean:
      length = per_second(end.service.queue_length_seconds - begin.service.queue_length_seconds, end.at - begin.at);
      break;
    case Statistic::max:
      length = highest;
      break;
    case Statistic::min:
      length = lowest;
      break;
    case Statistic::cur:
      length = end.service.queue_length;
      break;
  }
}

void Sampler::read_delay(const Reading& begin, const Reading& end, std::ptrdiff_t first_segment, Sample& sample) const {
  double& delay = sample.raw["processing_delay"];
  const std::uint64_t completed = end.service.completed - begin.service.completed;
  if (completed == 0) {
    delay = to_ms(end.service.oldest_age);
    return;
  }
  Duration lowest = Duration::max();
  Duration highest = Duration::zero();
  std::uint64_t before = begin.service.completed;
  for (auto r = readings_.begin() + first_segment; r != readings_.end(); ++r) {
    if (r->service.completed != before) {
      lowest = std::min(lowest, r->service.delay_min);
      highest = std::max(highest, r->service.delay_max);
    }
    before = r->service.completed;
  }
  switch (config_.processing_delay) {
    case Statistic::mean:
      delay = to_ms(end.service.delay_sum - begin.service.delay_sum) / static_cast<double>(completed);
      break;
    case Statistic::max:
      delay = to_ms(highest);
      break;
    case Statistic::min:
      delay = to_ms(lowest);
      break;
    case Statistic::cur:
      delay = to_ms(end.service.last_delay);
      break;
  }
}

void Sampler::read_traffic(const Reading& begin, const Reading& end, Sample& sample) const {
  const auto difference = [&](std::uint64_t ServiceReading::*counter) {
    return static_cast<double>(end.service.*counter - begin.service.*counter);
  };
  sample.raw["requests"] = difference(&ServiceReading::completed);
  sample.raw["packets_in"] = difference(&ServiceReading::packets_in);
  sample.raw["packets_out"] = difference(&ServiceReading::packets_out);
  sample.raw["bytes_in"] = difference(&ServiceReading::bytes_in);
  sample.raw["bytes_out"] = difference(&ServiceReading::bytes_out);
}

Expected<Statistic> sampler_statistic(const std::string& metric, const std::string& statistic) {
  static const std::vector<std::string> words = {"mean", "max", "min", "cur"};
  const auto found = std::ranges::find(words, statistic);
  const bool all = metric == "queue_length" || metric == "processing_delay";
  if (found == words.end() || (!all && statistic != "mean"))
    return fail("{}: the sampler gives the statistic {}, not {}", metric, all ? one_of(words) : "mean", statistic);
  return static_cast<Statistic>(found - words.begin());
}

}  // namespace cats::collectors
