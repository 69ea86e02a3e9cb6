// The value of each attribute; the section named is RFC 7606's.
#include "bgp/attribute_decoder.h"
#include "bgp/nlri.h"

namespace cats::bgp {

bool AttributeDecoder::from_outside(const Attribute& a) {  // 7.5, 7.9, 7.10
  if (session_.internal()) {
    return false;
  }
  discard(a, attribute_name(a.type) + " from an external peer");
  return true;
}

void AttributeDecoder::origin(const Attribute& a) {  // 7.1
  if (a.value.size() != 1 || std::to_integer<unsigned>(a.value[0]) > 2) {
    return withdraw(a, "ORIGIN: invalid");
  }
  attributes().origin = static_cast<Origin>(a.value[0]);
}

std::optional<AsPath> AttributeDecoder::path_of(const Attribute& a, bool four_octets) {  // 7.2
  AsPath path;
  Reader r(a.value);
  while (!r.empty()) {
    const std::uint8_t type = r.u8();
    const std::size_t count = r.u8();
    Reader inside = r.sub(count * (four_octets ? 4U : 2U));
    if (!r.ok() || type < 1 || type > 4 || count == 0) {
      return {};
    }
    AsPath::Segment segment{static_cast<AsPath::SegmentType>(type), {}};
    segment.as_numbers.reserve(count);
    while (!inside.empty()) {
      segment.as_numbers.push_back(four_octets ? inside.u32() : inside.u16());
    }
    path.segments.push_back(std::move(segment));
  }
  return path;
}

void AttributeDecoder::as_path(const Attribute& a) {
  attributes().as_path = path_of(a, session_.four_octet_as);
  if (!attributes().as_path) {
    withdraw(a, "AS_PATH: malformed");
  }
}

void AttributeDecoder::next_hop(const Attribute& a) {  // 7.3
  if (a.value.size() != 4) {
    return withdraw(a, fmt::format("NEXT_HOP: {} octets", a.value.size()));
  }
  attributes().next_hop = *IpAddress::from_bytes(a.value);
}

void AttributeDecoder::aggregator(const Attribute& a) {  // 7.7
  Reader r(a.value);
  const std::uint32_t as = session_.four_octet_as ? r.u32() : r.u16();
  const std::uint32_t address = r.u32();
  if (!r.ok() || !r.empty()) {
    return discard(a, fmt::format("AGGREGATOR: {} octets", a.value.size()));
  }
  attributes().aggregator = Aggregator{as, address};
}

void AttributeDecoder::as4_aggregator(const Attribute& a) {
  if (session_.four_octet_as || a.value.size() != 8) {
    return discard(a, "AS4_AGGREGATOR: malformed, or from a speaker of four-octet AS numbers");
  }
  Reader r(a.value);
  const std::uint32_t as = r.u32();
  as4_aggregator_ = Aggregator{as, r.u32()};
}

void AttributeDecoder::number(const Attribute& a, std::optional<std::uint32_t>& into) {  // 7.4, 7.5, 7.9
  if (a.value.size() != 4) {
    return withdraw(a, fmt::format("{}: {} octets", attribute_name(a.type), a.value.size()));
  }
  into = Reader(a.value).u32();
}

void AttributeDecoder::numbers(const Attribute& a, std::vector<std::uint32_t>& into) {  // 7.8, 7.10
  if (a.value.empty() || a.value.size() % 4 != 0) {
    return withdraw(a, fmt::format("{}: {} octets", attribute_name(a.type), a.value.size()));
  }
  into.reserve(a.value.size() / 4);
  for (Reader r(a.value); !r.empty();) {
    into.push_back(r.u32());
  }
}

void AttributeDecoder::large_communities(const Attribute& a) {  // RFC 8092 section 6
  if (a.value.empty() || a.value.size() % 12 != 0) {
    return withdraw(a, fmt::format("LARGE_COMMUNITY: {} octets", a.value.size()));
  }
  for (Reader r(a.value); !r.empty();) {
    const std::uint32_t global = r.u32();
    const std::uint32_t local1 = r.u32();
    attributes().large_communities.push_back({global, local1, r.u32()});
  }
}

void AttributeDecoder::prefix_sid(const Attribute& a) {
  auto decoded = decode_prefix_sid(a.value);
  if (decoded) {
    attributes().prefix_sid = std::move(*decoded);
    return;
  }
  problem(a.type, "BGP_PREFIX_SID: " + decoded.error().what,
          decoded.error().srv6_service ? ErrorAction::treat_as_withdraw : ErrorAction::attribute_discard);
}

void AttributeDecoder::edge_metadata(const Attribute& a) {
  auto decoded = decode_edge_metadata(a.value, session_.codes);
  if (!decoded) {
    return withdraw(a, "EDGE_METADATA: " + decoded.error().message);
  }
  if (!in_scope(*decoded, session_.local_as, session_.recognised_as_scopes)) {
    withdraw(a, "EDGE_METADATA: AS-scope names neither this AS nor a recognised one");
  }
  attributes().edge_metadata = CarriedEdgeMetadata{std::move(*decoded), a.flags};
}

bool AttributeDecoder::read_next_hop(ByteView octets, MpReach& reach) const {
  const bool v4_length = reach.family == ipv4_unicast && octets.size() == 4;
  if (v4_length || octets.size() == 16 || octets.size() == 32) {  // RFC 2545, RFC 8950
    reach.next_hop = *IpAddress::from_bytes(octets.first(v4_length ? 4 : 16));
    if (octets.size() == 32) {
      reach.link_local_next_hop = *IpAddress::from_bytes(octets.last(16));
    }
    return true;
  }
  return false;
}

void AttributeDecoder::mp_reach(const Attribute& a) {  // 7.11
  Reader r(a.value);
  MpReach reach;
  reach.family.afi = r.u16();
  reach.family.safi = r.u8();
  const ByteView next_hop_octets = r.bytes(r.u8());
  r.u8();  // reserved
  if (!r.ok()) {
    return reset(a, update_error::optional_attribute, "MP_REACH_NLRI: truncated");
  }
  const ByteView prefixes = r.rest();
  reachable_ = !prefixes.empty();
  if (!session_.has_family(reach.family)) {
    return discard(a, fmt::format("MP_REACH_NLRI: {} was not negotiated", reach.family.str()));
  }
  if (reach.family != ipv4_unicast && reach.family != ipv6_unicast) {
    reach.raw_next_hop = to_bytes(next_hop_octets);
    reach.raw_nlri = to_bytes(prefixes);
  } else if (!read_next_hop(next_hop_octets, reach)) {
    return disable(a, reach.family, fmt::format("MP_REACH_NLRI: next hop of {} octets", next_hop_octets.size()));
  } else if (!read_nlri(prefixes, reach.family == ipv4_unicast, session_.receives_path_ids(reach.family), reach.nlri)) {
    return disable(a, reach.family, "MP_REACH_NLRI: invalid prefix");
  }
  out_.update.mp_reach = std::move(reach);
}

void AttributeDecoder::mp_unreach(const Attribute& a) {  // 7.12
  Reader r(a.value);
  MpUnreach unreach;
  unreach.family.afi = r.u16();
  unreach.family.safi = r.u8();
  if (!r.ok()) {
    return reset(a, update_error::optional_attribute, "MP_UNREACH_NLRI: truncated");
  }
  if (!session_.has_family(unreach.family)) {
    return discard(a, fmt::format("MP_UNREACH_NLRI: {} was not negotiated", unreach.family.str()));
  }
  if (unreach.family != ipv4_unicast && unreach.family != ipv6_unicast) {
    unreach.raw_withdrawn = to_bytes(r.rest());
  } else if (!read_nlri(r.rest(), unreach.family == ipv4_unicast, session_.receives_path_ids(unreach.family),
                        unreach.withdrawn)) {
    return disable(a, unreach.family, "MP_UNREACH_NLRI: invalid prefix");
  }
  out_.update.mp_unreach = std::move(unreach);
}

}  // namespace cats::bgp
