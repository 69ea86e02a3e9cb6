// What the REST load sends to a controller: one message at a time over one connection, and what came of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "http/endpoint.h"

namespace cats::roles {

// A kind of message, all of which a server has to refuse.
struct RestMessage {
  std::string kind;
  http::Endpoint endpoint;  // with the token that it brings
  std::string method = "GET";
  std::string target = "/v1/health";
  std::string body = {};
  bool plaintext = false;  // octets that are no TLS record, instead of a request
};

// Of one kind. Every message that was sent is in exactly one of the three.
struct RestTally {
  std::uint64_t sent = 0;
  std::uint64_t refused = 0;                        // answered 4xx, or 503; plaintext: the connection was ended
  std::uint64_t accepted = 0;                       // answered otherwise
  std::uint64_t unanswered = 0;                     // no answer within kRestPatience, or a connection that broke
  std::map<std::string, std::uint64_t> outcomes{};  // by status, or by what went wrong
};
nlohmann::ordered_json to_json(const std::string& kind, const RestTally& tally);

inline constexpr Duration kRestPatience = std::chrono::seconds(5);

// The kinds of malformed messages, for a policy of `service`: body that is no JSON, token of nobody, path that leads
// nowhere, header and body beyond the server's limits, octets that are no TLS record.
std::vector<RestMessage> malformed_messages(const http::Endpoint& controller, const IpAddress& service);
// Without a token.
RestMessage unauthenticated_message(const http::Endpoint& controller);

// Sends the message every `gap` from `start` on, over one connection that is opened anew when the server ends it, until
// `until` says so. A message waits for the answer to the one before; those that became due meanwhile follow at once.
boost::asio::awaitable<void> send_messages(boost::asio::any_io_executor executor, RestMessage message, Instant start,
                                           Duration gap, std::function<bool()> until, std::shared_ptr<RestTally> tally);

}  // namespace cats::roles
