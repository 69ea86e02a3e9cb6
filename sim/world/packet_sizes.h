// Octets that packets have on links with a rate: the IP packet with all its headers, without the link layer's.
// docs/simulator.md#links-with-a-rate.
#pragma once

#include <algorithm>
#include <cstddef>

namespace cats::sim {

inline constexpr std::size_t kMtu = 1500;
// H.Encaps (RFC 8986 section 5.1): an IPv6 header and a segment routing header of one segment (RFC 8754).
inline constexpr std::size_t kTunnelOctets = 40 + 8 + 16;
// HTTP's lines and a record of TLS around the JSON of a message over REST.
inline constexpr std::size_t kRestOctets = 250;

constexpr std::size_t ip_octets(bool v6) { return v6 ? 40 : 20; }

// With Linux' options: maximum segment size, selective acknowledgement, timestamps, window scale.
constexpr std::size_t syn_octets(bool v6) { return ip_octets(v6) + 40; }
constexpr std::size_t reset_octets(bool v6) { return ip_octets(v6) + 20; }
// ICMP: a SYN had no route.
constexpr std::size_t no_route_octets(bool v6) { return ip_octets(v6) + 8 + syn_octets(v6); }

// Of a message over TCP in as few segments as it takes, with timestamps. An acknowledgement or a FIN has no payload.
constexpr std::size_t tcp_octets(std::size_t payload, bool v6) {
  const std::size_t head = ip_octets(v6) + 32;
  const std::size_t room = kMtu - head;
  return payload + head * std::max<std::size_t>(1, (payload + room - 1) / room);
}

}  // namespace cats::sim
