// The value of the BGP Edge Metadata path attribute (type 42), draft-ietf-idr-5g-edge-service-metadata, and our two
// experimental sub-TLVs (CATS Metric, CATS Stamp). docs/wire-format.md says how each ambiguity is closed.
//
// Everything received is kept, in order, so that encode(decode(x)) is x. What a receiver must not use (values out of
// range, repeated metric types) stays in the list; ignored() names it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "bgp/wire.h"

namespace cats::bgp {

// Numbers that are not assigned, or may be assigned differently.
struct EdgeMetadataCodes {
  std::uint8_t attribute = 42;
  std::uint8_t capability = 238;
  std::uint16_t cats_metric = 65280;
  std::uint16_t cats_stamp = 65281;
  bool operator==(const EdgeMetadataCodes&) const = default;
};

// `reserved` holds the bits of the flags octet that have no meaning: zero when ours, forwarded when received.

struct SitePreference {     // 1
  std::uint32_t index = 0;  // higher is preferred; 0 is ignored
  std::uint8_t reserved = 0;
  bool operator==(const SitePreference&) const = default;
};

struct SiteAvailability {  // 2
  std::uint16_t site_id = 0;
  std::uint16_t percent = 0;      // 0…100
  bool association_only = false;  // the I bit: ties the route to the site, percent means nothing
  std::uint8_t reserved = 0;
  bool operator==(const SiteAvailability&) const = default;
};

struct DelayPrediction {      // 3
  struct Relative {           // F=1
    std::uint32_t value = 0;  // 0…100
    bool operator==(const Relative&) const = default;
  };
  struct Milliseconds {  // F=0 L=1
    std::uint32_t value = 0;
    bool operator==(const Milliseconds&) const = default;
  };
  struct Ntp {                // F=0 L=0
    std::uint64_t value = 0;  // seconds in the high 32 bits, fraction in the low
    bool operator==(const Ntp&) const = default;
  };
  std::variant<Relative, Milliseconds, Ntp> delay = Ntp{};
  std::uint8_t reserved = 0;  // with F=1 the L bit too

  static DelayPrediction of(Duration delay);  // the Ntp form; negative counts as zero
  std::optional<Duration> duration() const;   // nothing for the relative form
  bool operator==(const DelayPrediction&) const = default;
};

struct RawMeasurement {     // 4
  struct Traffic {          // sub-sub-TLV 1
    bool in_bytes = false;  // the B bit; else packets
    std::uint32_t period_s = 0;
    std::uint32_t to_service = 0;
    std::uint32_t from_service = 0;
    std::uint8_t reserved = 0;
    bool operator==(const Traffic&) const = default;
  };
  struct Unknown {
    std::uint16_t type = 0;
    Bytes value;  // with its flags octet
    bool operator==(const Unknown&) const = default;
  };
  std::vector<std::variant<Traffic, Unknown>> entries;
  std::uint8_t reserved = 0;
  bool operator==(const RawMeasurement&) const = default;
};

struct ServiceCapability {       // 5
  std::uint8_t metric_type = 0;  // 0…15; 0 is normalised from several
  std::uint32_t value = 0;
  std::uint8_t reserved = 0;  // high 4 bits, in place
  bool operator==(const ServiceCapability&) const = default;
};

struct AvailableResource {  // 6
  bool percent = false;     // the P bit: value 0…100; else an abstract number, comparable with ServiceCapability's
  std::uint8_t metric_type = 0;  // 0…15
  std::uint32_t value = 0;
  std::uint8_t reserved = 0;  // bits 4…6, in place
  bool operator==(const AvailableResource&) const = default;
};

struct AsScope {  // 7
  std::uint32_t as = 0;
  std::uint8_t reserved = 0;
  std::optional<std::uint8_t> trailing{};  // Length 6 (the draft's text) leaves one octet more than its figure
  bool operator==(const AsScope&) const = default;
};

// One packed entry of the metric-definition draft's 25 bits.
struct CatsMetric {
  static constexpr std::uint8_t compute_norm = 1, communication_norm = 2, service_norm = 3, composed_norm = 4,
                                norm_fi = 5;
  enum Source : std::uint8_t { nominal = 0, estimation = 1, measured = 2, normalisation = 3, aggregation = 4 };

