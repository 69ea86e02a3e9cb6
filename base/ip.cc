#include "base/ip.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <utility>

namespace cats {
namespace {

template <class T>
T value_or_throw(Expected<T> parsed) {
  if (!parsed) throw std::invalid_argument(parsed.error().message);
  return *std::move(parsed);
}

char* write_dotted(char* text, const std::byte* octets) {
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) *text++ = '.';
    text = std::to_chars(text, text + 3, std::to_integer<unsigned>(octets[i])).ptr;
  }
  return text;
}

// Where the first of the longest runs of zeros begins, and its length (RFC 5952, section 4.2).
std::pair<std::size_t, std::size_t> longest_zeros(const std::array<unsigned, 8>& groups) {
  std::size_t begin = 0, longest = 0, run = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    run = groups[i] == 0 ? run + 1 : 0;
    if (run <= longest) continue;
    longest = run;
    begin = i + 1 - run;
  }
  return {begin, longest};
}

}  // namespace

Expected<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[kLongest] = {};
  IpAddress address;
  address.v4_ = text.find(':') == std::string_view::npos;
  if (text.size() >= kLongest || text.find('\0') != std::string_view::npos ||
      (std::ranges::copy(text, terminated),
       ::inet_pton(address.v4_ ? AF_INET : AF_INET6, terminated, address.octets_.data()) != 1))
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
  char text[kLongest];
  return {text, write(text)};
}

// inet_ntop prints every group with sprintf, which takes longer than what a controller does with an address.
char* IpAddress::write(char* text) const {
  const auto octet = [this](std::size_t i) { return std::to_integer<unsigned>(octets_[i]); };
  if (v4_) return write_dotted(text, octets_.data());
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = octet(2 * i) << 8 | octet(2 * i + 1);
  const auto [zeros, count] = longest_zeros(groups);
  // IPv4 addresses in IPv6 ones, mapped and compatible.
  const bool dotted = zeros == 0 && (count == 6 || (count == 5 && groups[5] == 0xffff));
  for (std::size_t i = 0; i < groups.size();) {
    if (count > 1 && i == zeros) {
      *text++ = ':';
      i += count;
      if (i == groups.size()) *text++ = ':';
      continue;
    }
    if (i > 0) *text++ = ':';
    if (i == 6 && dotted) return write_dotted(text, octets_.data() + 12);
    text = std::to_chars(text, text + 4, groups[i++], 16).ptr;
  }
  return text;
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
