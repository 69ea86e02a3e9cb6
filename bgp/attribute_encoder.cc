#include "bgp/attribute_encoder.h"

#include "bgp/as4.h"
#include "bgp/attribute_flags.h"
#include "bgp/nlri.h"

namespace cats::bgp {
namespace {

constexpr std::uint8_t well_known_flags = attribute_flag::transitive;
constexpr std::uint8_t non_transitive_flags = attribute_flag::optional;
constexpr std::uint8_t transitive_flags = attribute_flag::optional | attribute_flag::transitive;

bool is_unicast(Family family) { return family == ipv4_unicast || family == ipv6_unicast; }

std::uint16_t two_octets(std::uint32_t as) { return static_cast<std::uint16_t>(as > 0xffff ? as_trans : as); }

}  // namespace

void AttributeEncoder::refuse(std::string why) {
  if (!error_) {
    error_ = std::move(why);
  }
}

template <class Value>
void AttributeEncoder::attribute_of(std::uint8_t flags, std::uint8_t type, Value value) {
  const std::size_t begin = w_.position();
  const bool extended = (flags & attribute_flag::extended_length) != 0;
  w_.u8(flags);
  w_.u8(type);
  extended ? w_.u16(0) : w_.u8(0);
  value();
  const std::size_t length = w_.position() - begin - (extended ? 4 : 3);
  if (length > 0xffff) {
    return;  // longer than any message: the caller splits or gives up
  }
  if (extended) {
    w_.put_u16(begin + 2, static_cast<std::uint16_t>(length));
  } else if (length <= 255) {
    w_.put_u8(begin + 2, static_cast<std::uint8_t>(length));
  } else {
    out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(begin) + 2, std::byte{0});
    w_.put_u8(begin, flags | attribute_flag::extended_length);
    w_.put_u16(begin + 2, static_cast<std::uint16_t>(length));
  }
}

template <class Value>
void AttributeEncoder::attribute(std::uint8_t flags, AttributeType type, Value value) {
  attribute_of(flags, static_cast<std::uint8_t>(type), value);
}

void AttributeEncoder::prefixes(std::span<const Nlri> all, Family family) {
  const bool path_ids = session_.sends_path_ids(family);
  for (const Nlri& nlri : all) {
    if (!write_nlri(w_, nlri, family == ipv4_unicast, path_ids)) {
      return refuse(fmt::format("{} does not belong into {}", nlri.prefix, family.str()));
    }
  }
}

void AttributeEncoder::encode(const UpdateParts& parts) {
  if (parts.reach) {
    mp_reach(*parts.reach);
  }
  if (parts.unreach) {
    mp_unreach(*parts.unreach);
  }
  if (parts.attributes) {
    all_attributes(parts.reach ? update_.mp_reach->family : ipv4_unicast);
  }
}

void AttributeEncoder::all_attributes(Family family) {
  well_known();
  optional_ones();
  as4();
  if (update_.attributes.prefix_sid) {
    attribute(transitive_flags, AttributeType::prefix_sid, [&] { w_.bytes(update_.attributes.prefix_sid->value); });
  }
  edge_metadata(family);
  for (const UnknownAttribute& u : update_.attributes.unknown) {
    attribute_of(u.flags, u.type, [&] { w_.bytes(u.value); });
  }
}

void AttributeEncoder::well_known() {
  const PathAttributes& a = update_.attributes;
  if (a.origin) {
    attribute(well_known_flags, AttributeType::origin, [&] { w_.u8(static_cast<std::uint8_t>(*a.origin)); });
  }
  if (a.as_path) {
    attribute(well_known_flags, AttributeType::as_path, [&] { path(*a.as_path, session_.four_octet_as); });
  }
  if (a.next_hop) {
    if (!a.next_hop->is_v4()) {
      refuse(fmt::format("NEXT_HOP {} is not IPv4", *a.next_hop));
    }
    attribute(well_known_flags, AttributeType::next_hop, [&] { w_.bytes(a.next_hop->bytes()); });
  }
  if (a.med) {
    attribute(non_transitive_flags, AttributeType::med, [&] { w_.u32(*a.med); });
  }
  if (a.local_pref) {
    attribute(well_known_flags, AttributeType::local_pref, [&] { w_.u32(*a.local_pref); });
  }
  if (a.atomic_aggregate) {
    attribute(well_known_flags, AttributeType::atomic_aggregate, [] {});
  }
}

