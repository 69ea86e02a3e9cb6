#include "http/client.h"

#include <cerrno>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>

namespace cats::http {

namespace asio = boost::asio;
namespace wire = boost::beast::http;
using asio::ip::tcp;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

asio::awaitable<boost::system::error_code> Client::connect(const IpAddress& address, std::uint16_t port,
                                                           const Options& options, Duration timeout) {
  const tcp::endpoint remote(asio::ip::make_address(address.str()), port);
  host_ = address.is_v6() ? "[" + address.str() + "]" : address.str();
  boost::system::error_code error;
  auto& socket = stream_.socket();
  socket.open(remote.protocol(), error);
  if (error) co_return error;
  socket.set_option(tcp::no_delay(true), error);
  if (options.source || options.source_port != 0) {
    socket.set_option(tcp::socket::reuse_address(true), error);
    const auto source =
        options.source ? asio::ip::make_address(options.source->str()) : tcp::endpoint(remote.protocol(), 0).address();
    socket.bind({source, options.source_port}, error);
    if (error) co_return error;
  }
  if (options.before_connect) options.before_connect(socket.native_handle());
  stream_.expires_after(timeout);
  auto [connected] = co_await stream_.async_connect(remote, as_result);
  co_return connected;
}

asio::awaitable<Answer> Client::get(const std::string& target, Duration timeout) {
  wire::request<wire::empty_body> request(wire::verb::get, target, 11);
  request.set(wire::field::host, host_);
  Answer answer;
  stream_.expires_after(timeout);
  auto [write_error, written] = co_await wire::async_write(stream_, request, as_result);
  answer.done = std::chrono::steady_clock::now();
  if (write_error) {
    answer.error = write_error;
    co_return answer;
  }
  answer.sent = answer.done;
  wire::response<wire::string_body> response;
  auto [read_error, n] = co_await wire::async_read(stream_, buffer_, response, as_result);
  answer.done = std::chrono::steady_clock::now();
  answer.error = read_error;
  if (!read_error) {
    answer.status = response.result_int();
    answer.keep_alive = response.keep_alive();
    answer.body = std::move(response.body());
  }
  co_return answer;
}

std::optional<tcp::endpoint> Client::local() const {
  boost::system::error_code error;
  auto endpoint = stream_.socket().local_endpoint(error);
  if (error) return std::nullopt;
  return endpoint;
}

bool Client::closed_by_peer() {
  char octet;
  const ssize_t n = ::recv(stream_.socket().native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

void Client::close() { stream_.close(); }

}  // namespace cats::http
