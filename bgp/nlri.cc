#include "bgp/nlri.h"

#include <algorithm>
#include <array>

namespace cats::bgp {
namespace {

constexpr std::size_t octets_of(int bits) { return static_cast<std::size_t>(bits + 7) / 8; }

// The last octet that a prefix length touches, without its host bits.
constexpr std::byte without_host_bits(std::byte last, int length) {
  return length % 8 == 0 ? last : last & static_cast<std::byte>(0xff00 >> (length % 8) & 0xff);
}

}  // namespace

bool read_nlri(ByteView data, bool v4, bool path_ids, std::vector<Nlri>& out) {
  Reader r(data);
  while (!r.empty()) {
    Nlri nlri;
    if (path_ids) {
      nlri.path_id = r.u32();
    }
    const int length = r.u8();
    if (length > (v4 ? 32 : 128)) {
      return false;
    }
    const ByteView octets = r.bytes(octets_of(length));
    if (!r.ok()) {
      return false;
    }
    std::array<std::byte, 16> address{};
    std::copy(octets.begin(), octets.end(), address.begin());
    if (!octets.empty()) {
      address[octets.size() - 1] = without_host_bits(octets.back(), length);
    }
    nlri.prefix = {*IpAddress::from_bytes(ByteView(address).first(v4 ? 4 : 16)), length};
    out.push_back(nlri);
  }
  return r.ok();
}

bool write_nlri(Writer& w, const Nlri& nlri, bool v4, bool path_ids) {
  const IpPrefix& prefix = nlri.prefix;
  if (prefix.address.is_v4() != v4 || prefix.length < 0 || prefix.length > prefix.address.bits()) {
    return false;
  }
  if (path_ids) {
    w.u32(nlri.path_id);
  }
  w.u8(static_cast<std::uint8_t>(prefix.length));
  const ByteView octets = prefix.address.bytes().first(octets_of(prefix.length));
  if (!octets.empty()) {
    w.bytes(octets.first(octets.size() - 1));
    w.u8(std::to_integer<std::uint8_t>(without_host_bits(octets.back(), prefix.length)));
  }
  return true;
}

std::size_t nlri_size(const Nlri& nlri, bool path_ids) {
  return (path_ids ? 4U : 0U) + 1U + octets_of(nlri.prefix.length);
}

}  // namespace cats::bgp
