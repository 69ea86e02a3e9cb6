// The event `metric_received` (docs/event-log.md), of whoever hears about an instance.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/event_log.h"
#include "cpsel/selector.h"

namespace cats::cpsel {

// `source`: the instance, as text or as its CSCI-ID. `via`: "bgp" or "rest". `known`: the known sequence's value.
template <class Source>
void log_metric_received(EventLog& log, Instant received, const Source& source, std::string_view via,
                         const Report& report, const std::optional<std::uint32_t>& known) {
  log.write_members(received, "metric_received", [&](JsonWriter& line) {
    line.field("source", source);
    line.field("via", via);
    line.field("seq", report.sequence);
    line.field("path", report.path_id);
    line.field("values", report.values);
    line.field("known", known);
    line.key("window_end");
    if (report.window_end)
      line.value(to_ns(*report.window_end));
    else
      line.value(nullptr);
  });
}

}  // namespace cats::cpsel
