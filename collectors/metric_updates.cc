#include "collectors/metric_updates.h"

#include <algorithm>
#include <utility>

#include "cpsel/metric_log.h"

namespace cats::collectors {

void learn(std::vector<MetricUpdate>& updates, cpsel::Selector& selector, Instant received) {
  std::size_t news = 0;
  for (MetricUpdate& update : updates) {
    const Stamp stamp = update.report.stamp.value();
    if (selector.learn(update.service, {update.csci, 0},
                       {std::move(update.report.values), stamp.sequence, stamp.window_end, 0, ""}, received))
      std::swap(updates[news++], update);
  }
  updates.resize(news);
}

void log_received(EventLog& log, const std::vector<MetricUpdate>& updates, const cpsel::Selector& selector,
                  Instant received) {
  for (const MetricUpdate& update : updates)
    cpsel::log_metric_received(log, received, update.csci, "rest", *selector.report(update.service, {update.csci, 0}),
                               update.report.known);
}

std::vector<std::size_t> services_of(const std::vector<MetricUpdate>& updates) {
  std::vector<std::size_t> services;
  for (const MetricUpdate& update : updates) services.push_back(update.service);
  std::ranges::sort(services);
  services.erase(std::unique(services.begin(), services.end()), services.end());
  return services;
}

}  // namespace cats::collectors
