// A small HTTP/1.1 server: keep-alive, bounded headers and bodies, clear refusals. Everything but replies happens on
// the thread that runs the io_context.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/ip.h"

namespace boost::asio {
class io_context;
}

namespace cats::http {

struct Request {
  std::string method;  // "GET"
  std::string path;    // percent-decoded, without the query
  std::map<std::string, std::string> query;
  std::string body;
  Instant received;  // right after the last octet was read
};

struct Response {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
};

// {"error": message}
Response error_response(unsigned status, const std::string& message);

// Given once, from any thread.
using Reply = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Reply)>;

struct ServerConfig {
  std::size_t max_header = 8 * 1024;  // octets; more is answered 431
  std::size_t max_body = 64 * 1024;   // octets; more is answered 413
  Duration idle_timeout = std::chrono::minutes(10);
  // A connection was accepted, from there.
  std::function<void(int fd, const IpAddress& source, std::uint16_t port)> on_accepted = {};
  // Before a connection's socket is closed.
  std::function<void(int fd)> on_closing = {};
};

class Server {
 public:
  Server(boost::asio::io_context& io, Handler handler, ServerConfig config = {});
  ~Server();  // closes everything
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // May be called for several addresses. Returns the port (0: the kernel's choice). Throws SystemError.
  std::uint16_t listen(const IpAddress& address, std::uint16_t port);
  void for_each_connection(const std::function<void(int fd)>& visit) const;
  std::size_t connections() const;
  void close();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

// Splits and decodes a request target ("/work?us=500"); false when it is malformed.
bool parse_target(std::string_view target, std::string& path, std::map<std::string, std::string>& query);

}  // namespace cats::http