  std::uint8_t type = 0;
  std::uint8_t level = 1;   // 1 or 2
  std::uint8_t format = 0;  // 0 unsigned
  std::uint8_t length = 0;  // octets of value − 1
  std::uint8_t value = 0;   // 0…10
  std::uint8_t source = normalisation;
  std::uint8_t low_bits = 0;  // the 7 unused ones

  // Error: level 0 (does not fit an octet) or above 2, value above 10, unknown source.
  static Expected<CatsMetric> of(std::uint8_t type, std::uint8_t level, unsigned value, std::uint8_t source);
  bool operator==(const CatsMetric&) const = default;
};

struct CatsMetrics {
  std::vector<CatsMetric> entries;  // at most 63
  std::uint8_t flags = 0;
  bool operator==(const CatsMetrics&) const = default;
};

struct CatsStamp {
  std::uint32_t sequence = 0;
  std::uint64_t window_end = 0;  // NTP-64, wall clock
  std::uint8_t flags = 0;
  bool operator==(const CatsStamp&) const = default;
};

struct UnknownSubTlv {
  std::uint16_t type = 0;
  Bytes value;  // all octets that Length counts, so with the flags octet
  bool operator==(const UnknownSubTlv&) const = default;
};

using SubTlv = std::variant<SitePreference, SiteAvailability, DelayPrediction, RawMeasurement, ServiceCapability,
                            AvailableResource, AsScope, CatsMetrics, CatsStamp, UnknownSubTlv>;

struct EdgeMetadata {
  std::vector<SubTlv> sub_tlvs;
  bool operator==(const EdgeMetadata&) const = default;
};

std::string_view sub_tlv_name(const SubTlv& sub_tlv);  // "site-preference", …

// The error is why the attribute is malformed: no sub-TLV, a truncated or overrunning one, a known one of wrong Length.
Expected<EdgeMetadata> decode_edge_metadata(ByteView value, const EdgeMetadataCodes& codes = {});
// Error: no sub-TLV, one longer than 255 octets, a field that does not fit its bits.
Expected<Bytes> encode_edge_metadata(const EdgeMetadata& metadata, const EdgeMetadataCodes& codes = {});
// The same, appended; nothing is appended on error.
Expected<void> encode_edge_metadata(const EdgeMetadata& metadata, const EdgeMetadataCodes& codes, Bytes& out);

// Why a receiver must not use this sub-TLV (a value out of its stated range), if so.
std::optional<std::string> out_of_range(const SubTlv& sub_tlv);

struct IgnoredSubTlv {
  std::size_t index = 0;
  std::string reason;
};
// Values out of range, and every ServiceCapability and AvailableResource after the first of its metric type.
std::vector<IgnoredSubTlv> ignored(const EdgeMetadata& metadata);

// The first usable sub-TLV of a kind: find<SitePreference>(metadata).
template <class T>
const T* find(const EdgeMetadata& metadata) {
  for (const SubTlv& one : metadata.sub_tlvs) {
    if (const T* found = std::get_if<T>(&one); found && !out_of_range(one)) {
      return found;
    }
  }
  return nullptr;
}
// ServiceCapability and AvailableResource by metric type; CatsMetric by metric type and level.
const ServiceCapability* find_service_capability(const EdgeMetadata& metadata, std::uint8_t metric_type);
const AvailableResource* find_available_resource(const EdgeMetadata& metadata, std::uint8_t metric_type);
const CatsMetric* find_cats_metric(const EdgeMetadata& metadata, std::uint8_t type, std::uint8_t level);

// No AS-Scope sub-TLV, or one that is the local AS or recognised.
bool in_scope(const EdgeMetadata& metadata, std::uint32_t local_as, const std::vector<std::uint32_t>& recognised);

// NTP 64-bit timestamps (RFC 5905 section 6): seconds since 1900 and a binary fraction, rounded to the nearest. Wall
// clock as nanoseconds since 1970. With the top bit clear a timestamp counts from 2036 (RFC 4330 section 3). Exact for
// every nanosecond of 1968…2104.
std::uint64_t ntp_from_unix_ns(std::int64_t unix_ns);
std::int64_t unix_ns_from_ntp(std::uint64_t ntp);
// The same format for an interval. Negative counts as zero.
std::uint64_t ntp_from_duration(Duration duration);
Duration duration_from_ntp(std::uint64_t ntp);

}  // namespace cats::bgp
