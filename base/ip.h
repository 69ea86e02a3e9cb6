// IPv4 and IPv6 addresses and prefixes as values: comparable, hashable through their text, without sockets.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace cats {

class IpAddress {
 public:
  IpAddress() = default;  // ::
  static Expected<IpAddress> parse(std::string_view text);
  // For addresses written in the program itself; throws std::invalid_argument.
  static IpAddress of(std::string_view text);
  // 4 or 16 octets in network order.
  static Expected<IpAddress> from_bytes(std::span<const std::byte> octets);

  bool is_v4() const { return v4_; }
  bool is_v6() const { return !v4_; }
  int bits() const { return v4_ ? 32 : 128; }
  std::span<const std::byte> bytes() const { return std::span(octets_).first(v4_ ? 4 : 16); }
  std::string str() const;  // canonical text, RFC 5952 for IPv6
  // The same into a buffer of kLongest octets, without a final zero; returns its end.
  static constexpr std::size_t kLongest = 46;
  char* write(char* text) const;
  // The address `n` further on (n counted in the last 64 bits for IPv6, 32 for IPv4; wraps there).
  IpAddress plus(std::uint64_t n) const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  bool v4_ = false;
  std::array<std::byte, 16> octets_{};
};

// An address with a prefix length; host bits may be set (an interface address) unless made by network().
struct IpPrefix {
  IpAddress address;
  int length = 0;

  static Expected<IpPrefix> parse(std::string_view text);  // "2001:2::/48"; a bare address is a host prefix
  static IpPrefix of(std::string_view text);
  static IpPrefix host(const IpAddress& address) { return {address, address.bits()}; }

  std::string str() const;
  IpPrefix network() const;  // host bits cleared
  bool contains(const IpAddress& other) const;

  auto operator<=>(const IpPrefix&) const = default;
};

}  // namespace cats

template <>
struct fmt::formatter<cats::IpAddress> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const cats::IpAddress& a, Context& context) const {
    return fmt::formatter<std::string>::format(a.str(), context);
  }
};

template <>
struct fmt::formatter<cats::IpPrefix> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const cats::IpPrefix& p, Context& context) const {
    return fmt::formatter<std::string>::format(p.str(), context);
  }
};
