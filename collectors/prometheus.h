// Metrics of a site that someone else measures: a Prometheus exposition endpoint (node exporter, cAdvisor,
// kube-state-metrics), text format 0.0.4, and rules that make raw CATS metrics of it. No I/O.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace cats::collectors {

using Labels = std::map<std::string, std::string, std::less<>>;

struct Series {
  std::string name;
  Labels labels;
  double value = 0;  // may be NaN or infinite
  bool operator==(const Series&) const = default;
};

// Time stamps, comments, HELP and TYPE are left out. The error names the line and what is wrong there.
Expected<std::vector<Series>> parse_exposition(std::string_view text);

// One raw metric: offset + scale · combine(take(series)) over all series of `family` with these labels.
//   CPU utilisation of a machine in percent, by the node exporter:
//   {cpu_utilisation, node_cpu_seconds_total, {{mode, idle}}, rate, mean, −100, 100}
struct PrometheusRule {
  enum class Take { value, rate };  // rate: of a counter, per second, against the scrape before
  enum class Combine { sum, mean, min, max };

  std::string metric;  // "cpu_utilisation"
  std::string family;  // "node_cpu_seconds_total"
  Labels labels;       // those that a series must have, with these values
  Take take = Take::value;
  Combine combine = Combine::sum;
  double scale = 1;
  double offset = 0;
};

class PrometheusSampler {
 public:
  explicit PrometheusSampler(std::vector<PrometheusRule> rules) : rules_(std::move(rules)) {}

  // Of a scrape that was made at `when`. Error: text that is no exposition, a rule that no series matches, a value that
  // is no number, no time passed. Rates are missing from the first scrape; a counter that fell began anew from 0.
  Expected<std::map<std::string, double>> sample(std::string_view text, Instant when);

 private:
  using SeriesKey = std::pair<std::string, Labels>;
  struct Before {
    Instant when;
    std::map<SeriesKey, double> values;
  };

  Expected<std::optional<double>> apply(const PrometheusRule& rule, const std::map<SeriesKey, double>& now,
                                        double elapsed_s) const;

  std::vector<PrometheusRule> rules_;
  std::optional<Before> before_;
};

}  // namespace cats::collectors
