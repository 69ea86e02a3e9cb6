// What a controller learns from an edge server manager: reports that came together, and what is new in them.
#pragma once

#include <cstddef>
#include <vector>

#include "base/clock.h"
#include "base/event_log.h"
#include "base/ip.h"
#include "collectors/metric_mapping.h"
#include "cpsel/selector.h"

namespace cats::collectors {

struct MetricUpdate {
  std::size_t service = 0;
  IpAddress csci;
  MetricReport report;  // with a stamp
};

// Tells the selector, which takes the values, and leaves out what tells it nothing new: a snapshot after a new
// subscription repeats what is known, and that is no reception.
void learn(std::vector<MetricUpdate>& updates, cpsel::Selector& selector, Instant received);

// A `metric_received` for each of what learn() left.
void log_received(EventLog& log, const std::vector<MetricUpdate>& updates, const cpsel::Selector& selector,
                  Instant received);

// Of these updates, ascending.
std::vector<std::size_t> services_of(const std::vector<MetricUpdate>& updates);

}  // namespace cats::collectors
