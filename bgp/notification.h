// NOTIFICATION (RFC 4271 sections 4.5 and 6, RFC 4486, RFC 6608, RFC 9003): why a session ends, in codes and in words.
#pragma once

#include <cstdint>
#include <string>

#include "bgp/wire.h"

namespace cats::bgp {

enum class ErrorCode : std::uint8_t {
  message_header = 1,
  open_message = 2,
  update_message = 3,
  hold_timer_expired = 4,
  finite_state_machine = 5,
  cease = 6,
  route_refresh = 7,
};

// Subcodes by code. Zero is "unspecific" everywhere.
namespace header_error {
inline constexpr std::uint8_t not_synchronized = 1, bad_length = 2, bad_type = 3;
}
namespace open_error {
inline constexpr std::uint8_t unspecific = 0, unsupported_version = 1, bad_peer_as = 2, bad_identifier = 3,
                              unsupported_parameter = 4, unacceptable_hold_time = 6, unsupported_capability = 7;
}
namespace update_error {
inline constexpr std::uint8_t malformed_attribute_list = 1, unrecognized_well_known = 2, missing_well_known = 3,
                              attribute_flags = 4, attribute_length = 5, invalid_origin = 6, invalid_next_hop = 8,
                              optional_attribute = 9, invalid_network_field = 10, malformed_as_path = 11;
}
namespace fsm_error {
inline constexpr std::uint8_t in_open_sent = 1, in_open_confirm = 2, in_established = 3;
}
namespace cease_error {
inline constexpr std::uint8_t maximum_prefixes = 1, administrative_shutdown = 2, peer_deconfigured = 3,
                              administrative_reset = 4, connection_rejected = 5, configuration_change = 6,
                              collision = 7, out_of_resources = 8, hard_reset = 9;
}

struct Notification {
  ErrorCode code = ErrorCode::cease;
  std::uint8_t subcode = 0;
  Bytes data{};

  std::string str() const;  // "UPDATE message error: malformed AS_PATH (3/11)"
  bool operator==(const Notification&) const = default;
};

}  // namespace cats::bgp