void AttributeEncoder::optional_ones() {
  const PathAttributes& a = update_.attributes;
  const auto list = [&](const std::vector<std::uint32_t>& all) {
    for (const std::uint32_t n : all) {
      w_.u32(n);
    }
  };
  aggregator();
  if (!a.communities.empty()) {
    attribute(transitive_flags, AttributeType::communities, [&] { list(a.communities); });
  }
  if (a.originator_id) {
    attribute(non_transitive_flags, AttributeType::originator_id, [&] { w_.u32(*a.originator_id); });
  }
  if (!a.cluster_list.empty()) {
    attribute(non_transitive_flags, AttributeType::cluster_list, [&] { list(a.cluster_list); });
  }
  if (!a.large_communities.empty()) {
    attribute(transitive_flags, AttributeType::large_communities, [&] {
      for (const LargeCommunity& c : a.large_communities) {
        w_.u32(c.global);
        w_.u32(c.local1);
        w_.u32(c.local2);
      }
    });
  }
}

void AttributeEncoder::path(const AsPath& path, bool four_octets) {
  for (const AsPath::Segment& segment : path.segments) {
    const std::size_t count = segment.as_numbers.size();
    if (count == 0 || count > 255) {
      return refuse(fmt::format("AS_PATH: a segment of {} AS numbers", count));
    }
    w_.u8(static_cast<std::uint8_t>(segment.type));
    w_.u8(static_cast<std::uint8_t>(count));
    for (const std::uint32_t as : segment.as_numbers) {
      four_octets ? w_.u32(as) : w_.u16(two_octets(as));
    }
  }
}

void AttributeEncoder::aggregator() {
  if (const auto& a = update_.attributes.aggregator) {
    attribute(transitive_flags, AttributeType::aggregator, [&] {
      session_.four_octet_as ? w_.u32(a->as) : w_.u16(two_octets(a->as));
      w_.u32(a->address);
    });
  }
}

void AttributeEncoder::as4() {
  if (session_.four_octet_as) {
    return;
  }
  if (const auto& full = update_.attributes.as_path) {
    if (const auto as4 = as4_path_for(*full)) {
      attribute(transitive_flags, AttributeType::as4_path, [&] { path(*as4, true); });
    }
  }
  if (const auto& a = update_.attributes.aggregator; a && a->as > 0xffff) {
    attribute(transitive_flags, AttributeType::as4_aggregator, [&] {
      w_.u32(a->as);
      w_.u32(a->address);
    });
  }
}

void AttributeEncoder::edge_metadata(Family family) {
  const auto& carried = update_.attributes.edge_metadata;
  if (!carried) {
    return;
  }
  std::uint8_t flags = attribute_flag::optional;
  switch (session_.send_mode(family)) {
    case EdgeMetadataMode::none:
      left_out_ = true;
      return;
    case EdgeMetadataMode::standard:
      break;
    case EdgeMetadataMode::transit:
      flags = static_cast<std::uint8_t>(transitive_flags | (carried->flags & attribute_flag::partial));
      break;
  }
  attribute_of(flags, session_.codes.attribute, [&] {
    if (const auto done = encode_edge_metadata(carried->metadata, session_.codes, out_); !done) {
      refuse(done.error().message);
    }
  });
}

void AttributeEncoder::mp_reach(std::span<const Nlri> nlri) {
  const MpReach& reach = *update_.mp_reach;
  attribute(non_transitive_flags, AttributeType::mp_reach, [&] {
    w_.u16(reach.family.afi);
    w_.u8(reach.family.safi);
    if (!is_unicast(reach.family)) {
      if (reach.raw_next_hop.size() > 255) {
        refuse("MP_REACH_NLRI: next hop above 255 octets");
      }
      w_.u8(static_cast<std::uint8_t>(reach.raw_next_hop.size()));
      w_.bytes(reach.raw_next_hop);
      w_.u8(0);
      w_.bytes(reach.raw_nlri);
      return;
    }
    const auto& link_local = reach.link_local_next_hop;
    if (reach.next_hop.is_v4() && (reach.family == ipv6_unicast || link_local)) {
      refuse(fmt::format("MP_REACH_NLRI: next hop {} for {}", reach.next_hop, reach.family.str()));
    }
    w_.u8(static_cast<std::uint8_t>(reach.next_hop.bytes().size() + (link_local ? 16U : 0U)));
    w_.bytes(reach.next_hop.bytes());
    if (link_local) {
      w_.bytes(link_local->bytes());
    }
    w_.u8(0);
    prefixes(nlri, reach.family);
  });
}

void AttributeEncoder::mp_unreach(std::span<const Nlri> withdrawn) {
  const MpUnreach& unreach = *update_.mp_unreach;
  attribute(non_transitive_flags, AttributeType::mp_unreach, [&] {
    w_.u16(unreach.family.afi);
    w_.u8(unreach.family.safi);
    if (is_unicast(unreach.family)) {
      prefixes(withdrawn, unreach.family);
    } else {
      w_.bytes(unreach.raw_withdrawn);
    }
  });
}

}  // namespace cats::bgp
