#include "http/rest_client.h"

#include <array>
#include <cerrno>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cats::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using asio::ip::tcp;

// Longer than the server's sign of life: a feed that is silent for this long is dead.
constexpr Duration kSilence = std::chrono::seconds(15);
constexpr Duration kConnectTimeout = std::chrono::seconds(5);
constexpr std::size_t kLargestResponse = 64 * 1024 * 1024;

std::string host_of(const IpAddress& address) { return address.is_v6() ? "[" + address.str() + "]" : address.str(); }

// Connected, and encrypted where the endpoint says so; or why not.
struct Connected {
  std::unique_ptr<Channel> channel;
  std::string error;
};

asio::awaitable<Connected> connect(asio::any_io_executor executor, const Endpoint& endpoint, Duration timeout) {
  beast::tcp_stream stream(executor);
  const tcp::endpoint remote(asio::ip::make_address(endpoint.address.str()), endpoint.port);
  boost::system::error_code error;
  stream.socket().open(remote.protocol(), error);
  if (!error) stream.socket().set_option(tcp::no_delay(true), error);
  if (!error && endpoint.source) stream.socket().bind({asio::ip::make_address(endpoint.source->str()), 0}, error);
  if (!error) {
    stream.expires_after(timeout);
    std::tie(error) = co_await stream.async_connect(remote, no_throw);
  }
  if (error) co_return Connected{nullptr, fmt::format("{}: {}", endpoint.str(), error.message())};
  auto channel = std::make_unique<Channel>(std::move(stream), endpoint.tls);
  if (auto* encrypted = channel->encrypted()) {
    encrypted->set_verify_callback(asio::ssl::host_name_verification(endpoint.address.str()));
    std::tie(error) = co_await encrypted->async_handshake(asio::ssl::stream_base::client, no_throw);
    if (error) co_return Connected{nullptr, fmt::format("{}: TLS: {}", endpoint.str(), error.message())};
  }
  co_return Connected{std::move(channel), ""};
}

template <class Body>
void fill_header(wire::request<Body>& message, const Endpoint& endpoint) {
  message.set(wire::field::host, fmt::format("{}:{}", host_of(endpoint.address), endpoint.port));
  if (!endpoint.token.empty()) message.set(wire::field::authorization, "Bearer " + endpoint.token);
}

}  // namespace

std::string Endpoint::str() const { return fmt::format("{}://{}:{}", tls ? "https" : "http", host_of(address), port); }

std::string Outcome::why() const {
  if (!error.empty()) return error;
  const auto json = nlohmann::json::parse(body, nullptr, false);
  return fmt::format("{}: {}", status, json.is_object() ? json.value("detail", "") : "");
}

RestClient::RestClient(const asio::any_io_executor& executor, Endpoint endpoint)
    : executor_(executor), endpoint_(std::move(endpoint)) {}
RestClient::~RestClient() = default;

