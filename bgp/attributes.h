// Path attributes of an UPDATE (RFC 4271 section 5 and the RFCs named below), all but MP_REACH and MP_UNREACH.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "base/ip.h"
#include "bgp/edge_metadata.h"
#include "bgp/wire.h"

namespace cats::bgp {

enum class AttributeType : std::uint8_t {
  origin = 1,
  as_path = 2,
  next_hop = 3,
  med = 4,
  local_pref = 5,
  atomic_aggregate = 6,
  aggregator = 7,
  communities = 8,    // RFC 1997
  originator_id = 9,  // RFC 4456
  cluster_list = 10,  // RFC 4456
  mp_reach = 14,      // RFC 4760
  mp_unreach = 15,    // RFC 4760
  extended_communities = 16,
  as4_path = 17,           // RFC 6793
  as4_aggregator = 18,     // RFC 6793
  large_communities = 32,  // RFC 8092
  prefix_sid = 40,         // RFC 8669, RFC 9252
  edge_metadata = 42,
};

namespace attribute_flag {
inline constexpr std::uint8_t optional = 0x80, transitive = 0x40, partial = 0x20, extended_length = 0x10;
}

std::string attribute_name(std::uint8_t type);  // "AS_PATH", "attribute 99"

enum class Origin : std::uint8_t { igp = 0, egp = 1, incomplete = 2 };

struct AsPath {
  enum class SegmentType : std::uint8_t { set = 1, sequence = 2, confed_sequence = 3, confed_set = 4 };
  struct Segment {
    SegmentType type = SegmentType::sequence;
    std::vector<std::uint32_t> as_numbers;
    bool operator==(const Segment&) const = default;
  };
  std::vector<Segment> segments;

  static AsPath sequence(std::vector<std::uint32_t> as_numbers);
  std::size_t length() const;  // RFC 4271 9.1.2.2 a, RFC 5065 5.3: a set counts one, confederation segments none
  bool contains(std::uint32_t as) const;
  std::string str() const;  // "65101 {65001,65002}"
  bool operator==(const AsPath&) const = default;
};

struct Aggregator {
  std::uint32_t as = 0;
  std::uint32_t address = 0;
  bool operator==(const Aggregator&) const = default;
};

struct LargeCommunity {
  std::uint32_t global = 0, local1 = 0, local2 = 0;
  bool operator==(const LargeCommunity&) const = default;
};

// One SRv6 SID of a service TLV (RFC 9252 sections 2 and 3).
struct Srv6Sid {
  std::uint8_t service = 5;  // TLV type: 5 SRv6 L3 Service, 6 SRv6 L2 Service
  IpAddress sid{};
  std::uint8_t flags = 0;
  std::uint16_t behavior = 0;  // IANA SRv6 Endpoint Behaviors: 16 End.DX6, 17 End.DX4
  struct Structure {
    std::uint8_t locator_block = 0, locator_node = 0, function = 0, argument = 0, transposition_length = 0,
                 transposition_offset = 0;  // bits
    bool operator==(const Structure&) const = default;
  };
  std::optional<Structure> structure{};
  bool operator==(const Srv6Sid&) const = default;
};

// BGP Prefix-SID (40). `value` is what is sent; `sids` is what was understood of it.
struct PrefixSid {
  Bytes value;
  std::vector<Srv6Sid> sids;

  static PrefixSid of(const Srv6Sid& sid);
  bool operator==(const PrefixSid&) const = default;
};

// RFC 8669 section 6 discards a malformed attribute, RFC 9252 section 7 withdraws routes whose SRv6 service is
// malformed.
struct PrefixSidError {
  std::string what;
  bool srv6_service = false;
};
tl::expected<PrefixSid, PrefixSidError> decode_prefix_sid(ByteView value);

// Attribute 42 as carried: `flags` as received (0 when ours); the session's mode decides the flags sent.
struct CarriedEdgeMetadata {
  EdgeMetadata metadata;
  std::uint8_t flags = 0;
  bool operator==(const CarriedEdgeMetadata&) const = default;
};

// An attribute not understood here, byte for byte, `flags` as received: the extended-length bit stays set, and is set
// by the encoder where a value needs it.
struct UnknownAttribute {
  std::uint8_t flags = 0;
  std::uint8_t type = 0;
  Bytes value;
  bool operator==(const UnknownAttribute&) const = default;
};

// Identifiers (ORIGINATOR_ID, CLUSTER_LIST, AGGREGATOR) are IPv4-shaped numbers in host order.
struct PathAttributes {
  std::optional<Origin> origin;
  std::optional<AsPath> as_path;
  std::optional<IpAddress> next_hop;  // IPv4
  std::optional<std::uint32_t> med;
  std::optional<std::uint32_t> local_pref;
  bool atomic_aggregate = false;
  std::optional<Aggregator> aggregator;
  std::vector<std::uint32_t> communities;
  std::optional<std::uint32_t> originator_id;
  std::vector<std::uint32_t> cluster_list;
  std::vector<LargeCommunity> large_communities;
  std::optional<PrefixSid> prefix_sid;
  std::optional<CarriedEdgeMetadata> edge_metadata;
  std::vector<UnknownAttribute> unknown;  // in the order received

  bool operator==(const PathAttributes&) const = default;
};

inline constexpr std::uint32_t as_trans = 23456;
inline constexpr std::uint32_t no_export = 0xFFFFFF01, no_advertise = 0xFFFFFF02;

}  // namespace cats::bgp
