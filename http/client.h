// One HTTP/1.1 connection as coroutines, one request at a time, with the instants that a latency is made of. For code
// that lives on Asio: the load generator, probes.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "base/clock.h"
#include "base/ip.h"

namespace cats::http {

struct Answer {
  boost::system::error_code error;  // boost::beast::error::timeout when nothing came in time
  unsigned status = 0;              // of a whole response
  std::string body;
  bool keep_alive = false;
  std::optional<Instant> sent;  // the last octet of the request was handed to the kernel
  Instant done;                 // the last octet of the response was read, or the error seen
};

class Client {
 public:
  struct Options {
    std::optional<IpAddress> source;
    std::uint16_t source_port = 0;                    // 0: ephemeral
    std::function<void(int fd)> before_connect = {};  // socket options
  };

  explicit Client(const boost::asio::any_io_executor& executor) : stream_(executor) {}

  boost::asio::awaitable<boost::system::error_code> connect(const IpAddress& address, std::uint16_t port,
                                                            const Options& options, Duration timeout);
  // GET `target`. After an error the connection is of no more use.
  boost::asio::awaitable<Answer> get(const std::string& target, Duration timeout);

  std::optional<boost::asio::ip::tcp::endpoint> local() const;
  // The peer has closed or reset it, as far as the kernel knows now.
  bool closed_by_peer();
  void close();

 private:
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::string host_;
};

}  // namespace cats::http
