#include "collectors/metric_mapping.h"

#include <array>
#include <cmath>
#include <ctime>
#include <limits>
#include <utility>

namespace cats::collectors {
namespace {

using bgp::CatsMetric;

struct Score {
  const char* name;
  std::uint8_t type;
  std::uint8_t level;
};
constexpr std::array kScores = {
    Score{"compute_norm", CatsMetric::compute_norm, 1}, Score{"communication_norm", CatsMetric::communication_norm, 1},
    Score{"service_norm", CatsMetric::service_norm, 1}, Score{"composed_norm", CatsMetric::composed_norm, 1},
    Score{"norm_fi", CatsMetric::norm_fi, 2}};
constexpr double kLargest = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint8_t kNormalisedFromSeveral = 0;  // metric type MT

// Takes the values out of a report one by one, so that what is left over has no sub-TLV.
class Taker {
 public:
  explicit Taker(std::map<std::string, double> values) : values_(std::move(values)) {}

  std::optional<double> take(const std::string& name, double lo, double hi) {
    const auto found = values_.find(name);
    if (found == values_.end()) return std::nullopt;
    const double value = found->second;
    values_.erase(found);
    if (std::isfinite(value) && value >= lo && value <= hi) return value;
    if (problem_.empty()) problem_ = fmt::format("{}: {} is not in {} … {}", name, value, lo, hi);
    return std::nullopt;
  }
  std::optional<std::uint32_t> take_whole(const std::string& name, double lo, double hi) {
    const auto value = take(name, lo, hi);
    if (!value) return std::nullopt;
    return static_cast<std::uint32_t>(std::llround(*value));
  }
  // A counter that has run past 32 bits says its largest value.
  std::optional<std::uint32_t> take_count(const std::string& name) {
    const auto value = take(name, 0, std::numeric_limits<double>::max());
    if (!value) return std::nullopt;
    return static_cast<std::uint32_t>(std::llround(std::min(*value, kLargest)));
  }
  void complain(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
  }
  // Why the report cannot be sent, if so.
  std::string finish() {
    if (!values_.empty()) complain(fmt::format("{}: no sub-TLV carries this metric", values_.begin()->first));
    return problem_;
  }

