// A unix socket that answers whatever is asked as a daemon of FRR answers a command: text, three zero octets, status 0.
#pragma once

#include <cstring>
#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

#include "base/error.h"
#include "base/fd.h"

namespace cats::support {

class FakeVty {
 public:
  FakeVty(const std::filesystem::path& path, std::string answer)
      : answer_(std::move(answer)), listener_(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "unix socket")) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    check(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind {}",
          path.string());
    check(::listen(listener_.get(), 16), "listen at {}", path.string());
    answer_.append(4, '\0');
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeVty() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  FakeVty(const FakeVty&) = delete;
  FakeVty& operator=(const FakeVty&) = delete;

 private:
  void serve() {
    while (true) {
      const Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return;
      char octet = 1;
      while (octet != '\0' && ::recv(connection.get(), &octet, 1, 0) == 1) {
      }
      for (std::size_t sent = 0; sent < answer_.size();) {
        const ssize_t n = ::send(connection.get(), answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += static_cast<std::size_t>(n);
      }
    }
  }

  std::string answer_;
  Fd listener_;
  std::thread thread_;
};

}  // namespace cats::support