bool RestClient::connected() const {
  if (!channel_ || !channel_->tcp().socket().is_open()) return false;
  char octet = 0;
  const ssize_t n = ::recv(channel_->tcp().socket().native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

void RestClient::close() {
  if (channel_) channel_->tcp().close();
}

asio::awaitable<Outcome> RestClient::request(const std::string& method, const std::string& target, std::string body,
                                             Duration timeout) {
  const bool kept = channel_ != nullptr;
  Outcome outcome = co_await attempt(method, target, body, timeout);
  if (kept && !outcome.error.empty()) outcome = co_await attempt(method, target, body, timeout);
  co_return outcome;
}

asio::awaitable<Outcome> RestClient::attempt(const std::string& method, const std::string& target,
                                             const std::string& body, Duration timeout) {
  if (!channel_) {
    buffer_.clear();
    Connected connected = co_await connect(executor_, endpoint_, timeout);
    if (!connected.channel) co_return Outcome{connected.error, 0, {}};
    channel_ = std::move(connected.channel);
  }
  wire::request<wire::string_body> message(wire::string_to_verb(method), target, 11);
  fill_header(message, endpoint_);
  if (!body.empty()) message.set(wire::field::content_type, "application/json");
  message.body() = body;
  message.prepare_payload();
  channel_->tcp().expires_after(timeout);
  auto [error, n] = co_await channel_->with([&](auto& stream) { return wire::async_write(stream, message, no_throw); });
  wire::response_parser<wire::string_body> parser;
  parser.body_limit(kLargestResponse);
  if (!error)
    std::tie(error, n) =
        co_await channel_->with([&](auto& stream) { return wire::async_read(stream, buffer_, parser, no_throw); });
  if (error) {
    channel_.reset();
    co_return Outcome{fmt::format("{}: {} {}: {}", endpoint_.str(), method, target, error.message()), 0, {}};
  }
  Outcome outcome{"", parser.get().result_int(), std::move(parser.get().body())};
  if (!parser.get().keep_alive()) channel_.reset();
  co_return outcome;
}

struct EventSource::State {
  State(const asio::any_io_executor& on, Endpoint to, std::string path, Handlers given, Duration between)
      : executor(on),
        endpoint(std::move(to)),
        target(std::move(path)),
        handlers(std::move(given)),
        pause(between),
        timer(on) {}

  asio::awaitable<void> run() {
    while (open) {
      const std::string why = co_await follow();
      channel.reset();
      if (!open) co_return;
      if (handlers.state) handlers.state(false, why);
      timer.expires_after(pause);
      co_await timer.async_wait(no_throw);
    }
  }

  // Returns why the feed ended.
  asio::awaitable<std::string> follow() {
    Connected connected = co_await connect(executor, endpoint, kConnectTimeout);
    if (!connected.channel) co_return connected.error;
    if (!open) co_return "stopped";
    channel = std::move(connected.channel);
    wire::request<wire::empty_body> message(wire::verb::get, target, 11);
    fill_header(message, endpoint);
    message.set(wire::field::accept, "text/event-stream");
    if (!parser.last_event_id().empty()) message.set("Last-Event-ID", parser.last_event_id());
    channel->tcp().expires_after(kConnectTimeout);
    auto [error, n] =
        co_await channel->with([&](auto& stream) { return wire::async_write(stream, message, no_throw); });
    beast::flat_buffer buffer;
    wire::response_parser<wire::empty_body> head;
    if (!error)
      std::tie(error, n) =
          co_await channel->with([&](auto& stream) { return wire::async_read_header(stream, buffer, head, no_throw); });
    if (error) co_return fmt::format("{}: {}", endpoint.str(), error.message());
    if (head.get().result() != wire::status::ok)
      co_return fmt::format("{}: {} is answered {}", endpoint.str(), target, head.get().result_int());
    parser.reset();
    if (handlers.state) handlers.state(true, "");
    const std::string early(static_cast<const char*>(buffer.cdata().data()), buffer.size());
    if (!deliver(early)) co_return "an event is too long";
    std::array<char, 16 * 1024> octets;
    while (open) {
      channel->tcp().expires_after(kSilence);
      auto [read_error, got] =
          co_await channel->with([&](auto& stream) { return stream.async_read_some(asio::buffer(octets), no_throw); });
      if (read_error) co_return fmt::format("{}: {}", endpoint.str(), read_error.message());
      if (!deliver({octets.data(), got})) co_return "an event is too long";
    }
    co_return "stopped";
  }

  bool deliver(std::string_view octets) {
    const auto events = parser.read(octets);
    if (!events) return false;
    for (const StreamEvent& event : *events)
      if (open) handlers.event(event);
    return true;
  }

  asio::any_io_executor executor;
  Endpoint endpoint;
  std::string target;
  Handlers handlers;
  Duration pause;
  asio::steady_timer timer;
  std::unique_ptr<Channel> channel;
  EventParser parser;
  bool open = true;
};

EventSource::EventSource(const asio::any_io_executor& executor, Endpoint endpoint, std::string target,
                         Handlers handlers, Duration pause)
    : state_(std::make_shared<State>(executor, std::move(endpoint), std::move(target), std::move(handlers), pause)) {}
EventSource::~EventSource() { stop(); }

void EventSource::start() {
  asio::co_spawn(
      state_->executor, [state = state_] { return state->run(); }, asio::detached);
}

void EventSource::stop() {
  state_->open = false;
  state_->timer.cancel();
  if (state_->channel) state_->channel->tcp().cancel();
}

}  // namespace cats::http
