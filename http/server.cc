#include "http/server.h"

#include <optional>
#include <set>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace cats::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using tcp = asio::ip::tcp;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

using StringRequest = wire::request<wire::string_body>;
using StringResponse = wire::response<wire::string_body>;

tcp::endpoint endpoint_of(const IpAddress& address, std::uint16_t port) {
  return {asio::ip::make_address(address.str()), port};
}

// What a request that could not be read is answered with, if anything.
std::optional<Response> refusal(const beast::error_code& error) {
  if (error == wire::error::header_limit) return error_response(431, "the header is too long");
  if (error == wire::error::body_limit) return error_response(413, "the body is too long");
  if (error.category() == make_error_code(wire::error::bad_method).category() && error != wire::error::end_of_stream &&
      error != wire::error::partial_message)
    return error_response(400, "not a HTTP request: " + error.message());
  return std::nullopt;
}

StringResponse make_response(Response&& response, unsigned version, bool keep_alive) {
  StringResponse message(wire::int_to_status(response.status), version);
  message.set(wire::field::content_type, response.content_type);
  message.keep_alive(keep_alive);
  message.body() = std::move(response.body);
  message.prepare_payload();
  return message;
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

Response error_response(unsigned status, const std::string& message) {
  return {status, nlohmann::json{{"error", message}}.dump() + "\n"};
}

class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, Handler handler, ServerConfig config)
      : io_(io), handler_(std::move(handler)), config_(std::move(config)) {}

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
    for (auto* stream : connections_) stream->cancel();
    for (auto* timer : waiting_) timer->cancel();
  }

  bool open_ = true;
  std::set<beast::tcp_stream*> connections_;

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
    beast::tcp_stream stream(std::move(socket));
    boost::system::error_code ignored;
    stream.socket().set_option(tcp::no_delay(true), ignored);
    connections_.insert(&stream);
    if (config_.on_accepted)
      if (const auto peer = stream.socket().remote_endpoint(ignored); !ignored)
        config_.on_accepted(stream.socket().native_handle(), IpAddress::of(peer.address().to_string()), peer.port());
    co_await converse(stream);
    connections_.erase(&stream);
    if (config_.on_closing) config_.on_closing(stream.socket().native_handle());
  }

  asio::awaitable<void> converse(beast::tcp_stream& stream) {
    beast::flat_buffer buffer;
    while (open_) {
      wire::request_parser<wire::string_body> parser;
      parser.header_limit(static_cast<std::uint32_t>(config_.max_header));
      parser.body_limit(config_.max_body);
      stream.expires_after(config_.idle_timeout);
      auto [error, n] = co_await wire::async_read(stream, buffer, parser, no_throw);
      if (error) {
        if (auto response = refusal(error); response && open_) co_await refuse(stream, std::move(*response));
        co_return;
      }
      const Instant received = std::chrono::steady_clock::now();
      stream.expires_never();
      const bool keep_alive = parser.get().keep_alive();
      auto response = co_await answer(stream, parser.release(), received);
      if (!response || !open_) co_return;
      auto message = make_response(std::move(*response), 11, keep_alive);
      stream.expires_after(config_.idle_timeout);
      auto [write_error, written] = co_await wire::async_write(stream, message, no_throw);
      if (write_error) co_return;
      if (!keep_alive) {
        stream.socket().shutdown(tcp::socket::shutdown_send, write_error);
        co_return;
      }
    }
  }

  asio::awaitable<std::optional<Response>> answer(beast::tcp_stream& stream, StringRequest message, Instant received) {
    Request request;
    request.method = message.method_string();
    request.received = received;
    if (!parse_target(message.target(), request.path, request.query))
      co_return error_response(400, "malformed target: " + std::string(message.target().substr(0, 80)));
    request.body = std::move(message.body());
    auto pending = std::make_shared<Pending>(stream.get_executor());
    handler_(request, reply_to(pending));
    while (!pending->response && open_) {
      waiting_.insert(&pending->answered);
      co_await pending->answered.async_wait(no_throw);
      waiting_.erase(&pending->answered);
    }
    co_return std::move(pending->response);
  }

  // The client may still be sending: closing at once would reset the connection and lose the answer.
  asio::awaitable<void> refuse(beast::tcp_stream& stream, Response response) {
    auto message = make_response(std::move(response), 11, false);
    stream.expires_after(std::chrono::seconds(1));
    auto [error, written] = co_await wire::async_write(stream, message, no_throw);
    if (error) co_return;
    stream.socket().shutdown(tcp::socket::shutdown_send, error);
    std::vector<std::byte> rest(4096);
    for (std::size_t total = 0; total < 1 << 20;) {
      auto [read_error, n] = co_await stream.async_read_some(asio::buffer(rest), no_throw);
      if (read_error) co_return;
      total += n;
    }
  }

  asio::io_context& io_;
  Handler handler_;
  ServerConfig config_;
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors_;
  std::set<asio::steady_timer*> waiting_;  // of connections whose reply is still to come
};

Server::Server(asio::io_context& io, Handler handler, ServerConfig config)
    : impl_(std::make_shared<Impl>(io, std::move(handler), std::move(config))) {}
Server::~Server() { close(); }

std::uint16_t Server::listen(const IpAddress& address, std::uint16_t port) { return impl_->listen(address, port); }

void Server::for_each_connection(const std::function<void(int)>& visit) const {
  for (auto* stream : impl_->connections_) visit(stream->socket().native_handle());
}

std::size_t Server::connections() const { return impl_->connections_.size(); }

void Server::close() { impl_->close(); }

}  // namespace cats::http
