// Clients that no REST interface may suffer from: bodies without end and requests that never end. For servers of a run,
// over TLS.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/support/tls_socket.h"

namespace cats::support {

inline constexpr std::size_t kGigabyte = 1'000'000'000;

struct Server {
  IpAddress address;
  std::uint16_t port = 0;
  http::TlsContext tls;
  std::string token;  // of someone who may send `method target`
  std::string method;
  std::string target;

  std::string head(const std::string& more) const {
    return fmt::format("{} {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n{}\r\n", method, target, token, more);
  }
};

struct Flood {
  int status = 0;        // of the answer; 0: none
  std::size_t sent = 0;  // octets of the body that the server let in, and those on their way
};

// Sends a body until the server ends it. `chunked`: without saying how long it will be.
inline Flood send_gigabyte(const Server& server, bool chunked) {
  TlsSocket socket(server.address, server.port, server.tls);
  Flood flood;
  const std::string octets(16 * 1024, ' ');
  const std::string piece = chunked ? fmt::format("{:x}\r\n{}\r\n", octets.size(), octets) : octets;
  const std::string length =
      chunked ? "Transfer-Encoding: chunked\r\n" : fmt::format("Content-Length: {}\r\n", kGigabyte);
  if (!socket.send(server.head(length))) return flood;
  // As much as a server might read before it answers, and is still answered.
  while (flood.sent < 256 * 1024 && socket.send(piece)) flood.sent += octets.size();
  const std::string answer = socket.receive(16);
  if (answer.size() >= 12) flood.status = std::stoi(answer.substr(9, 3));
  while (flood.sent < kGigabyte && socket.send(piece)) flood.sent += octets.size();
  return flood;
}

// Connections that say one octet of a request each time they are asked to.
class SlowLoris {
 public:
  SlowLoris(const Server& server, std::size_t connections)
      : text_(server.head("X: " + std::string(1000, 'x') + "\r\n")), sent_(connections) {
    for (std::size_t i = 0; i < connections; ++i)
      sockets_.push_back(std::make_unique<TlsSocket>(server.address, server.port, server.tls));
  }

  // How many of them the server still listens to.
  std::size_t say_more() {
    std::size_t alive = 0;
    for (std::size_t i = 0; i < sockets_.size(); ++i)
      if (sockets_[i] && sockets_[i]->send(text_.substr(sent_[i]++, 1)))
        ++alive;
      else
        sockets_[i].reset();
    return alive;
  }

 private:
  std::string text_;
  std::vector<std::size_t> sent_;  // octets
  std::vector<std::unique_ptr<TlsSocket>> sockets_;
};

}  // namespace cats::support
