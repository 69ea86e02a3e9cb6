// Which exposition endpoint is asked, and what is made of its answer: as scenarios say it (docs/scenario-format.md) and
// as configurations carry it:
//   {"address": "127.0.0.1", "port": 9100, "path": "/metrics",
//    "mapping": {"cpu_utilisation": {"family": "node_cpu_seconds_total", "labels": {"mode": "idle"}, "take": "rate",
//                                    "combine": "mean", "scale": -100, "offset": 100}}}
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/ip.h"
#include "base/json_fields.h"
#include "collectors/prometheus.h"

namespace cats::collectors {

struct PrometheusSource {
  IpAddress address;
  std::uint16_t port = 0;
  std::string path = "/metrics";
  std::vector<PrometheusRule> rules;  // one per metric

  std::set<std::string> metrics() const;
  bool operator==(const PrometheusSource&) const = default;
};

// The metrics that a mapping may make: the raw ones, but for those that are configured.
std::vector<std::string> mappable_metrics();

// "http://127.0.0.1:9100/metrics", "http://[::1]:9100"; without rules.
Expected<PrometheusSource> parse_prometheus_url(std::string_view url);

// The words of files.
std::vector<std::string> take_words();
std::vector<std::string> combine_words();
PrometheusRule::Take take_of(std::string_view word);        // throws std::out_of_range for another
PrometheusRule::Combine combine_of(std::string_view word);  // likewise

nlohmann::ordered_json to_json(const PrometheusSource& source);
PrometheusSource read_prometheus(JsonFields& fields);

}  // namespace cats::collectors
