// A TCP server that answers each octet with its own letter, and its client, each in a namespace of its own.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/ip.h"
#include "emulator/kernel/namespace.h"

namespace cats::kernel::testing_tcp {

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;

  Endpoint(const IpAddress& address, std::uint16_t port) {
    if (address.is_v6()) {
      sockaddr_in6 v6{};
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
      std::memcpy(&storage, &v6, size = sizeof v6);
    } else {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
      std::memcpy(&storage, &v4, size = sizeof v4);
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// 'L' asks for kLarge octets instead of one.
inline constexpr std::size_t kLarge = 300000;

class Server {
 public:
  Server(const Namespace& ns, const IpAddress& address, std::uint16_t port, char letter) : letter_(letter) {
    const Endpoint local(address, port);
    within(ns,
           [&] { listener_ = Fd(check(::socket(local.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")); });
    const int on = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    check(::bind(listener_.get(), local.get(), local.size), "bind {}", address);
    check(::listen(listener_.get(), 1000), "listen");
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    stop_ = true;
    thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  int accepted() const { return accepted_; }

 private:
  void serve() {
    std::vector<Fd> connections;
    while (!stop_) {
      std::vector<pollfd> fds{{listener_.get(), POLLIN, 0}};
      for (const Fd& connection : connections) {
        fds.push_back({connection.get(), POLLIN, 0});
      }
      if (::poll(fds.data(), fds.size(), 20) <= 0) {
        continue;
      }
      std::vector<Fd> kept;
      for (std::size_t i = 1; i < fds.size(); ++i) {
        if (fds[i].revents == 0 || answer(fds[i].fd)) {
          kept.push_back(std::move(connections[i - 1]));
        }
      }
      connections = std::move(kept);
      if (fds[0].revents != 0) {
        connections.emplace_back(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const timeval limit{1, 0};
        ::setsockopt(connections.back().get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        ++accepted_;
      }
    }
  }
  bool answer(int fd) const {
    char question = 0;
    if (::recv(fd, &question, 1, 0) != 1) {
      return false;
    }
    const std::string reply(question == 'L' ? kLarge : 1, letter_);
    return ::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(reply.size());
  }

  char letter_;
  Fd listener_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> accepted_ = 0;
  std::thread thread_;
};

class Client {
 public:
  // A connection that does not come about in time is closed() from the start.
  Client(const Namespace& ns, const IpAddress& to, std::uint16_t port,
         std::chrono::milliseconds patience = std::chrono::milliseconds(3000)) {
    const Endpoint remote(to, port);
    within(ns, [&] { fd_ = Fd(check(::socket(remote.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")); });
    const timeval limit{patience.count() / 1000, (patience.count() % 1000) * 1000};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(fd_.get(), remote.get(), remote.size) != 0) {
      fd_.reset();
    }
  }
  bool closed() const { return !fd_; }
  // The letter of whoever answers; nothing when the connection is broken.
  std::optional<char> ask() {
    char letter = 0;
    if (!fd_ || ::send(fd_.get(), "?", 1, MSG_NOSIGNAL) != 1 || ::recv(fd_.get(), &letter, 1, 0) != 1) {
      return std::nullopt;
    }
    return letter;
  }
  // Segments that had to be sent again so far.
  unsigned retransmitted() const {
    tcp_info info{};
    socklen_t size = sizeof info;
    check(::getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
    return info.tcpi_total_retrans;
  }
  // How many of kLarge octets came.
  std::size_t ask_large() {
    std::size_t size = 0;
    std::array<char, 65536> buffer;
    if (!fd_ || ::send(fd_.get(), "L", 1, MSG_NOSIGNAL) != 1) {
      return 0;
    }
    while (size < kLarge) {
      const ssize_t more = ::recv(fd_.get(), buffer.data(), std::min(buffer.size(), kLarge - size), 0);
      if (more <= 0) {
        break;
      }
      size += static_cast<std::size_t>(more);
    }
    return size;
  }

 private:
  Fd fd_;
};

}  // namespace cats::kernel::testing_tcp
