#include "bgp/capability.h"

#include <algorithm>
#include <type_traits>

namespace cats::bgp {
namespace {

enum Code : std::uint8_t {
  multiprotocol = 1,
  route_refresh = 2,
  extended_next_hop = 5,
  extended_messages = 6,
  four_octet_as = 65,
  add_path = 69,
};

Family read_family(Reader& r) {
  const std::uint16_t afi = r.u16();
  return {afi, r.u8()};
}

std::optional<Capability> parse_multiprotocol(Reader r) {
  MultiprotocolCapability c;
  c.family.afi = r.u16();
  if (r.u8() != 0) {
    return {};  // the reserved octet cannot be kept in the typed form
  }
  c.family.safi = r.u8();
  return r.ok() && r.empty() ? std::optional<Capability>(c) : std::nullopt;
}

std::optional<Capability> parse_extended_next_hop(Reader r) {
  ExtendedNextHopCapability c;
  while (!r.empty()) {
    const std::uint16_t afi = r.u16();
    const std::uint16_t safi = r.u16();
    c.entries.push_back({afi, safi, r.u16()});
  }
  return r.ok() ? std::optional<Capability>(c) : std::nullopt;
}

// RFC 7911 section 4: any other Send/Receive value makes the capability not understood.
std::optional<Capability> parse_add_path(Reader r) {
  AddPathCapability c;
  while (!r.empty()) {
    const Family family = read_family(r);
    const std::uint8_t mode = r.u8();
    if (mode < AddPathCapability::receive || mode > AddPathCapability::both) {
      return {};
    }
    c.entries.push_back({family, mode});
  }
  return r.ok() ? std::optional<Capability>(c) : std::nullopt;
}

std::optional<Capability> parse_edge_metadata(Reader r) {
  const std::uint8_t head = r.u8();
  EdgeMetadataCapability c{.any_family = (head & 0x80) != 0, .families = {}};
  for (int i = 0; i < (head & 0x7f); ++i) {
    c.families.push_back(read_family(r));
  }
  return r.ok() && r.empty() ? std::optional<Capability>(c) : std::nullopt;
}

std::optional<Capability> parse(std::uint8_t code, ByteView value, const EdgeMetadataCodes& codes) {
  Reader r(value);
  if (code == codes.capability) {
    return parse_edge_metadata(r);
  }
  switch (code) {
    case multiprotocol:
      return parse_multiprotocol(r);
    case route_refresh:
      return value.empty() ? std::optional<Capability>(RouteRefreshCapability{}) : std::nullopt;
    case extended_next_hop:
      return parse_extended_next_hop(r);
    case extended_messages:
      return value.empty() ? std::optional<Capability>(ExtendedMessagesCapability{}) : std::nullopt;
    case four_octet_as:
      return value.size() == 4 ? std::optional<Capability>(FourOctetAsCapability{r.u32()}) : std::nullopt;
    case add_path:
      return parse_add_path(r);
    default:
      return {};
  }
}

void write_family(Writer& w, Family family) {
  w.u16(family.afi);
  w.u8(family.safi);
}

// Writes the value and returns the code.
struct CapabilityEncoder {
  Writer& w;
  const EdgeMetadataCodes& codes;

