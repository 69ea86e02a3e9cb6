#include "http/server.h"

#include <optional>
#include <set>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "http/channel.h"
#include "http/tokens.h"

namespace cats::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr Duration kSignOfLife = std::chrono::seconds(5);  // of a feed that has nothing to say

using StringRequest = wire::request<wire::string_body>;
using StringResponse = wire::response<wire::string_body>;

tcp::endpoint endpoint_of(const IpAddress& address, std::uint16_t port) {
  return {asio::ip::make_address(address.str()), port};
}

// What a request that could not be read is answered with, if anything.
std::optional<Response> refusal(const beast::error_code& error) {
  if (error == wire::error::header_limit) return problem(431, "the header is too long");
  if (error == wire::error::body_limit) return problem(413, "the body is too long");
  if (error.category() == make_error_code(wire::error::bad_method).category() && error != wire::error::end_of_stream &&
      error != wire::error::partial_message)
    return problem(400, "not a HTTP request: " + error.message());
  return std::nullopt;
}

template <class Message>
void fill_header(Message& message, const Response& response) {
  message.set(wire::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) message.set(name, value);
}

StringResponse make_response(Response&& response, bool keep_alive) {
  StringResponse message(wire::int_to_status(response.status), 11);
  fill_header(message, response);
  message.keep_alive(keep_alive);
  message.body() = std::move(response.body);
  message.prepare_payload();
  return message;
}

std::optional<std::string> bearer_of(const StringRequest& message) {
  constexpr std::string_view kScheme = "bearer ";
  const auto value = message[wire::field::authorization];
  if (value.size() <= kScheme.size() ||
      !beast::iequals(value.substr(0, kScheme.size()), {kScheme.data(), kScheme.size()}))
    return std::nullopt;
  return std::string(value.substr(kScheme.size()));
}

// A reply that comes later, from another thread perhaps: the connection waits on the timer.
struct Pending {
  explicit Pending(const asio::any_io_executor& executor) : answered(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer answered;
  std::optional<Response> response;
};

Reply reply_to(const std::shared_ptr<Pending>& pending) {
  return [pending](Response response) {
    asio::post(pending->answered.get_executor(), [pending, response = std::move(response)]() mutable {
      if (pending->response) return;
      pending->response = std::move(response);
      pending->answered.cancel();
    });
  };
}

}  // namespace

Response problem(unsigned status, const std::string& detail) {
  const auto title = wire::obsolete_reason(wire::int_to_status(status));
  const nlohmann::ordered_json body{
      {"type", "about:blank"}, {"title", std::string(title)}, {"status", status}, {"detail", detail}};
  // What a client sent may stand in `detail`, and be no UTF-8.
  std::string text = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  return {.status = status, .body = std::move(text), .content_type = "application/problem+json"};
}

Response not_allowed(const Request& request, const std::string& allowed) {
  Response response = problem(405, fmt::format("{} is not allowed here, only {}", request.method, allowed));
  response.headers["Allow"] = allowed;
  return response;
}

Response unauthorised() {
  Response response = problem(401, "a bearer token of this run is needed");
  response.headers["WWW-Authenticate"] = "Bearer";
  return response;
}

