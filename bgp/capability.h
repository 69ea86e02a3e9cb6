// Capabilities in OPEN (RFC 5492) and what two speakers have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "bgp/edge_metadata.h"
#include "bgp/family.h"
#include "bgp/wire.h"

namespace cats::bgp {

struct MultiprotocolCapability {  // 1, RFC 4760
  Family family;
  bool operator==(const MultiprotocolCapability&) const = default;
};

struct RouteRefreshCapability {  // 2, RFC 2918
  bool operator==(const RouteRefreshCapability&) const = default;
};

struct ExtendedNextHopCapability {  // 5, RFC 8950
  struct Entry {
    std::uint16_t afi = 0;
    std::uint16_t safi = 0;
    std::uint16_t next_hop_afi = 0;
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> entries;
  bool operator==(const ExtendedNextHopCapability&) const = default;
};

struct ExtendedMessagesCapability {  // 6, RFC 8654
  bool operator==(const ExtendedMessagesCapability&) const = default;
};

struct FourOctetAsCapability {  // 65, RFC 6793
  std::uint32_t as = 0;
  bool operator==(const FourOctetAsCapability&) const = default;
};

struct AddPathCapability {  // 69, RFC 7911
  static constexpr std::uint8_t receive = 1, send = 2, both = 3;
  struct Entry {
    Family family;
    std::uint8_t mode = 0;
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> entries;
  bool operator==(const AddPathCapability&) const = default;
};

// draft-ietf-idr-5g-edge-service-metadata; its code is a setting (EdgeMetadataCodes::capability).
struct EdgeMetadataCapability {
  bool any_family = false;  // the A bit
  std::vector<Family> families{};
  bool operator==(const EdgeMetadataCapability&) const = default;
};

struct UnknownCapability {  // also one of the above whose value does not parse, and graceful restart (64)
  std::uint8_t code = 0;
  Bytes value;
  bool operator==(const UnknownCapability&) const = default;
};

using Capability =
    std::variant<MultiprotocolCapability, RouteRefreshCapability, ExtendedNextHopCapability, ExtendedMessagesCapability,
                 FourOctetAsCapability, AddPathCapability, EdgeMetadataCapability, UnknownCapability>;

template <class T>
const T* find_capability(const std::vector<Capability>& all) {
  for (const Capability& one : all) {
    if (const T* found = std::get_if<T>(&one)) {
      return found;
    }
  }
  return nullptr;
}

// A capability that does not parse is kept as UnknownCapability; only a list that overruns is an error.
Expected<std::vector<Capability>> decode_capabilities(ByteView tlvs, const EdgeMetadataCodes& codes = {});
// Error: a value longer than the 255 octets a capability can hold.
Expected<Bytes> encode_capabilities(const std::vector<Capability>& all, const EdgeMetadataCodes& codes = {});

// How attribute 42 goes over a session.
enum class EdgeMetadataMode {
  none,      // not sent; a received one is an unknown attribute
  standard,  // flags 0x80: both sides announced the capability
  transit,   // flags 0xC0: through routers that do not know it (not the draft's)
};

// What both sides agreed on, from our point of view. UPDATE is encoded and decoded by it.
struct SessionParameters {
  std::uint32_t local_as = 0;
  std::uint32_t peer_as = 0;
  bool internal() const { return local_as == peer_as; }

  bool four_octet_as = true;
  bool extended_messages = false;
  bool route_refresh = false;
  std::vector<Family> families = {ipv4_unicast};  // usable on this session
  std::vector<Family> add_path_rx;                // we receive path identifiers
  std::vector<Family> add_path_tx;                // we send path identifiers

  EdgeMetadataCodes codes;
  bool edge_metadata_negotiated = false;            // both announced the capability
  bool edge_metadata_peer_announced = false;        // then transit flags are never sent
  bool edge_metadata_any_family = false;            // both set A
  std::vector<Family> edge_metadata_families;       // listed (or covered by A) on both sides
  bool edge_metadata_transit = true;                // our setting: use transit mode where the peer is unaware
  std::vector<std::uint32_t> recognised_as_scopes;  // AS-Scope values in scope here besides local_as

  bool has_family(Family family) const;
  bool receives_path_ids(Family family) const;
  bool sends_path_ids(Family family) const;
  EdgeMetadataMode send_mode(Family family) const;
  EdgeMetadataMode receive_mode() const;
  std::size_t max_message_size() const { return extended_messages ? 65535 : 4096; }  // UPDATE, NOTIFICATION, REFRESH
};

struct LocalSettings {
  std::uint32_t local_as = 0;
  EdgeMetadataCodes codes{};
  bool edge_metadata_transit = true;
  std::vector<std::uint32_t> recognised_as_scopes{};
};

// `peer_as` is the AS the peer's OPEN gives (Open::effective_as()). A peer without multiprotocol capabilities has IPv4
// unicast alone.
SessionParameters negotiate(const std::vector<Capability>& ours, const std::vector<Capability>& theirs,
                            std::uint32_t peer_as, const LocalSettings& settings);

}  // namespace cats::bgp
