// Whom a client speaks to, and as whom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ip.h"
#include "http/tls.h"

namespace cats::http {

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  TlsContext tls = {};     // null: not encrypted
  std::string token = {};  // empty: none
  std::optional<IpAddress> source = {};

  std::string str() const;  // "https://[2001:2::1]:8443", for messages
};

}  // namespace cats::http
