// What BGP asks of a TCP socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/ip.h"

namespace cats::bgp {

struct TcpOptions {
  bool freebind = false;      // bind to an address that is no interface's (IP_FREEBIND, IPV6_FREEBIND)
  std::string md5_password;   // RFC 2385; at most 80 octets; empty for none
  int ttl_security_hops = 0;  // RFC 5082: hops the peer may be away, 1 for on-link; 0 for none
  std::optional<int> ttl;     // of what we send; not together with ttl_security_hops
};

// Non-blocking sockets with the options set, TCP_NODELAY included. Throw SystemError naming address and option.
Fd tcp_socket(const IpAddress& peer, const std::optional<IpAddress>& local, const TcpOptions& options);
Fd tcp_listener(const IpAddress& peer, const IpAddress& local, std::uint16_t port, const TcpOptions& options);
// True when connected at once, false when in progress.
bool tcp_connect(const Fd& socket, const IpAddress& peer, std::uint16_t port);
// Nothing when none is waiting. `from` is the peer's address.
std::optional<Fd> tcp_accept(int listener, IpAddress& from);
std::uint16_t local_port(int socket);

}  // namespace cats::bgp
