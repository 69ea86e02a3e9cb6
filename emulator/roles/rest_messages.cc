#include "emulator/roles/rest_messages.h"

#include <algorithm>
#include <array>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <fmt/format.h>

#include "http/channel.h"
#include "http/rest_client.h"
#include "http/tokens.h"

namespace cats::roles {
namespace {

// Beyond the limits of docs/rest.md: 8 KiB of header, 64 KiB of body.
constexpr std::size_t kLongToken = 16 * 1024;
constexpr std::size_t kLongBody = 128 * 1024;
constexpr std::string_view kNoRecord = "GET /v1/health HTTP/1.1\r\nHost: controller\r\n\r\n";
constexpr Duration kLongestNap = std::chrono::milliseconds(100);  // so that the end of a load is seen

struct MessageOutcome {
  std::string text;
  bool refused = false;
  bool accepted = false;
};

MessageOutcome outcome_of(const http::Outcome& outcome) {
  if (!outcome.error.empty()) return {.text = outcome.error};
  const bool refused = (outcome.status >= 400 && outcome.status < 500) || outcome.status == 503;
  return {.text = std::to_string(outcome.status), .refused = refused, .accepted = !refused};
}

// An alert, or the end of the connection, is the refusal; only silence is none.
boost::asio::awaitable<MessageOutcome> send_plaintext(boost::asio::any_io_executor executor, http::Endpoint to) {
  boost::beast::tcp_stream stream(executor);
  stream.expires_after(kRestPatience);
  const boost::asio::ip::tcp::endpoint remote(boost::asio::ip::make_address(to.address.str()), to.port);
  auto [error] = co_await stream.async_connect(remote, http::no_throw);
  if (error) co_return MessageOutcome{.text = fmt::format("{}: {}", to.str(), error.message())};
  std::size_t octets = 0;
  std::tie(error, octets) = co_await boost::asio::async_write(
      stream, boost::asio::buffer(kNoRecord.data(), kNoRecord.size()), http::no_throw);
  std::array<char, 1024> answer;
  while (!error) std::tie(error, octets) = co_await stream.async_read_some(boost::asio::buffer(answer), http::no_throw);
  if (error == boost::beast::error::timeout) co_return MessageOutcome{.text = "the connection was not ended"};
  co_return MessageOutcome{.text = "connection ended", .refused = true};
}

void count_outcome(RestTally& tally, const MessageOutcome& outcome) {
  ++tally.sent;
  ++(outcome.refused ? tally.refused : outcome.accepted ? tally.accepted : tally.unanswered);
  ++tally.outcomes[outcome.text];
}

http::Endpoint with_token(http::Endpoint endpoint, std::string token) {
  endpoint.token = std::move(token);
  return endpoint;
}

}  // namespace

nlohmann::ordered_json to_json(const std::string& kind, const RestTally& tally) {
  return {{"kind", kind},
          {"sent", tally.sent},
          {"refused", tally.refused},
          {"accepted", tally.accepted},
          {"unanswered", tally.unanswered},
          {"outcomes", tally.outcomes}};
}

std::vector<RestMessage> malformed_messages(const http::Endpoint& controller, const IpAddress& service) {
  const std::string policy = "/v1/policies/" + service.str();
  return {{.kind = "no-json", .endpoint = controller, .method = "PUT", .target = policy, .body = "{\"algorithm\": "},
          {.kind = "wrong-token", .endpoint = with_token(controller, http::Tokens::generate())},
          {.kind = "unknown-path", .endpoint = controller, .target = "/nowhere"},
          {.kind = "long-header", .endpoint = with_token(controller, std::string(kLongToken, 'x'))},
          {.kind = "long-body",
           .endpoint = controller,
           .method = "PUT",
           .target = policy,
           .body = std::string(kLongBody, ' ')},
          {.kind = "no-tls", .endpoint = controller, .plaintext = true}};
}

RestMessage unauthenticated_message(const http::Endpoint& controller) {
  return {.kind = "no-token", .endpoint = with_token(controller, ""), .target = "/v1/selections"};
}

boost::asio::awaitable<void> send_messages(boost::asio::any_io_executor executor, RestMessage message, Instant start,
                                           Duration gap, std::function<bool()> until,
                                           std::shared_ptr<RestTally> tally) {
  http::RestClient client(executor, message.endpoint);
  boost::asio::steady_timer timer(executor);
  for (Instant due = start; !until(); due += gap) {
    for (Instant now = std::chrono::steady_clock::now(); now < due && !until();
         now = std::chrono::steady_clock::now()) {
      timer.expires_at(std::min(due, now + kLongestNap));
      co_await timer.async_wait(http::no_throw);
    }
    if (until()) co_return;
    MessageOutcome outcome;
    if (message.plaintext)
      outcome = co_await send_plaintext(executor, message.endpoint);
    else
      outcome = outcome_of(co_await client.request(message.method, message.target, message.body, kRestPatience));
    count_outcome(*tally, outcome);
  }
}

}  // namespace cats::roles
