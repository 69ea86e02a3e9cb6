#include "cpsel/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/portable_math.h"

namespace cats::cpsel {
namespace {

constexpr double kLargestPreference = 4294967295.0;

constexpr std::array kMetrics = {
    MetricInfo{"cpu_utilisation", Level::l0, "percent", Better::less, 100, false,
               "CPU time used by the service, relative to its quota"},
    MetricInfo{"available_compute", Level::l0, "percent", Better::more, 100, false,
               "CPU time of the quota that is left (\"Load\" in the benchmarking draft)"},
    MetricInfo{"queue_length", Level::l0, "requests", Better::less, 0, true, "requests waiting or in service"},
    MetricInfo{"processing_delay", Level::l0, "ms", Better::less, 0, false,
               "time from a request's arrival at the service to its reply"},
    MetricInfo{"packets_in", Level::l0, "packets", Better::less, 0, true, "packets received by the service"},
    MetricInfo{"packets_out", Level::l0, "packets", Better::less, 0, true, "packets sent by the service"},
    MetricInfo{"bytes_in", Level::l0, "octets", Better::less, 0, true, "octets received by the service"},
    MetricInfo{"bytes_out", Level::l0, "octets", Better::less, 0, true, "octets sent by the service"},
    MetricInfo{"site_preference", Level::l0, "none", Better::more, kLargestPreference, false,
               "the operator's preference for the site"},
    MetricInfo{"compute_norm", Level::l1, "none", Better::more, kMaxScore, false, "score of the compute category"},
    MetricInfo{"communication_norm", Level::l1, "none", Better::more, kMaxScore, false,
               "score of the communication category"},
    MetricInfo{"service_norm", Level::l1, "none", Better::more, kMaxScore, false, "score of the service category"},
    MetricInfo{"composed_norm", Level::l1, "none", Better::more, kMaxScore, false, "score of several categories"},
    MetricInfo{"norm_fi", Level::l2, "none", Better::more, kMaxScore, false,
               "the one score of a service contact instance"},
};

double normal_cdf(double z) { return 0.5 * portable::erfc(-z / std::numbers::sqrt2); }

}  // namespace

std::span<const MetricInfo> metrics() { return kMetrics; }

const MetricInfo* find_metric(std::string_view name) {
  const auto found = std::find_if(kMetrics.begin(), kMetrics.end(), [&](const auto& m) { return m.name == name; });
  return found == kMetrics.end() ? nullptr : &*found;
}

std::vector<std::string> metric_names(Level level) {
  std::vector<std::string> names;
  for (const MetricInfo& metric : kMetrics)
    if (metric.level == level) names.emplace_back(metric.name);
  return names;
}

std::pair<std::string_view, std::string_view> parameter_names(NormalisationKind kind) {
  switch (kind) {
    case NormalisationKind::minmax:
      return {"lo", "hi"};
    case NormalisationKind::sigmoid:
      return {"midpoint", "steepness"};
    case NormalisationKind::zscore:
      return {"mean", "sd"};
  }
  return {};
}

std::optional<std::string> problem(const Normalisation& normalisation) {
  const auto [a, b] = parameter_names(normalisation.kind);
  if (!std::isfinite(normalisation.a)) return fmt::format("{}: {} is not finite", a, normalisation.a);
  if (!std::isfinite(normalisation.b)) return fmt::format("{}: {} is not finite", b, normalisation.b);
  if (normalisation.kind == NormalisationKind::minmax) {
    if (normalisation.a < normalisation.b) return std::nullopt;
    return fmt::format("hi: {} is not above lo ({})", normalisation.b, normalisation.a);
  }
  if (normalisation.b > 0) return std::nullopt;
  return fmt::format("{}: {} is not above 0", b, normalisation.b);
}

double normalise(const Normalisation& normalisation, double value) {
  if (std::isnan(value)) return 0;
  const double sign = normalisation.better == Better::more ? 1 : -1;
  const double a = normalisation.a;
  const double b = normalisation.b;
  switch (normalisation.kind) {
    case NormalisationKind::minmax: {
      // Written so that the end points give exactly 0 and 1 in both directions.
      const double share = sign > 0 ? (value - a) / (b - a) : (b - value) / (b - a);
      return std::clamp(share, 0.0, 1.0);
    }
    case NormalisationKind::sigmoid:
      return 1 / (1 + portable::exp(-sign * b * (value - a)));
    case NormalisationKind::zscore:
      return normal_cdf(sign * (value - a) / b);
  }
  return 0;
}

double aggregate(Aggregation aggregation, std::span<const double> values, std::span<const double> weights) {
  switch (aggregation) {
    case Aggregation::min:
      return *std::min_element(values.begin(), values.end());
    case Aggregation::max:
      return *std::max_element(values.begin(), values.end());
    case Aggregation::mean: {
      double sum = 0;
      for (const double value : values) sum += value;
      return sum / static_cast<double>(values.size());
    }
    case Aggregation::weighted: {
      double sum = 0;
      for (std::size_t i = 0; i < values.size(); ++i) sum += weights[i] * values[i];
      return sum;
    }
  }
  return 0;
}

int quantise(double unquantised) {
  if (std::isnan(unquantised)) return 0;
  return static_cast<int>(std::floor(std::clamp(unquantised, 0.0, 1.0) * kMaxScore + 0.5));
}

double load_of(const MetricInfo& metric, double value, double capacity) {
  if (metric.counts_in_whole && capacity > 0) value /= capacity;
  if (metric.full_scale > 0) value /= metric.full_scale;
  return metric.better == Better::less ? value : 1 - value;
}

std::optional<double> load_of(std::string_view metric, const Values& values, double capacity) {
  const MetricInfo* info = find_metric(metric);
  const auto found = values.find(std::string(metric));
  if (info == nullptr || found == values.end() || !std::isfinite(found->second)) return std::nullopt;
  return load_of(*info, found->second, capacity);
}

}  // namespace cats::cpsel
