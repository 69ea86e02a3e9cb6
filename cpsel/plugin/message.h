// Messages between a C-PS and `catsd plugin`, on a socket that keeps their bounds. CBOR: every number arrives as it
// was sent, also one that is none.
#pragma once

#include <cstdint>
#include <optional>
#include <sys/socket.h>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace cats::plugin {

inline constexpr std::size_t kLargestPluginMessage = std::size_t{1} << 20;

// False when the other end is gone. Throws SystemError.
inline bool send_message(int socket, const nlohmann::json& message) {
  const std::vector<std::uint8_t> bytes = nlohmann::json::to_cbor(message);
  if (::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) return true;
  if (errno == EPIPE || errno == ECONNRESET) return false;
  throw SystemError(errno, "send a message about an algorithm");
}

// Nothing when the other end is gone. Waits. Throws SystemError, and nlohmann::json::parse_error on what is no CBOR.
inline std::optional<nlohmann::json> receive_message(int socket) {
  std::vector<std::uint8_t> bytes(kLargestPluginMessage);
  const ssize_t size = ::recv(socket, bytes.data(), bytes.size(), 0);
  if (size < 0 && errno != ECONNRESET) throw SystemError(errno, "receive a message about an algorithm");
  if (size <= 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size));
  return nlohmann::json::from_cbor(bytes);
}

}  // namespace cats::plugin
