// UPDATE (RFC 4271 section 4.3, RFC 4760, RFC 7911) and its revised error handling (RFC 7606).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "bgp/attributes.h"
#include "bgp/capability.h"
#include "bgp/family.h"
#include "bgp/notification.h"
#include "bgp/wire.h"

namespace cats::bgp {

// A prefix and, on sessions with add-path for its family, its path identifier (else 0).
struct Nlri {
  IpPrefix prefix;
  std::uint32_t path_id = 0;
  auto operator<=>(const Nlri&) const = default;
};

// IPv4 and IPv6 unicast are parsed; of other families next hop and NLRI stay as octets.
struct MpReach {
  Family family = ipv6_unicast;
  IpAddress next_hop{};
  std::optional<IpAddress> link_local_next_hop{};  // RFC 2545
  std::vector<Nlri> nlri{};
  Bytes raw_next_hop{};  // other families only
  Bytes raw_nlri{};      // other families only
  bool operator==(const MpReach&) const = default;
};

struct MpUnreach {
  Family family = ipv6_unicast;
  std::vector<Nlri> withdrawn{};
  Bytes raw_withdrawn{};  // other families only
  bool operator==(const MpUnreach&) const = default;
};

struct Update {
  std::vector<Nlri> withdrawn;  // IPv4 unicast, the message's own field
  std::vector<Nlri> nlri;       // IPv4 unicast, the message's own field; next hop in attributes
  std::optional<MpReach> mp_reach;
  std::optional<MpUnreach> mp_unreach;
  PathAttributes attributes;

  bool announces() const {
    return !nlri.empty() || (mp_reach && !(mp_reach->nlri.empty() && mp_reach->raw_nlri.empty()));
  }
  bool operator==(const Update&) const = default;
};

// RFC 7606 section 2, weakest first.
enum class ErrorAction { none, attribute_discard, treat_as_withdraw, afi_safi_disable, session_reset };
std::string_view to_string(ErrorAction action);

struct UpdateProblem {
  std::uint8_t attribute = 0;  // 0: the message itself
  std::string what;
  ErrorAction action = ErrorAction::none;
};

struct DecodedUpdate {
  Update update;  // discarded attributes are gone from it; with session_reset, what was read up to then
  std::vector<UpdateProblem> problems;
  ErrorAction action = ErrorAction::none;    // the strongest of `problems`
  std::optional<Family> disabled_family;     // set with afi_safi_disable
  std::optional<Notification> notification;  // set with session_reset, and with afi_safi_disable for who prefers that
};

DecodedUpdate decode_update(ByteView body, const SessionParameters& session);

// What an UPDATE changes, after the error action: with treat_as_withdraw the announced prefixes are withdrawn; with
// afi_safi_disable those of the disabled family are left out; with session_reset there is nothing.
struct RouteChanges {
  struct Announced {
    Nlri nlri;
    IpAddress next_hop;
  };
  std::vector<Announced> announced;
  std::vector<Nlri> withdrawn;
};
RouteChanges route_changes(const DecodedUpdate& decoded);

struct EncodedUpdate {
  std::size_t messages = 0;
  // Attribute 42 was there and the session may not carry it (EdgeMetadataMode::none).
  bool edge_metadata_left_out = false;
};

// Appends one or more whole messages to `out` (reuse the buffer: nothing else is allocated per call). MP_REACH is the
// first attribute. Prefixes that exceed the session's message size go into further messages with the same attributes.
// Errors, with `out` unchanged: attributes alone exceed it; a value that has no encoding; an IPv6 prefix in an IPv4
// field.
Expected<EncodedUpdate> encode_update(const Update& update, const SessionParameters& session, Bytes& out);

// RFC 4724 section 2.
void encode_end_of_rib(Family family, Bytes& out);
std::optional<Family> end_of_rib(const DecodedUpdate& decoded);

}  // namespace cats::bgp
