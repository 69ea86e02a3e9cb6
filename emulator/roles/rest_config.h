// REST interfaces in agents' configurations. Tokens and keys stand in files of their own, which only root reads: a
// configuration may be shown.
//   "rest": {"address": "2001:2::5", "port": 8443, "certificate": FILE, "key": FILE, "tokens": FILE}
//   "manager": {"address": "2001:2::5", "port": 8443, "authority": FILE, "token": FILE}
// A file of tokens is an array of {"token", "name", "role"}.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/event_log.h"
#include "base/json_fields.h"
#include "http/admission.h"
#include "http/endpoint.h"
#include "http/tokens.h"

namespace cats::roles {

struct RestServerConfig {
  IpAddress address;
  std::uint16_t port = 0;
  std::filesystem::path certificate, key, tokens;

  // Throw UsageError naming the file.
  http::TlsContext tls() const;
  http::Tokens read_tokens() const;
};

struct RestPeerConfig {
  IpAddress address;
  std::uint16_t port = 0;
  std::filesystem::path authority, token;

  http::Endpoint endpoint() const;  // throws UsageError naming the file
};

// A `refused` event (docs/event-log.md).
http::Refused log_refused(EventLog& log);
// For a server's on_refused: that event of nobody, with the peer's address.
std::function<void(const IpAddress& peer, unsigned status, const std::string& why)> log_refusals(EventLog& log);

RestServerConfig read_rest_server(JsonFields& fields);
RestPeerConfig read_rest_peer(JsonFields& fields);
nlohmann::ordered_json to_json(const RestServerConfig& config);
nlohmann::ordered_json to_json(const RestPeerConfig& config);

}  // namespace cats::roles
