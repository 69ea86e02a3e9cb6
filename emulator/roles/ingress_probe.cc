#include "emulator/roles/ingress_probe.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

namespace cats::roles {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kLongestReply = 65536;

asio::awaitable<Expected<std::string>> ask(IpAddress cs_id, std::uint16_t port, std::uint32_t mark) {
  tcp::socket socket(co_await asio::this_coro::executor);
  const tcp::endpoint service(asio::ip::make_address(cs_id.str()), port);
  boost::system::error_code opened;
  socket.open(service.protocol(), opened);
  if (opened) co_return fail("socket: {}", opened.message());
  if (::setsockopt(socket.native_handle(), SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0)
    co_return fail("SO_MARK {}: {}", mark,
                   boost::system::error_code(errno, boost::system::system_category()).message());
  const auto [connected] = co_await socket.async_connect(service, kNoThrow);
  if (connected) co_return fail("connect to [{}]:{} with mark {}: {}", cs_id, port, mark, connected.message());
  // HTTP/1.0: the end of the connection ends the reply.
  const std::string request = fmt::format("GET /whoami HTTP/1.0\r\nHost: [{}]\r\nConnection: close\r\n\r\n", cs_id);
  const auto [sent, octets] = co_await asio::async_write(socket, asio::buffer(request), kNoThrow);
  if (sent) co_return fail("GET /whoami: {}", sent.message());
  std::string response;
  const auto [ended, size] = co_await asio::async_read(socket, asio::dynamic_buffer(response, kLongestReply), kNoThrow);
  if (ended && ended != asio::error::eof) co_return fail("reply to GET /whoami: {}", ended.message());
  co_return instance_in_response(response);
}

asio::awaitable<Expected<std::string>> ask_in_time(IpAddress cs_id, std::uint16_t port, std::uint32_t mark,
                                                   Duration timeout) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, timeout);
  auto first = co_await (ask(cs_id, port, mark) || timer.async_wait(kNoThrow));
  if (auto* answer = std::get_if<0>(&first)) co_return std::move(*answer);
  co_return fail("[{}]:{} with mark {}: no reply within {} ms", cs_id, port, mark, to_ms(timeout));
}

}  // namespace

void probe_instance(asio::io_context& io, const IpAddress& cs_id, std::uint16_t port, std::uint32_t mark,
                    Duration timeout, std::function<void(Expected<std::string>)> done) {
  asio::co_spawn(io, ask_in_time(cs_id, port, mark, timeout),
                 [done = std::move(done)](std::exception_ptr error, Expected<std::string> answer) {
                   if (error) std::rethrow_exception(error);
                   done(std::move(answer));
                 });
}

Expected<std::string> instance_in_response(const std::string& response) {
  const std::size_t line = response.find("\r\n");
  const std::size_t head = response.find("\r\n\r\n");
  if (!response.starts_with("HTTP/1.") || head == std::string::npos)
    return fail("the reply to GET /whoami is not HTTP");
  if (response.substr(8, 5) != " 200 ") return fail("GET /whoami: {}", response.substr(0, line));
  const auto body = nlohmann::json::parse(response.substr(head + 4), nullptr, false);
  if (!body.is_object() || !body.contains("instance") || !body["instance"].is_string())
    return fail("the reply to GET /whoami names no instance");
  return body["instance"].get<std::string>();
}

}  // namespace cats::roles
