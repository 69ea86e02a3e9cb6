#include "bgp/edge_metadata.h"
#include "bgp/edge_metadata_wire.h"

namespace cats::bgp {
namespace {

using namespace edge_wire;

constexpr bool overlaps(std::uint8_t reserved, unsigned used) { return (reserved & used) != 0; }

// Writes flags octet and value; false: a field does not fit its bits.
struct SubTlvEncoder {
  Writer& w;

  void flags(unsigned used, std::uint8_t reserved) const { w.u8(static_cast<std::uint8_t>(used | reserved)); }

  bool operator()(const SitePreference& s) const {
    w.u8(s.reserved);
    w.u32(s.index);
    return true;
  }
  bool operator()(const SiteAvailability& s) const {
    flags(s.association_only ? association_only : 0U, s.reserved);
    w.u16(s.site_id);
    w.u16(s.percent);
    return !overlaps(s.reserved, association_only);
  }
  bool operator()(const DelayPrediction& s) const {
    if (const auto* r = std::get_if<DelayPrediction::Relative>(&s.delay)) {
      flags(relative, s.reserved);
      w.u32(r->value);
      return !overlaps(s.reserved, relative);
    }
    if (const auto* ms = std::get_if<DelayPrediction::Milliseconds>(&s.delay)) {
      flags(milliseconds, s.reserved);
      w.u32(ms->value);
    } else {
      flags(0, s.reserved);
      w.u64(std::get<DelayPrediction::Ntp>(s.delay).value);
    }
    return !overlaps(s.reserved, relative | milliseconds);
  }
  bool operator()(const RawMeasurement& s) const {
    w.u8(s.reserved);
    bool fits = true;
    for (const auto& entry : s.entries) {
      fits = std::visit(*this, entry) && fits;
    }
    return fits;
  }
  bool operator()(const RawMeasurement::Traffic& t) const {
    w.u16(traffic);
    w.u8(length_traffic);
    flags(t.in_bytes ? in_bytes : 0U, t.reserved);
    w.u32(t.period_s);
    w.u32(t.to_service);
    w.u32(t.from_service);
    return !overlaps(t.reserved, in_bytes);
  }
  bool operator()(const RawMeasurement::Unknown& u) const {
    w.u16(u.type);
    w.u8(static_cast<std::uint8_t>(u.value.size()));
    w.bytes(u.value);
    return u.type != traffic && u.value.size() <= 255;
  }
  bool operator()(const ServiceCapability& s) const {
    flags(s.metric_type, s.reserved);
    w.u32(s.value);
    return s.metric_type <= metric_type && !overlaps(s.reserved, metric_type);
  }
  bool operator()(const AvailableResource& s) const {
    flags((s.percent ? percent : 0U) | s.metric_type, s.reserved);
    w.u32(s.value);
    return s.metric_type <= metric_type && !overlaps(s.reserved, percent | metric_type);
  }
  bool operator()(const AsScope& s) const {
    w.u8(s.reserved);
    w.u32(s.as);
    if (s.trailing) {
      w.u8(*s.trailing);
    }
    return true;
  }
  bool operator()(const CatsMetrics& s) const {
    w.u8(s.flags);
    bool fits = true;
    for (const CatsMetric& m : s.entries) {
      fits = fits && m.level <= 3 && m.format <= 1 && m.length <= 7 && m.source <= 7 && m.low_bits <= 0x7f;
      w.u32(std::uint32_t{m.type} << 24 | std::uint32_t{m.level} << 22 | std::uint32_t{m.format} << 21 |
            std::uint32_t{m.length} << 18 | std::uint32_t{m.value} << 10 | std::uint32_t{m.source} << 7 | m.low_bits);
    }
    return fits;
  }
  bool operator()(const CatsStamp& s) const {
    w.u8(s.flags);
    w.u32(s.sequence);
    w.u64(s.window_end);
    return true;
  }
  bool operator()(const UnknownSubTlv& s) const {
    w.bytes(s.value);
    return true;
  }
};

struct TypeOf {
  const EdgeMetadataCodes& codes;

  std::uint16_t operator()(const SitePreference&) const { return site_preference; }
  std::uint16_t operator()(const SiteAvailability&) const { return site_availability; }
  std::uint16_t operator()(const DelayPrediction&) const { return delay_prediction; }
  std::uint16_t operator()(const RawMeasurement&) const { return raw_measurement; }
  std::uint16_t operator()(const ServiceCapability&) const { return service_capability; }
  std::uint16_t operator()(const AvailableResource&) const { return available_resource; }
  std::uint16_t operator()(const AsScope&) const { return as_scope; }
  std::uint16_t operator()(const CatsMetrics&) const { return codes.cats_metric; }
  std::uint16_t operator()(const CatsStamp&) const { return codes.cats_stamp; }
  std::uint16_t operator()(const UnknownSubTlv& s) const { return s.type; }
};

// An UnknownSubTlv that a receiver would read as something else is no unknown one.
bool is_known(std::uint16_t type, const EdgeMetadataCodes& codes) {
  return (type >= site_preference && type <= as_scope) || type == codes.cats_metric || type == codes.cats_stamp;
}

Expected<void> encode_one(const SubTlv& sub_tlv, const EdgeMetadataCodes& codes, Writer& w) {
  const std::uint16_t type = std::visit(TypeOf{codes}, sub_tlv);
  if (std::holds_alternative<UnknownSubTlv>(sub_tlv) && is_known(type, codes)) {
    return fail("sub-TLV type {}: has a form of its own", type);
  }
  w.u16(type);
  const std::size_t length_at = w.position();
  w.u8(0);
  if (!std::visit(SubTlvEncoder{w}, sub_tlv)) {
    return fail("{}: a field does not fit its bits", sub_tlv_name(sub_tlv));
  }
  const std::size_t length = w.position() - length_at - 1;
  if (length > 255) {
    return fail("{}: {} octets, a sub-TLV holds 255", sub_tlv_name(sub_tlv), length);
  }
  w.put_u8(length_at, static_cast<std::uint8_t>(length));
  return {};
}

}  // namespace

Expected<void> encode_edge_metadata(const EdgeMetadata& metadata, const EdgeMetadataCodes& codes, Bytes& out) {
  if (metadata.sub_tlvs.empty()) {
    return fail("edge metadata: no sub-TLV");
  }
  const std::size_t begin = out.size();
  Writer w(out);
  for (const SubTlv& one : metadata.sub_tlvs) {
    if (auto done = encode_one(one, codes, w); !done) {
      out.resize(begin);
      return done;
    }
  }
  return {};
}

Expected<Bytes> encode_edge_metadata(const EdgeMetadata& metadata, const EdgeMetadataCodes& codes) {
  Bytes out;
  if (auto done = encode_edge_metadata(metadata, codes, out); !done) {
    return tl::make_unexpected(std::move(done.error()));
  }
  return out;
}

}  // namespace cats::bgp
