#include "bgp/edge_metadata.h"
#include "bgp/edge_metadata_wire.h"

namespace cats::bgp {
namespace {

using namespace edge_wire;

constexpr std::uint8_t without(std::uint8_t flags, unsigned used) { return static_cast<std::uint8_t>(flags & ~used); }

tl::unexpected<Error> wrong_length(std::string_view what, std::size_t length) {
  return fail("{}: wrong Length {}", what, length);
}

Expected<SubTlv> delay(ByteView value) {
  Reader r(value);
  const std::uint8_t flags = r.u8();
  const bool is_ntp = (flags & (relative | milliseconds)) == 0;
  if (value.size() != (is_ntp ? length_ntp : length_32bit)) {
    return wrong_length("delay prediction", value.size());
  }
  if ((flags & relative) != 0) {
    return DelayPrediction{DelayPrediction::Relative{r.u32()}, without(flags, relative)};
  }
  if (is_ntp) {
    return DelayPrediction{DelayPrediction::Ntp{r.u64()}, flags};
  }
  return DelayPrediction{DelayPrediction::Milliseconds{r.u32()}, without(flags, milliseconds)};
}

Expected<SubTlv> measurement(ByteView value) {
  if (value.empty()) {
    return wrong_length("raw measurement", 0);
  }
  Reader r(value);
  RawMeasurement m;
  m.reserved = r.u8();
  while (!r.empty()) {
    const std::uint16_t type = r.u16();
    Reader inner = r.sub(r.u8());
    if (!inner.ok()) {
      return fail("raw measurement: a sub-sub-TLV is truncated or overruns it");
    }
    if (type != traffic) {
      m.entries.emplace_back(RawMeasurement::Unknown{type, to_bytes(inner.rest())});
      continue;
    }
    if (inner.remaining() != length_traffic) {
      return wrong_length("raw measurement: sub-sub-TLV 1", inner.remaining());
    }
    const std::uint8_t flags = inner.u8();
    RawMeasurement::Traffic t{.in_bytes = (flags & in_bytes) != 0, .reserved = without(flags, in_bytes)};
    t.period_s = inner.u32();
    t.to_service = inner.u32();
    t.from_service = inner.u32();
    m.entries.emplace_back(t);
  }
  return m;
}

Expected<SubTlv> scope(ByteView value) {
  if (value.size() != length_32bit && value.size() != length_32bit + 1) {
    return wrong_length("AS-scope", value.size());
  }
  Reader r(value);
  AsScope s;
  s.reserved = r.u8();
  s.as = r.u32();
  if (!r.empty()) {
    s.trailing = r.u8();
  }
  return s;
}

Expected<SubTlv> metrics(ByteView value) {
  if (value.size() % 4 != 1) {
    return wrong_length("CATS metric", value.size());
  }
  Reader r(value);
  CatsMetrics m;
  m.flags = r.u8();
  while (!r.empty()) {
    const std::uint32_t packed = r.u32();
    m.entries.push_back({.type = static_cast<std::uint8_t>(packed >> 24),
                         .level = static_cast<std::uint8_t>(packed >> 22 & 0x3),
                         .format = static_cast<std::uint8_t>(packed >> 21 & 0x1),
                         .length = static_cast<std::uint8_t>(packed >> 18 & 0x7),
                         .value = static_cast<std::uint8_t>(packed >> 10 & 0xff),
                         .source = static_cast<std::uint8_t>(packed >> 7 & 0x7),
                         .low_bits = static_cast<std::uint8_t>(packed & 0x7f)});
  }
  return m;
}

Expected<SubTlv> stamp(ByteView value) {
  if (value.size() != length_stamp) {
    return wrong_length("CATS stamp", value.size());
  }
  Reader r(value);
  CatsStamp s;
  s.flags = r.u8();
  s.sequence = r.u32();
  s.window_end = r.u64();
  return s;
}

Expected<SubTlv> one_of_32bit(std::uint16_t type, ByteView value) {
  if (value.size() != length_32bit) {
    return wrong_length(fmt::format("sub-TLV type {}", type), value.size());
  }
  Reader r(value);
  const std::uint8_t flags = r.u8();
  if (type == site_availability) {
    const std::uint16_t site = r.u16();
    return SiteAvailability{site, r.u16(), (flags & association_only) != 0, without(flags, association_only)};
  }
  const std::uint32_t number = r.u32();
  const auto mt = static_cast<std::uint8_t>(flags & metric_type);
  if (type == service_capability) {
    return ServiceCapability{mt, number, without(flags, metric_type)};
  }
  if (type == available_resource) {
    return AvailableResource{(flags & percent) != 0, mt, number, without(flags, percent | metric_type)};
  }
  return SitePreference{number, flags};
}

Expected<SubTlv> decode_one(std::uint16_t type, ByteView value, const EdgeMetadataCodes& codes) {
  if (type == codes.cats_metric) {
    return metrics(value);
  }
  if (type == codes.cats_stamp) {
    return stamp(value);
  }
  switch (type) {
    case site_preference:
    case site_availability:
    case service_capability:
    case available_resource:
      return one_of_32bit(type, value);
    case delay_prediction:
      return delay(value);
    case raw_measurement:
      return measurement(value);
    case as_scope:
      return scope(value);
    default:
      return UnknownSubTlv{type, to_bytes(value)};
  }
}

}  // namespace

Expected<EdgeMetadata> decode_edge_metadata(ByteView value, const EdgeMetadataCodes& codes) {
  if (value.empty()) {
    return fail("no sub-TLV");
  }
  EdgeMetadata metadata;
  Reader r(value);
  while (!r.empty()) {
    const std::uint16_t type = r.u16();
    const std::uint8_t length = r.u8();
    if (!r.ok()) {
      return fail("truncated sub-TLV header");
    }
    const ByteView inside = r.bytes(length);
    if (!r.ok()) {
      return fail("sub-TLV type {} of Length {} overruns the attribute", type, length);
    }
    auto one = decode_one(type, inside, codes);
    if (!one) {
      return tl::make_unexpected(std::move(one.error()));
    }
    metadata.sub_tlvs.push_back(std::move(*one));
  }
  return metadata;
}

}  // namespace cats::bgp
