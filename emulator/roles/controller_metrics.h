// What a controller takes in: the events of the edge server manager (I4, collectors/manager.h). The steps are apart so
// that bench/controller_updates can time each.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/event_log.h"
#include "base/ip.h"
#include "collectors/metric_mapping.h"
#include "cpsel/selector.h"

namespace cats::roles {

struct MetricUpdate {
  std::size_t service = 0;
  IpAddress csci;
  collectors::MetricReport report;  // with a stamp
};

// Of one event's data, `services` by CS-ID. Instances that have not reported yet give nothing. Bad parts are told to
// `bad`, and left out: one that is no instance, one of a service that is not known here, a bad report, an instance
// that is named twice.
std::vector<MetricUpdate> read_updates(std::string_view event_data, const std::map<IpAddress, std::size_t>& services,
                                       const collectors::WallClock& wall,
                                       const std::function<void(const std::string& why)>& bad);

// Tells the selector, which takes the values, and leaves out what tells it nothing new: a snapshot after a new
// subscription repeats what is known, and that is no reception.
void learn(std::vector<MetricUpdate>& updates, cpsel::Selector& selector, Instant received);

// A `metric_received` for each of what learn() left.
void log_received(EventLog& log, const std::vector<MetricUpdate>& updates, const cpsel::Selector& selector,
                  Instant received);

// Of these updates, ascending.
std::vector<std::size_t> services_of(const std::vector<MetricUpdate>& updates);

}  // namespace cats::roles
