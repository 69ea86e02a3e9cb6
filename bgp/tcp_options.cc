#include "bgp/tcp_options.h"

#include <algorithm>
#include <cstring>
#include <linux/in6.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"

namespace cats::bgp {
namespace {

constexpr int max_ttl = 255;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
  SocketAddress result;
  const auto octets = address.bytes();
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, octets.data(), octets.size());
    std::memcpy(&result.storage, &in, sizeof in);
    result.size = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, octets.data(), octets.size());
    std::memcpy(&result.storage, &in, sizeof in);
    result.size = sizeof in;
  }
  return result;
}

void set(int socket, int level, int option, int value, std::string_view what) {
  check(::setsockopt(socket, level, option, &value, sizeof value), "setsockopt {} = {}", what, value);
}

void set_md5(int socket, const IpAddress& peer, const std::string& password) {
  tcp_md5sig key{};
  if (password.size() > sizeof key.tcpm_key) {
    throw UsageError(fmt::format("TCP-MD5 password of {} octets: at most {}", password.size(), sizeof key.tcpm_key));
  }
  const SocketAddress address = socket_address(peer, 0);
  std::memcpy(&key.tcpm_addr, &address.storage, sizeof address.storage);
  key.tcpm_keylen = static_cast<std::uint16_t>(password.size());
  std::memcpy(key.tcpm_key, password.data(), password.size());
  check(::setsockopt(socket, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof key), "setsockopt TCP_MD5SIG for {}", peer);
}

void set_hop_limits(int socket, bool v4, const TcpOptions& options) {
  const int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (options.ttl_security_hops > 0) {
    set(socket, level, v4 ? IP_TTL : IPV6_UNICAST_HOPS, max_ttl, "TTL");
    set(socket, level, v4 ? IP_MINTTL : IPV6_MINHOPCOUNT, max_ttl + 1 - options.ttl_security_hops, "least TTL");
  } else if (options.ttl) {
    set(socket, level, v4 ? IP_TTL : IPV6_UNICAST_HOPS, *options.ttl, "TTL");
  }
}

Fd prepared_socket(const IpAddress& peer, const std::optional<IpAddress>& local, std::uint16_t port,
                   const TcpOptions& options) {
  if (local && local->is_v4() != peer.is_v4()) {
    throw UsageError(fmt::format("local address {} and peer {} are of different families", *local, peer));
  }
  const bool v4 = peer.is_v4();
  Fd socket(
      check(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket for {}", peer));
  set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  if (!v4) {
    set(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
  }
  if (options.freebind) {
    set(socket.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_FREEBIND : IPV6_FREEBIND, 1, "freebind");
  }
  set_hop_limits(socket.get(), v4, options);
  if (!options.md5_password.empty()) {
    set_md5(socket.get(), peer, options.md5_password);
  }
  if (local) {
    SocketAddress address = socket_address(*local, port);
    check(::bind(socket.get(), address.get(), address.size), "bind {} port {}", *local, port);
  }
  return socket;
}

}  // namespace

Fd tcp_socket(const IpAddress& peer, const std::optional<IpAddress>& local, const TcpOptions& options) {
  return prepared_socket(peer, local, 0, options);
}

Fd tcp_listener(const IpAddress& peer, const IpAddress& local, std::uint16_t port, const TcpOptions& options) {
  Fd socket = prepared_socket(peer, local, port, options);
  check(::listen(socket.get(), 16), "listen {} port {}", local, port);
  return socket;
}

bool tcp_connect(const Fd& socket, const IpAddress& peer, std::uint16_t port) {
  SocketAddress address = socket_address(peer, port);
  if (::connect(socket.get(), address.get(), address.size) == 0) {
    return true;
  }
  if (errno != EINPROGRESS) {
    throw SystemError(errno, fmt::format("connect {} port {}", peer, port));
  }
  return false;
}

std::optional<Fd> tcp_accept(int listener, IpAddress& from) {
  SocketAddress address;
  address.size = sizeof address.storage;
  Fd socket(::accept4(listener, address.get(), &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) {
    return std::nullopt;
  }
  const bool v4 = address.storage.ss_family == AF_INET;
  const std::size_t at = v4 ? offsetof(sockaddr_in, sin_addr) : offsetof(sockaddr_in6, sin6_addr);
  from = IpAddress::from_bytes(std::as_bytes(std::span(&address.storage, 1)).subspan(at, v4 ? 4 : 16)).value();
  set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  return socket;
}

std::uint16_t local_port(int socket) {
  SocketAddress address;
  address.size = sizeof address.storage;
  check(::getsockname(socket, address.get(), &address.size), "getsockname");
  sockaddr_in in{};  // the port is at the same place in both families
  std::memcpy(&in, &address.storage, sizeof in);
  return ntohs(in.sin_port);
}

}  // namespace cats::bgp
