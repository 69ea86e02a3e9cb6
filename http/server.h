// A small HTTP/1.1 server, with TLS or without: keep-alive, server-sent events, bounds on everything that a client
// decides, clear refusals (RFC 9457). Everything but replies happens on the thread that runs the io_context.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ip.h"
#include "http/event_stream.h"
#include "http/tls.h"

namespace boost::asio {
class io_context;
}

namespace cats::http {

struct Request {
  std::string method;  // "GET"
  std::string path;    // percent-decoded, without the query
  std::map<std::string, std::string> query;
  std::string body;
  std::optional<std::string> bearer;  // the token of `Authorization: Bearer …` (RFC 6750)
  std::string last_event_id;
  IpAddress peer;
  Instant received;  // right after the last octet was read
};

struct Response {
  unsigned status = 200;
  std::string body = {};
  std::string content_type = "application/json";
  std::map<std::string, std::string> headers = {};
  // Instead of a body: events from here on, until one of the two ends the connection.
  std::shared_ptr<EventFeed> feed = {};
};

// Problem details (RFC 9457) of type about:blank: title, status and `detail`.
Response problem(unsigned status, const std::string& detail);
// 405 with Allow (RFC 9110), and 401 with WWW-Authenticate.
Response not_allowed(const Request& request, const std::string& allowed);
Response unauthorised();

// Given once, from any thread.
using Reply = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Reply)>;

struct ServerConfig {
  std::size_t max_header = 8 * 1024;                    // octets; more is answered 431
  std::size_t max_body = 64 * 1024;                     // octets; more is answered 413
  Duration idle_timeout = std::chrono::minutes(10);     // between requests
  Duration request_timeout = std::chrono::seconds(10);  // from a request's first octet to its last: else it is closed
  std::size_t max_connections = 10000;                  // one more is answered 503
  std::size_t max_connections_of_a_peer = 10000;        // likewise 429
  double requests_per_second = 0;                       // of one peer, beyond it 429; 0: any rate
  double burst = 100;                                   // requests that a peer may have saved up
  TlsContext tls = {};                                  // null: not encrypted
  // What the limits above, or the form of a request, refuse: the handler never sees it. 408: it took too long, and is
  // closed without an answer.
  std::function<void(const IpAddress& peer, unsigned status, const std::string& why)> on_refused = {};
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