 private:
  std::map<std::string, double> values_;
  std::string problem_;
};

void add_traffic(Taker& taker, std::vector<bgp::SubTlv>& out) {
  const auto period = taker.take_whole("traffic_period_s", 1, kLargest);
  bgp::RawMeasurement raw;
  for (const bool in_bytes : {false, true}) {
    const std::string what = in_bytes ? "bytes" : "packets";
    const auto in = taker.take_count(what + "_in");
    const auto from_service = taker.take_count(what + "_out");
    if (!in && !from_service) continue;
    if (!in || !from_service)
      return taker.complain(
          fmt::format("{}: goes with {}", what + (in ? "_in" : "_out"), what + (in ? "_out" : "_in")));
    if (!period) return taker.complain(what + "_in: goes with traffic_period_s");
    raw.entries.emplace_back(bgp::RawMeasurement::Traffic{in_bytes, *period, *in, *from_service});
  }
  if (!raw.entries.empty())
    out.emplace_back(std::move(raw));
  else if (period)
    taker.complain("traffic_period_s: goes with packets or bytes");
}

void add_scores(Taker& taker, std::vector<bgp::SubTlv>& out) {
  bgp::CatsMetrics metrics;
  for (const Score& score : kScores) {
    const auto value = taker.take_whole(score.name, 0, 10);
    if (!value) continue;
    const auto source = score.level == 2 ? CatsMetric::normalisation : CatsMetric::aggregation;
    metrics.entries.push_back(*CatsMetric::of(score.type, score.level, *value, source));
    if (score.type == CatsMetric::norm_fi) out.emplace_back(bgp::ServiceCapability{kNormalisedFromSeveral, *value});
  }
  if (!metrics.entries.empty()) out.emplace_back(std::move(metrics));
}

void read_traffic(const bgp::EdgeMetadata& metadata, std::map<std::string, double>& values) {
  const auto* raw = bgp::find<bgp::RawMeasurement>(metadata);
  if (raw == nullptr) return;
  for (const auto& entry : raw->entries) {
    const auto* traffic = std::get_if<bgp::RawMeasurement::Traffic>(&entry);
    if (traffic == nullptr || values.contains(traffic->in_bytes ? "bytes_in" : "packets_in")) continue;
    values["traffic_period_s"] = traffic->period_s;
    values[traffic->in_bytes ? "bytes_in" : "packets_in"] = traffic->to_service;
    values[traffic->in_bytes ? "bytes_out" : "packets_out"] = traffic->from_service;
  }
}

void read_scores(const bgp::EdgeMetadata& metadata, std::map<std::string, double>& values) {
  for (const Score& score : kScores)
    if (const auto* metric = bgp::find_cats_metric(metadata, score.type, score.level))
      values[score.name] = metric->value;
  const auto* capability = bgp::find_service_capability(metadata, kNormalisedFromSeveral);
  if (capability != nullptr && capability->value <= 10) values.try_emplace("norm_fi", capability->value);
}

}  // namespace

WallClock WallClock::of_this_machine() {
  const auto read = [](clockid_t id) {
    timespec t{};
    ::clock_gettime(id, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
  };
  // The reading least disturbed by preemption: the one with the shortest gap around it.
  std::int64_t best_gap = std::numeric_limits<std::int64_t>::max();
  std::int64_t offset = 0;
  for (int i = 0; i < 10; ++i) {
    const std::int64_t before = read(CLOCK_MONOTONIC);
    const std::int64_t wall = read(CLOCK_REALTIME);
    const std::int64_t after = read(CLOCK_MONOTONIC);
    if (after - before >= best_gap) continue;
    best_gap = after - before;
    offset = wall - (before + best_gap / 2);
  }
  return WallClock(offset);
}

Expected<bgp::EdgeMetadata> to_edge_metadata(const MetricReport& report, const WallClock& wall) {
  Taker taker(report.values);
  bgp::EdgeMetadata metadata;
  auto& out = metadata.sub_tlvs;
  add_traffic(taker, out);
  if (const auto preference = taker.take_whole("site_preference", 1, kLargest))
    out.emplace_back(bgp::SitePreference{*preference});
  if (const auto ms = taker.take("processing_delay", 0, 1e9))
    out.emplace_back(bgp::DelayPrediction::of(Duration(std::llround(*ms * 1e6))));
  if (const auto percent = taker.take_whole("available_compute", 0, 100))
    out.emplace_back(bgp::AvailableResource{true, kNormalisedFromSeveral, *percent});
  add_scores(taker, out);
  if (report.known) out.emplace_back(bgp::ServiceCapability{kKnownSequenceMetricType, *report.known});
  if (report.stamp)
    out.emplace_back(
        bgp::CatsStamp{report.stamp->sequence, bgp::ntp_from_unix_ns(wall.unix_ns(report.stamp->window_end))});
  if (const std::string problem = taker.finish(); !problem.empty()) return fail("{}", problem);
  if (out.empty()) return fail("a report with nothing in it");
  return metadata;
}

MetricReport from_edge_metadata(const bgp::EdgeMetadata& metadata, const WallClock& wall) {
  MetricReport report;
  auto& values = report.values;
  read_traffic(metadata, values);
  if (const auto* preference = bgp::find<bgp::SitePreference>(metadata)) values["site_preference"] = preference->index;
  if (const auto* prediction = bgp::find<bgp::DelayPrediction>(metadata))
    if (const auto delay = prediction->duration()) values["processing_delay"] = to_ms(*delay);
  const auto* available = bgp::find_available_resource(metadata, kNormalisedFromSeveral);
  if (available != nullptr && available->percent) values["available_compute"] = available->value;
  read_scores(metadata, values);
  if (const auto* known = bgp::find_service_capability(metadata, kKnownSequenceMetricType)) report.known = known->value;
  if (const auto* stamp = bgp::find<bgp::CatsStamp>(metadata))
    report.stamp = Stamp{stamp->sequence, wall.instant(bgp::unix_ns_from_ntp(stamp->window_end))};
  return report;
}

MetricReport only(const MetricReport& report, const std::set<std::string>& metrics) {
  MetricReport part{{}, report.stamp, report.known};
  bool counts = false;
  for (const auto& [name, value] : report.values) {
    if (!metrics.contains(name)) continue;
    part.values[name] = value;
    counts = counts || name.starts_with("packets_") || name.starts_with("bytes_");
  }
  if (const auto period = report.values.find("traffic_period_s"); counts && period != report.values.end())
    part.values.insert(*period);
  return part;
}

Expected<MetricReport> quantised(const MetricReport& report, const WallClock& wall) {
  const auto metadata = to_edge_metadata(report, wall);
  if (!metadata) return tl::make_unexpected(metadata.error());
  return from_edge_metadata(*metadata, wall);
}

}  // namespace cats::collectors
