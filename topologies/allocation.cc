#include "topologies/allocation.h"

namespace cats::topologies {
namespace {

IpAddress in_subnet(std::size_t subnet, std::uint64_t n) {
  return IpAddress::of(fmt::format("2001:2:0:{:x}::", subnet)).plus(n);
}

}  // namespace

IpAddress loopback_address(std::size_t router) { return in_subnet(0xff, router); }
IpAddress loopback4_address(std::size_t router) { return IpAddress::of("198.19.128.0").plus(router); }
IpAddress agent_address(std::size_t ingress) { return in_subnet(0xa9, ingress); }
IpAddress agent4_address(std::size_t ingress) { return IpAddress::of("198.19.64.0").plus(ingress); }
IpAddress cs_id_address(std::size_t service, bool v4) {
  return v4 ? IpAddress::of("198.19.0.0").plus(service) : in_subnet(0xc5, service);
}
IpPrefix link_address(std::size_t link, std::size_t end) { return {in_subnet(0x1000 + link, 1 + end), 64}; }
IpPrefix link4_address(std::size_t link, std::size_t end) {
  return {IpAddress::of("198.18.0.0").plus(4 * link + 1 + end), 30};
}
IpPrefix locator_prefix(std::size_t egress) { return {in_subnet(0x2000 + egress, 0), 64}; }

bool is_benchmarking(const IpPrefix& prefix) {
  static const IpPrefix v6 = IpPrefix::of("2001:2::/48");
  static const IpPrefix v4 = IpPrefix::of("198.18.0.0/15");
  const IpPrefix& range = prefix.address.is_v4() ? v4 : v6;
  return prefix.length >= range.length && range.contains(prefix.address);
}

void AddressBook::add(const IpAddress& address, const std::string& owner, const Place& place) {
  const auto [other, added] = owners_.emplace(address, owner);
  if (!added) diagnostics_.add(place, fmt::format("{}: {} is already that of {}", owner, address, other->second));
}

void AddressBook::check_locator(const IpPrefix& locator, const std::string& owner, const Place& place) {
  for (const auto& [address, other] : owners_)
    if (locator.contains(address))
      diagnostics_.add(place, fmt::format("{}: the locator {} contains {} of {}", owner, locator, address, other));
}

}  // namespace cats::topologies
