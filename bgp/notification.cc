#include "bgp/notification.h"

#include <array>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace cats::bgp {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 4> header_names = {"unspecific", "connection not synchronized",
                                                          "bad message length", "bad message type"};
constexpr std::array<std::string_view, 12> open_names = {"unspecific",
                                                         "unsupported version number",
                                                         "bad peer AS",
                                                         "bad BGP identifier",
                                                         "unsupported optional parameter",
                                                         "authentication failure (deprecated)",
                                                         "unacceptable hold time",
                                                         "unsupported capability",
                                                         "",
                                                         "",
                                                         "",
                                                         "role mismatch"};
constexpr std::array<std::string_view, 12> update_names = {"unspecific",
                                                           "malformed attribute list",
                                                           "unrecognized well-known attribute",
                                                           "missing well-known attribute",
                                                           "attribute flags error",
                                                           "attribute length error",
                                                           "invalid ORIGIN",
                                                           "AS routing loop (deprecated)",
                                                           "invalid NEXT_HOP",
                                                           "optional attribute error",
                                                           "invalid network field",
                                                           "malformed AS_PATH"};
constexpr std::array<std::string_view, 4> fsm_names = {"unspecific", "unexpected message in OpenSent",
                                                       "unexpected message in OpenConfirm",
                                                       "unexpected message in Established"};
constexpr std::array<std::string_view, 11> cease_names = {"unspecific",
                                                          "maximum number of prefixes reached",
                                                          "administrative shutdown",
                                                          "peer de-configured",
                                                          "administrative reset",
                                                          "connection rejected",
                                                          "other configuration change",
                                                          "connection collision resolution",
                                                          "out of resources",
                                                          "hard reset",
                                                          "BFD down"};
constexpr std::array<std::string_view, 2> refresh_names = {"unspecific", "invalid message length"};

struct CodeNames {
  std::string_view code;
  Names subcodes;
};

CodeNames names_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::message_header:
      return {"message header error", header_names};
    case ErrorCode::open_message:
      return {"OPEN message error", open_names};
    case ErrorCode::update_message:
      return {"UPDATE message error", update_names};
    case ErrorCode::hold_timer_expired:
      return {"hold timer expired", {}};
    case ErrorCode::finite_state_machine:
      return {"finite state machine error", fsm_names};
    case ErrorCode::cease:
      return {"cease", cease_names};
    case ErrorCode::route_refresh:
      return {"ROUTE-REFRESH message error", refresh_names};
  }
  return {"unknown error", {}};
}

// RFC 9003: the data of an administrative shutdown or reset is a length and that much UTF-8.
std::string_view raw_shutdown_text(const Notification& n) {
  const bool may_have = n.code == ErrorCode::cease && (n.subcode == cease_error::administrative_shutdown ||
                                                       n.subcode == cease_error::administrative_reset);
  if (!may_have || n.data.empty() || std::to_integer<std::size_t>(n.data[0]) + 1 != n.data.size()) {
    return {};
  }
  return {reinterpret_cast<const char*>(n.data.data()) + 1, n.data.size() - 1};
}

}  // namespace

std::string Notification::str() const {
  const CodeNames names = names_of(code);
  std::string text(names.code);
  if (subcode != 0) {
    const bool named = subcode < names.subcodes.size() && !names.subcodes[subcode].empty();
    text += fmt::format(": {}", named ? names.subcodes[subcode] : "unknown subcode");
  }
  text += fmt::format(" ({}/{})", static_cast<unsigned>(code), subcode);
  if (const std::string_view said = raw_shutdown_text(*this); !said.empty()) {
    text += fmt::format(": \"{}\"", said);
  } else if (!data.empty()) {
    text += fmt::format(" data {}", to_hex(data));
  }
  return text;
}

}  // namespace cats::bgp
