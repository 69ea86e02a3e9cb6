#include "base/ip.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace cats {
namespace {

template <class T>
T value_or_throw(Expected<T> parsed) {
  if (!parsed) throw std::invalid_argument(parsed.error().message);
  return *std::move(parsed);
}

}  // namespace

Expected<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  IpAddress address;
  address.v4_ = text.find(':') == std::string_view::npos;
  if (::inet_pton(address.v4_ ? AF_INET : AF_INET6, terminated.c_str(), address.octets_.data()) != 1)
    return fail("\"{}\" is not an IP address", text);
  return address;
}

IpAddress IpAddress::of(std::string_view text) { return value_or_throw(parse(text)); }

Expected<IpAddress> IpAddress::from_bytes(std::span<const std::byte> octets) {
  if (octets.size() != 4 && octets.size() != 16) return fail("an IP address has 4 or 16 octets, not {}", octets.size());
  IpAddress address;
  address.v4_ = octets.size() == 4;
  std::ranges::copy(octets, address.octets_.begin());
  return address;
}

std::string IpAddress::str() const {
  char text[INET6_ADDRSTRLEN];
  return ::inet_ntop(v4_ ? AF_INET : AF_INET6, octets_.data(), text, sizeof text);
}

IpAddress IpAddress::plus(std::uint64_t n) const {
  IpAddress result = *this;
  const std::size_t size = bytes().size();
  const std::size_t first = v4_ ? 0 : 8;
  for (std::size_t i = size; i-- > first && n != 0;) {
    n += std::to_integer<std::uint64_t>(result.octets_[i]);
    result.octets_[i] = static_cast<std::byte>(n & 0xff);
    n >>= 8;
  }
  return result;
}

Expected<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return tl::make_unexpected(address.error());
  if (slash == std::string_view::npos) return IpPrefix::host(*address);
  const std::string_view digits = text.substr(slash + 1);
  int length = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc() || end != digits.data() + digits.size() || length < 0 || length > address->bits())
    return fail("\"{}\" has no prefix length of 0 to {}", text, address->bits());
  return IpPrefix{*address, length};
}

IpPrefix IpPrefix::of(std::string_view text) { return value_or_throw(parse(text)); }

std::string IpPrefix::str() const { return fmt::format("{}/{}", address.str(), length); }

IpPrefix IpPrefix::network() const {
  std::array<std::byte, 16> octets{};
  std::ranges::copy(address.bytes(), octets.begin());
  const std::size_t size = address.bytes().size();
  for (std::size_t i = 0; i < size; ++i) {
    const int kept = std::clamp(length - static_cast<int>(i) * 8, 0, 8);
    octets[i] &= static_cast<std::byte>(0xff00 >> kept);
  }
  return {*IpAddress::from_bytes(std::span(octets).first(size)), length};
}

bool IpPrefix::contains(const IpAddress& other) const {
  return other.is_v4() == address.is_v4() && IpPrefix{other, length}.network().address == network().address;
}

}  // namespace cats
