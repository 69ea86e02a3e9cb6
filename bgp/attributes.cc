#include "bgp/attributes.h"

#include <algorithm>

#include <fmt/ranges.h>

namespace cats::bgp {
namespace {

// RFC 9252: SRv6 service TLVs of attribute 40 and what they hold.
constexpr std::uint8_t srv6_l3_service = 5, srv6_l2_service = 6;
constexpr std::uint8_t sid_information = 1, sid_structure = 1;

bool read_structure(Reader r, Srv6Sid& sid) {
  while (!r.empty()) {
    const std::uint8_t type = r.u8();
    Reader value = r.sub(r.u16());
    if (type == sid_structure && !sid.structure) {
      Srv6Sid::Structure s;
      s.locator_block = value.u8();
      s.locator_node = value.u8();
      s.function = value.u8();
      s.argument = value.u8();
      s.transposition_length = value.u8();
      s.transposition_offset = value.u8();
      sid.structure = s;
    }
    if (!value.ok()) {
      return false;
    }
  }
  return r.ok();
}

// Section 3.1: reserved, SID, flags, behavior, reserved, sub-sub-TLVs.
bool read_sid(Reader r, std::uint8_t service, std::vector<Srv6Sid>& sids) {
  Srv6Sid sid{.service = service};
  r.u8();
  const ByteView octets = r.bytes(16);
  sid.flags = r.u8();
  sid.behavior = r.u16();
  r.u8();
  if (!r.ok() || !read_structure(r, sid)) {
    return false;
  }
  sid.sid = *IpAddress::from_bytes(octets);
  sids.push_back(sid);
  return true;
}

bool read_service(Reader r, std::uint8_t service, std::vector<Srv6Sid>& sids) {
  r.u8();  // reserved
  while (!r.empty()) {
    const std::uint8_t type = r.u8();
    const Reader value = r.sub(r.u16());
    if (!r.ok() || (type == sid_information && !read_sid(value, service, sids))) {
      return false;
    }
  }
  return r.ok();
}

}  // namespace

std::string attribute_name(std::uint8_t type) {
  switch (static_cast<AttributeType>(type)) {
    case AttributeType::origin:
      return "ORIGIN";
    case AttributeType::as_path:
      return "AS_PATH";
    case AttributeType::next_hop:
      return "NEXT_HOP";
    case AttributeType::med:
      return "MULTI_EXIT_DISC";
    case AttributeType::local_pref:
      return "LOCAL_PREF";
    case AttributeType::atomic_aggregate:
      return "ATOMIC_AGGREGATE";
    case AttributeType::aggregator:
      return "AGGREGATOR";
    case AttributeType::communities:
      return "COMMUNITIES";
    case AttributeType::originator_id:
      return "ORIGINATOR_ID";
    case AttributeType::cluster_list:
      return "CLUSTER_LIST";
    case AttributeType::mp_reach:
      return "MP_REACH_NLRI";
    case AttributeType::mp_unreach:
      return "MP_UNREACH_NLRI";
    case AttributeType::extended_communities:
      return "EXTENDED_COMMUNITIES";
    case AttributeType::as4_path:
      return "AS4_PATH";
    case AttributeType::as4_aggregator:
      return "AS4_AGGREGATOR";
    case AttributeType::large_communities:
      return "LARGE_COMMUNITY";
    case AttributeType::prefix_sid:
      return "BGP_PREFIX_SID";
    case AttributeType::edge_metadata:
      return "EDGE_METADATA";
  }
  return fmt::format("attribute {}", type);
}

AsPath AsPath::sequence(std::vector<std::uint32_t> as_numbers) {
  AsPath path;
  if (!as_numbers.empty()) {
    path.segments.push_back({SegmentType::sequence, std::move(as_numbers)});
  }
  return path;
}

std::size_t AsPath::length() const {
  std::size_t sum = 0;
  for (const Segment& segment : segments) {
    if (segment.type == SegmentType::sequence) {
      sum += segment.as_numbers.size();
    } else if (segment.type == SegmentType::set) {
      ++sum;
    }
  }
  return sum;
}

bool AsPath::contains(std::uint32_t as) const {
  return std::any_of(segments.begin(), segments.end(), [as](const Segment& s) {
    return std::find(s.as_numbers.begin(), s.as_numbers.end(), as) != s.as_numbers.end();
  });
}

std::string AsPath::str() const {
  std::string text;
  for (const Segment& segment : segments) {
    if (!text.empty()) {
      text += ' ';
    }
    switch (segment.type) {
      case SegmentType::sequence:
        text += fmt::format("{}", fmt::join(segment.as_numbers, " "));
        break;
      case SegmentType::set:
        text += fmt::format("{{{}}}", fmt::join(segment.as_numbers, ","));
        break;
      case SegmentType::confed_sequence:
        text += fmt::format("({})", fmt::join(segment.as_numbers, " "));
        break;
      case SegmentType::confed_set:
        text += fmt::format("[{}]", fmt::join(segment.as_numbers, ","));
        break;
    }
  }
  return text;
}

PrefixSid PrefixSid::of(const Srv6Sid& sid) {
  constexpr std::uint16_t sid_octets = 21;
  constexpr std::uint16_t structure_octets = 6;
  const auto value_size = static_cast<std::uint16_t>(sid_octets + (sid.structure ? 3 + structure_octets : 0));
  PrefixSid out;
  Writer w(out.value);
  w.u8(sid.service);
  w.u16(static_cast<std::uint16_t>(1 + 3 + value_size));
  w.u8(0);
  w.u8(sid_information);
  w.u16(value_size);
  w.u8(0);
  w.bytes(sid.sid.bytes());
  w.u8(sid.flags);
  w.u16(sid.behavior);
  w.u8(0);
  if (sid.structure) {
    w.u8(sid_structure);
    w.u16(structure_octets);
    for (const std::uint8_t part :
         {sid.structure->locator_block, sid.structure->locator_node, sid.structure->function, sid.structure->argument,
          sid.structure->transposition_length, sid.structure->transposition_offset}) {
      w.u8(part);
    }
  }
  out.sids.push_back(sid);
  return out;
}

tl::expected<PrefixSid, PrefixSidError> decode_prefix_sid(ByteView value) {
  PrefixSid prefix_sid{to_bytes(value), {}};
  Reader r(value);
  while (!r.empty()) {
    const std::uint8_t type = r.u8();
    const Reader inside = r.sub(r.u16());
    if (!r.ok()) {
      return tl::make_unexpected(PrefixSidError{"a TLV is truncated or overruns the attribute", false});
    }
    const bool is_service = type == srv6_l3_service || type == srv6_l2_service;
    if (is_service && !read_service(inside, type, prefix_sid.sids)) {
      return tl::make_unexpected(PrefixSidError{"malformed SRv6 service TLV", true});
    }
  }
  return prefix_sid;
}

}  // namespace cats::bgp
