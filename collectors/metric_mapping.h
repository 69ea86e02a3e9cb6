// What an instance reports, and how attribute 42 carries it (the table "What carries which CATS metric" of the wire
// format).
//
// Metric names and their values "as on the wire", the only ones that travel:
//   available_compute 0…100, whole percent of the quota that is left: Available Resource, P=1, MT=0
//   processing_delay  ms: Service Delay Prediction, NTP-64 form
//   site_preference   1…2³²−1: Site Preference Index
//   packets_in, packets_out, bytes_in, bytes_out   counts over traffic_period_s seconds: Raw Measurement
//   traffic_period_s  s, whole
//   compute_norm, communication_norm, service_norm, composed_norm (L1), norm_fi (L2)   0…10: CATS Metric; norm_fi also
//                     as Service-Oriented Capability with MT=0, which is read where the CATS Metric is absent
// The known sequence's value is Service-Oriented Capability with MT=15.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "bgp/edge_metadata.h"

namespace cats::collectors {

inline constexpr std::uint8_t kKnownSequenceMetricType = 15;

// CLOCK_MONOTONIC against the wall clock. Both run at the same rate on one machine, so one reading at process start
// converts for good, and two processes agree within microseconds; only setting the wall clock between their starts
// parts them. Then, and across machines, correlate by the stamp's sequence.
class WallClock {
 public:
  explicit WallClock(std::int64_t unix_minus_monotonic_ns) : offset_ns_(unix_minus_monotonic_ns) {}
  static WallClock of_this_machine();

  std::int64_t unix_ns(Instant t) const { return to_ns(t) + offset_ns_; }
  Instant instant(std::int64_t unix_ns) const { return from_ns(unix_ns - offset_ns_); }

 private:
  std::int64_t offset_ns_;
};

struct Stamp {
  std::uint32_t sequence = 0;
  Instant window_end;
  bool operator==(const Stamp&) const = default;
};

struct MetricReport {
  std::map<std::string, double> values;
  std::optional<Stamp> stamp;
  std::optional<std::uint32_t> known;
  bool operator==(const MetricReport&) const = default;
};

// Error, naming the metric: a name that no sub-TLV carries, a value out of its range, a report with nothing in it,
// traffic counts without their period. Fractions are rounded to what the wire holds.
Expected<bgp::EdgeMetadata> to_edge_metadata(const MetricReport& report, const WallClock& wall);

// Sub-TLVs that mean nothing here, and those a receiver must ignore, are left out. For a report made by this function
// or by quantised(), from_edge_metadata(to_edge_metadata(report)) is the report again, exactly.
MetricReport from_edge_metadata(const bgp::EdgeMetadata& metadata, const WallClock& wall);

// The report with these metrics alone; traffic counts bring their period. Without any: an empty report.
MetricReport only(const MetricReport& report, const std::set<std::string>& metrics);

// The report with every value as the wire will hold it. Errors of to_edge_metadata.
Expected<MetricReport> quantised(const MetricReport& report, const WallClock& wall);

}  // namespace cats::collectors
