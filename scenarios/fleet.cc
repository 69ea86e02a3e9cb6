#include "scenarios/fleet.h"

#include <algorithm>

#include <fmt/format.h>

namespace cats::scenarios {
namespace {

using cpsel::Declaration;
using cpsel::Level;
using cpsel::Normalisation;
using cpsel::NormalisationKind;

constexpr const char* kUtilisation = "cpu_utilisation";
constexpr const char* kQueue = "queue_length";

Normalisation least_is_best(double full) { return {NormalisationKind::minmax, 0, full, cpsel::Better::less}; }

Declaration utilisation() {
  return {.type = kUtilisation,
          .level = Level::l0,
          .unit = "percent",
          .statistics = cpsel::Statistics::mean,
          .format = cpsel::Format::floating,
          .source = cpsel::Source::directly_measured};
}

Declaration queue() {
  return {.type = kQueue,
          .level = Level::l0,
          .unit = "requests",
          .statistics = cpsel::Statistics::cur,
          .format = cpsel::Format::integer,
          .source = cpsel::Source::directly_measured};
}

}  // namespace

double Fleet::cores() const {
  double all = 0;
  for (std::size_t site = 0; site < static_cast<std::size_t>(sites); ++site) all += cores_of(site);
  return all;
}

double Fleet::flows_per_second() const { return load * cores() / to_seconds(work.mean) / ingresses; }

std::string Fleet::capacity_text() const {
  std::string text;
  for (const double one : capacity) text += fmt::format("{}{:g}", text.empty() ? "" : ":", one);
  return text;
}

std::vector<Declaration> Fleet::declared() const {
  const bool by_queue = metric.raw == Raw::queue;
  if (metric.level == Level::l0) return {by_queue ? queue() : utilisation()};
  if (metric.level == Level::l1)
    return {{.type = "compute_norm",
             .level = Level::l1,
             .statistics = by_queue ? cpsel::Statistics::cur : cpsel::Statistics::mean,
             .source = cpsel::Source::normalisation,
             .normalisation = least_is_best(by_queue ? metric.full_queue : 100),
             .aggregation = cpsel::Aggregation::mean,
             .of = {{by_queue ? kQueue : kUtilisation, std::nullopt}}},
            by_queue ? queue() : utilisation()};
  return {{.type = "norm_fi",
           .level = Level::l2,
           .source = cpsel::Source::aggregation,
           .aggregation = cpsel::Aggregation::mean,
           .of = {{kUtilisation, least_is_best(100)}, {kQueue, least_is_best(metric.full_queue)}}},
          utilisation(),
          queue()};
}

std::optional<Fleet::Disturbance> Fleet::disturbance() const {
  if (!crowd && !outage) return std::nullopt;
  if (!outage) return Disturbance{crowd->at, crowd->at + crowd->length};
  Disturbance all{outage->at, std::nullopt};
  if (outage->length) all.to = outage->at + *outage->length;
  if (!crowd) return all;
  all.from = std::min(all.from, crowd->at);
  if (all.to) all.to = std::max(*all.to, crowd->at + crowd->length);
  return all;
}

const char* to_string(Fleet::Raw raw) { return raw == Fleet::Raw::queue ? "queue" : "utilisation"; }

const char* to_string(Fleet::Phases phases) { return phases == Fleet::Phases::together ? "together" : "spread"; }

const char* to_string(Fleet::Lost lost) {
  switch (lost) {
    case Fleet::Lost::sites:
      return "sites";
    case Fleet::Lost::routes:
      return "routes";
    case Fleet::Lost::controller:
      break;
  }
  return "controller";
}

}  // namespace cats::scenarios