  std::uint8_t operator()(const MultiprotocolCapability& c) const {
    w.u16(c.family.afi);
    w.u8(0);
    w.u8(c.family.safi);
    return multiprotocol;
  }
  std::uint8_t operator()(const RouteRefreshCapability&) const { return route_refresh; }
  std::uint8_t operator()(const ExtendedNextHopCapability& c) const {
    for (const auto& entry : c.entries) {
      w.u16(entry.afi);
      w.u16(entry.safi);
      w.u16(entry.next_hop_afi);
    }
    return extended_next_hop;
  }
  std::uint8_t operator()(const ExtendedMessagesCapability&) const { return extended_messages; }
  std::uint8_t operator()(const FourOctetAsCapability& c) const {
    w.u32(c.as);
    return four_octet_as;
  }
  std::uint8_t operator()(const AddPathCapability& c) const {
    for (const auto& entry : c.entries) {
      write_family(w, entry.family);
      w.u8(entry.mode);
    }
    return add_path;
  }
  std::uint8_t operator()(const EdgeMetadataCapability& c) const {
    w.u8(static_cast<std::uint8_t>((c.any_family ? 0x80U : 0U) | (c.families.size() & 0x7f)));
    for (const Family family : c.families) {
      write_family(w, family);
    }
    return codes.capability;
  }
  std::uint8_t operator()(const UnknownCapability& c) const {
    w.bytes(c.value);
    return c.code;
  }
};

bool lists(const std::vector<Family>& families, Family family) {
  return std::find(families.begin(), families.end(), family) != families.end();
}

std::vector<Family> multiprotocol_families(const std::vector<Capability>& all) {
  std::vector<Family> families;
  for (const Capability& one : all) {
    if (const auto* c = std::get_if<MultiprotocolCapability>(&one)) {
      families.push_back(c->family);
    }
  }
  return families.empty() ? std::vector<Family>{ipv4_unicast} : families;
}

std::vector<Family> add_path_families(const std::vector<Capability>& all, std::uint8_t direction) {
  std::vector<Family> families;
  for (const Capability& one : all) {
    if (const auto* c = std::get_if<AddPathCapability>(&one)) {
      for (const auto& entry : c->entries) {
        if ((entry.mode & direction) != 0) {
          families.push_back(entry.family);
        }
      }
    }
  }
  return families;
}

std::vector<Family> common(const std::vector<Family>& a, const std::vector<Family>& b) {
  std::vector<Family> both;
  for (const Family family : a) {
    if (lists(b, family) && !lists(both, family)) {
      both.push_back(family);
    }
  }
  return both;
}

void negotiate_edge_metadata(const EdgeMetadataCapability* ours, const EdgeMetadataCapability* theirs,
                             SessionParameters& session) {
  session.edge_metadata_peer_announced = theirs != nullptr;
  session.edge_metadata_negotiated = ours != nullptr && theirs != nullptr;
  if (!session.edge_metadata_negotiated) {
    return;
  }
  session.edge_metadata_any_family = ours->any_family && theirs->any_family;
  if (ours->any_family) {
    session.edge_metadata_families = theirs->families;
  } else if (theirs->any_family) {
    session.edge_metadata_families = ours->families;
  } else {
    session.edge_metadata_families = common(ours->families, theirs->families);
  }
}

}  // namespace

Expected<std::vector<Capability>> decode_capabilities(ByteView tlvs, const EdgeMetadataCodes& codes) {
  std::vector<Capability> all;
  Reader r(tlvs);
  while (!r.empty()) {
    const std::uint8_t code = r.u8();
    const ByteView value = r.bytes(r.u8());
    if (!r.ok()) {
      return fail("capability {}: overruns its parameter", code);
    }
    std::optional<Capability> parsed = parse(code, value, codes);
    all.push_back(parsed ? std::move(*parsed) : UnknownCapability{code, to_bytes(value)});
  }
  return all;
}

Expected<Bytes> encode_capabilities(const std::vector<Capability>& all, const EdgeMetadataCodes& codes) {
  Bytes out;
  Writer w(out);
  for (const Capability& one : all) {
    const std::size_t begin = w.position();
    w.u16(0);
    const std::uint8_t code = std::visit(CapabilityEncoder{w, codes}, one);
    const std::size_t length = w.position() - begin - 2;
    if (length > 255) {
      return fail("capability {}: {} octets, a capability holds 255", code, length);
    }
    w.put_u8(begin, code);
    w.put_u8(begin + 1, static_cast<std::uint8_t>(length));
  }
  return out;
}

bool SessionParameters::has_family(Family family) const { return lists(families, family); }
bool SessionParameters::receives_path_ids(Family family) const { return lists(add_path_rx, family); }
bool SessionParameters::sends_path_ids(Family family) const { return lists(add_path_tx, family); }

EdgeMetadataMode SessionParameters::send_mode(Family family) const {
  if (edge_metadata_negotiated && (edge_metadata_any_family || lists(edge_metadata_families, family))) {
    return EdgeMetadataMode::standard;
  }
  return edge_metadata_transit && !edge_metadata_peer_announced ? EdgeMetadataMode::transit : EdgeMetadataMode::none;
}

EdgeMetadataMode SessionParameters::receive_mode() const {
  if (edge_metadata_negotiated) {
    return EdgeMetadataMode::standard;
  }
  return edge_metadata_transit ? EdgeMetadataMode::transit : EdgeMetadataMode::none;
}

SessionParameters negotiate(const std::vector<Capability>& ours, const std::vector<Capability>& theirs,
                            std::uint32_t peer_as, const LocalSettings& settings) {
  const auto both = [&]<class T>(std::type_identity<T>) {
    return find_capability<T>(ours) != nullptr && find_capability<T>(theirs) != nullptr;
  };
  SessionParameters session;
  session.local_as = settings.local_as;
  session.peer_as = peer_as;
  session.codes = settings.codes;
  session.edge_metadata_transit = settings.edge_metadata_transit;
  session.recognised_as_scopes = settings.recognised_as_scopes;

  session.four_octet_as = both(std::type_identity<FourOctetAsCapability>{});
  session.extended_messages = both(std::type_identity<ExtendedMessagesCapability>{});
  session.route_refresh = both(std::type_identity<RouteRefreshCapability>{});
  session.families = common(multiprotocol_families(ours), multiprotocol_families(theirs));
  session.add_path_rx =
      common(add_path_families(ours, AddPathCapability::receive), add_path_families(theirs, AddPathCapability::send));
  session.add_path_tx =
      common(add_path_families(ours, AddPathCapability::send), add_path_families(theirs, AddPathCapability::receive));
  negotiate_edge_metadata(find_capability<EdgeMetadataCapability>(ours),
                          find_capability<EdgeMetadataCapability>(theirs), session);
  return session;
}

}  // namespace cats::bgp
