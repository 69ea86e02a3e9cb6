// A report as REST interfaces carry it (I3 and I4), with the same two fields that the CATS Stamp has on the wire:
//   {"sequence": 12, "window_end_unix_ns": 1795320000000000000, "values": {"compute_norm": 7, …}, "known": null}
#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/ip.h"
#include "base/plain_json.h"
#include "collectors/metric_mapping.h"

namespace cats::collectors {

nlohmann::ordered_json to_json(const MetricReport& report, const WallClock& wall);

// Members of the events metric_sent and metric_resent (docs/event-log.md).
nlohmann::ordered_json sent_event(const IpAddress& source, std::string_view via, const MetricReport& report);

// The error names everything that is wrong: a member that does not belong, a metric that nobody knows, a value that is
// no finite number, a missing stamp.
Expected<MetricReport> report_from_json(const nlohmann::json& json, const WallClock& wall);

// The same of text as to_json() and dump() make it, some ten times as fast. Nothing for any other text, good or bad:
// report_from_json() says what that is.
std::optional<MetricReport> report_from_plain(PlainJson& text, const WallClock& wall);

}  // namespace cats::collectors
