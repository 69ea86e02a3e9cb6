// Metrics of a site that someone else measures: a Prometheus exposition endpoint (node exporter, cAdvisor,
// kube-state-metrics), text format 0.0.4, and rules that make raw CATS metrics of it. No I/O.
#pragma once

#include <deque>
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
  enum class Take { value, rate };  // rate: of a counter, per second, over the window
  enum class Combine { sum, mean, min, max };

  std::string metric;  // "cpu_utilisation"
  std::string family;  // "node_cpu_seconds_total"
  Labels labels;       // those that a series must have, with these values
  Take take = Take::value;
  Combine combine = Combine::sum;
  double scale = 1;
  double offset = 0;

  bool operator==(const PrometheusRule&) const = default;
};

class PrometheusSampler {
 public:
  // Rates are against the scrape that was made closest to a window ago; without a window, the one before.
  explicit PrometheusSampler(std::vector<PrometheusRule> rules, Duration window = {})
      : rules_(std::move(rules)), window_(window) {}

  // Of a scrape that was made at `when`. Error: text that is no exposition, a rule that no series matches, a value that
  // is no number, no time passed. Rates are missing from the first scrape; a counter that fell began anew from 0.
  Expected<std::map<std::string, double>> sample(std::string_view text, Instant when);
  // After a scrape that failed: no rate is made over the time without one.
  void forget() { earlier_.clear(); }

 private:
  using SeriesKey = std::pair<std::string, Labels>;
  struct Before {
    Instant when;
    std::map<SeriesKey, double> values;
  };

  // Nothing before the first scrape.
  const Before* window_ago(Instant when);
  static Expected<std::optional<double>> apply(const PrometheusRule& rule, const std::map<SeriesKey, double>& now,
                                               const Before* before, double elapsed_s);

  std::vector<PrometheusRule> rules_;
  Duration window_;
  std::deque<Before> earlier_;  // scrapes, oldest first
};

}  // namespace cats::collectors