class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, Handler handler, ServerConfig config)
      : io_(io),
        handler_(std::move(handler)),
        config_(std::move(config)),
        rate_(config_.requests_per_second, config_.burst) {}

  std::uint16_t listen(const IpAddress& address, std::uint16_t port) {
    try {
      auto acceptor = std::make_shared<tcp::acceptor>(io_, endpoint_of(address, port), true);
      acceptors_.push_back(acceptor);
      asio::co_spawn(io_, accept(shared_from_this(), acceptor), asio::detached);
      return acceptor->local_endpoint().port();
    } catch (const boost::system::system_error& error) {
      throw SystemError(error.code().value(), fmt::format("listen on {} port {}", address.str(), port));
    }
  }

  void close() {
    open_ = false;
    boost::system::error_code ignored;
    for (auto& acceptor : acceptors_) acceptor->close(ignored);
    for (auto* channel : connections_) channel->tcp().cancel();
    for (auto* timer : waiting_) timer->cancel();
  }

  bool open_ = true;
  std::set<Channel*> connections_;

 private:
  asio::awaitable<void> accept(std::shared_ptr<Impl> self, std::shared_ptr<tcp::acceptor> acceptor) {
    while (open_) {
      auto [error, socket] = co_await acceptor->async_accept(no_throw);
      if (error == asio::error::operation_aborted || !open_) co_return;
      if (error) {  // out of descriptors, say: those of open connections come back
        asio::steady_timer pause(io_, std::chrono::milliseconds(10));
        co_await pause.async_wait(no_throw);
        continue;
      }
      asio::co_spawn(io_, serve(self, std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> serve([[maybe_unused]] std::shared_ptr<Impl> self, tcp::socket socket) {
    boost::system::error_code error;
    const auto remote = socket.remote_endpoint(error);
    if (error) co_return;
    const IpAddress peer = IpAddress::of(remote.address().to_string());
    socket.set_option(tcp::no_delay(true), error);
    Channel channel(beast::tcp_stream(std::move(socket)), config_.tls);
    connections_.insert(&channel);
    ++of_peer_[peer];
    const int fd = channel.tcp().socket().native_handle();
    if (config_.on_accepted) config_.on_accepted(fd, peer, remote.port());
    if (co_await secured(channel, peer)) {
      if (auto response = too_many(peer))
        co_await refuse(channel, refused(peer, std::move(*response)));
      else
        co_await converse(channel, peer);
    }
    if (--of_peer_[peer] == 0) of_peer_.erase(peer);
    connections_.erase(&channel);
    if (config_.on_closing) config_.on_closing(fd);
  }

  asio::awaitable<bool> secured(Channel& channel, IpAddress peer) {
    if (channel.encrypted() == nullptr) co_return true;
    channel.tcp().expires_after(config_.request_timeout);
    auto [error] = co_await channel.encrypted()->async_handshake(asio::ssl::stream_base::server, no_throw);
    if (error == beast::error::timeout) took_too_long(peer, "TLS handshake");
    co_return !error;
  }

  void took_too_long(const IpAddress& peer, const char* what) const {
    if (config_.on_refused)
      config_.on_refused(peer, 408,
                         fmt::format("no whole {} within {:g} s", what, to_seconds(config_.request_timeout)));
  }

  Response refused(const IpAddress& peer, Response response) const {
    if (config_.on_refused)
      config_.on_refused(peer, response.status, nlohmann::json::parse(response.body).at("detail").get<std::string>());
    return response;
  }

  std::optional<Response> too_many(const IpAddress& peer) const {
    if (connections_.size() > config_.max_connections) return problem(503, "too many connections");
    if (of_peer_.at(peer) > config_.max_connections_of_a_peer) return problem(429, "too many connections from here");
    return std::nullopt;
  }

  asio::awaitable<void> converse(Channel& channel, IpAddress peer) {
    beast::flat_buffer buffer;
    while (open_) {
      wire::request_parser<wire::string_body> parser;
      parser.header_limit(static_cast<std::uint32_t>(config_.max_header));
      parser.body_limit(config_.max_body);
      if (!co_await begun(channel, buffer)) co_return;
      channel.tcp().expires_after(config_.request_timeout);
      auto [error, n] =
          co_await channel.with([&](auto& stream) { return wire::async_read(stream, buffer, parser, no_throw); });
      if (error) {
        if (auto response = refusal(error); response && open_)
          co_await refuse(channel, refused(peer, std::move(*response)));
        if (error == beast::error::timeout) took_too_long(peer, "request");
        co_return;
      }
      const Instant received = std::chrono::steady_clock::now();
      channel.tcp().expires_never();
      const bool keep_alive = parser.get().keep_alive();
      const bool head = parser.get().method() == wire::verb::head;
      const std::string last_event_id(parser.get()["Last-Event-ID"]);
      auto response = co_await answer(parser.release(), peer, received);
      if (!response || !open_) co_return;
      if (response->feed) co_return co_await follow(channel, std::move(*response), last_event_id);
      auto message = make_response(std::move(*response), keep_alive);
      if (head) message.body().clear();  // its length stays in the header (RFC 9110, 9.3.2)
      channel.tcp().expires_after(config_.idle_timeout);
      auto [write_error, written] =
          co_await channel.with([&](auto& stream) { return wire::async_write(stream, message, no_throw); });
      if (write_error) co_return;
      if (!keep_alive) {
        channel.tcp().socket().shutdown(tcp::socket::shutdown_send, write_error);
        co_return;
      }
    }
  }

  // The first octet of a request is there.
  asio::awaitable<bool> begun(Channel& channel, beast::flat_buffer& buffer) {
    if (buffer.size() > 0) co_return true;
    channel.tcp().expires_after(config_.idle_timeout);
    auto [error, n] =
        co_await channel.with([&](auto& stream) { return stream.async_read_some(buffer.prepare(4096), no_throw); });
    buffer.commit(n);
    co_return !error;
  }

  asio::awaitable<std::optional<Response>> answer(StringRequest message, IpAddress peer, Instant received) {
    if (config_.requests_per_second > 0 && !rate_.allow(peer, received)) {
      Response response = problem(429, fmt::format("more than {} requests a second", config_.requests_per_second));
      response.headers["Retry-After"] = "1";
      co_return refused(peer, std::move(response));
    }
    Request request;
    request.method = message.method_string();
    request.bearer = bearer_of(message);
    request.last_event_id = message["Last-Event-ID"];
    request.peer = peer;
    request.received = received;
    if (!parse_target(message.target(), request.path, request.query))
      co_return refused(peer, problem(400, "malformed target: " + std::string(message.target().substr(0, 80))));
    request.body = std::move(message.body());
    auto pending = std::make_shared<Pending>(io_.get_executor());
    handler_(request, reply_to(pending));
    while (!pending->response && open_) {
      waiting_.insert(&pending->answered);
      co_await pending->answered.async_wait(no_throw);
      waiting_.erase(&pending->answered);
    }
    co_return std::move(pending->response);
  }

  asio::awaitable<void> follow(Channel& channel, Response response, std::string last_event_id) {
    const std::shared_ptr<EventFeed> feed = std::move(response.feed);
    wire::response<wire::empty_body> head(wire::status::ok, 11);
    fill_header(head, response);
    head.set(wire::field::content_type, "text/event-stream");
    head.set(wire::field::cache_control, "no-store");
    head.keep_alive(false);
    wire::response_serializer<wire::empty_body> serializer(head);
    channel.tcp().expires_after(config_.request_timeout);
    auto [error, n] =
        co_await channel.with([&](auto& stream) { return wire::async_write_header(stream, serializer, no_throw); });
    EventFeed::Position position = feed->position(last_event_id);
    while (!error && open_) {
      std::string text = feed->next(position);
      if (text.empty()) {
        co_await changed(*feed);
        if (!open_) co_return;
        text = feed->next(position);
      }
      if (text.empty()) text = ":\n\n";
      channel.tcp().expires_after(config_.request_timeout);
      std::tie(error, n) =
          co_await channel.with([&](auto& stream) { return asio::async_write(stream, asio::buffer(text), no_throw); });
    }
  }

  // Returns when something was published, or it is time for a sign of life.
  asio::awaitable<void> changed(EventFeed& feed) {
    asio::steady_timer timer(io_, kSignOfLife);
    const std::uint64_t ticket = feed.wait([&timer] { timer.cancel(); });
    waiting_.insert(&timer);
    co_await timer.async_wait(no_throw);
    waiting_.erase(&timer);
    feed.forget(ticket);
  }

  // The client may still be sending: closing at once would reset the connection and lose the answer.
  asio::awaitable<void> refuse(Channel& channel, Response response) {
    auto message = make_response(std::move(response), false);
    channel.tcp().expires_after(std::chrono::seconds(1));
    auto [error, written] =
        co_await channel.with([&](auto& stream) { return wire::async_write(stream, message, no_throw); });
    if (error) co_return;
    channel.tcp().socket().shutdown(tcp::socket::shutdown_send, error);
    std::vector<std::byte> rest(4096);
    for (std::size_t total = 0; total < 1 << 20;) {
      auto [read_error, n] = co_await channel.tcp().async_read_some(asio::buffer(rest), no_throw);
      if (read_error) co_return;
      total += n;
    }
  }

  asio::io_context& io_;
  Handler handler_;
  ServerConfig config_;
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors_;
  RateLimit rate_;
  std::map<IpAddress, std::size_t> of_peer_;  // connections
  std::set<asio::steady_timer*> waiting_;     // of connections whose reply or event is still to come
};

Server::Server(asio::io_context& io, Handler handler, ServerConfig config)
    : impl_(std::make_shared<Impl>(io, std::move(handler), std::move(config))) {}
Server::~Server() { close(); }

std::uint16_t Server::listen(const IpAddress& address, std::uint16_t port) { return impl_->listen(address, port); }

void Server::for_each_connection(const std::function<void(int)>& visit) const {
  for (auto* channel : impl_->connections_) visit(channel->tcp().socket().native_handle());
}

std::size_t Server::connections() const { return impl_->connections_.size(); }

void Server::close() { impl_->close(); }

}  // namespace cats::http
