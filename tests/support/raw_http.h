// HTTP as octets over a blocking socket, for what a well-behaved client would not send; and an io_context on a thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/error.h"
#include "base/fd.h"

namespace cats::support {

// Connected to [::1]:port, or to `address`.
class RawHttp {
 public:
  explicit RawHttp(std::uint16_t port, const char* address = "::1")
      : socket_(check(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")) {
    sockaddr_in6 peer{};
    peer.sin6_family = AF_INET6;
    peer.sin6_port = htons(port);
    ::inet_pton(AF_INET6, address, &peer.sin6_addr);
    const timeval limit{10, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    check(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer), "connect to port {}", port);
  }

  void send(const std::string& octets) {
    check(::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL), "send");
  }
  void get(const std::string& target) { send("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"); }

  // Status line, header and body of one response with Content-Length; what there is when the connection ends first.
  std::string receive() {
    while (true) {
      const std::size_t header = buffer_.find("\r\n\r\n");
      if (header != std::string::npos) {
        const std::size_t at = buffer_.find("Content-Length: ");
        const std::size_t length = at < header ? std::stoul(buffer_.substr(at + 16)) : 0;
        if (buffer_.size() >= header + 4 + length) {
          std::string message = buffer_.substr(0, header + 4 + length);
          buffer_.erase(0, message.size());
          return message;
        }
      }
      if (!fill()) return std::exchange(buffer_, "");
    }
  }
  bool closed() { return buffer_.empty() && !fill(); }

 private:
  bool fill() {
    char octets[4096];
    const ssize_t n = ::recv(socket_.get(), octets, sizeof octets, 0);
    if (n > 0) buffer_.append(octets, static_cast<std::size_t>(n));
    return n > 0;
  }

  Fd socket_;
  std::string buffer_;
};

inline int status_of(const std::string& response) {
  return response.size() < 12 ? 0 : std::stoi(response.substr(9, 3));
}
inline std::string body_of(const std::string& response) {
  const std::size_t end = response.find("\r\n\r\n");
  return end == std::string::npos ? "" : response.substr(end + 4);
}

// Runs until it goes.
class IoThread {
 public:
  ~IoThread() { stop(); }
  boost::asio::io_context& io() { return io_; }
  // For what must be made or destroyed on the io_context's own thread, or while it does not run.
  void start() {
    thread_ = std::thread([this] { io_.run(); });
  }
  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{io_.get_executor()};
  std::thread thread_;
};

}  // namespace cats::support
