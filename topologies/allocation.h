// Addresses by position (topology.h has the table), and the check that none is used twice.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "base/diagnostics.h"
#include "base/ip.h"

namespace cats::topologies {

inline constexpr std::size_t kMaxLinks = 0xfff;

// All positions count from 1.
IpAddress loopback_address(std::size_t router);
IpAddress loopback4_address(std::size_t router);
IpAddress agent_address(std::size_t ingress);
IpAddress agent4_address(std::size_t ingress);
IpAddress cs_id_address(std::size_t service, bool v4);
IpPrefix link_address(std::size_t link, std::size_t end);  // end 0 or 1
IpPrefix link4_address(std::size_t link, std::size_t end);
IpPrefix locator_prefix(std::size_t egress);

// 2001:2::/48 (RFC 5180) and 198.18.0.0/15 (RFC 2544).
bool is_benchmarking(const IpPrefix& prefix);

class AddressBook {
 public:
  explicit AddressBook(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  // `place` is where the owner stands in the file.
  void add(const IpAddress& address, const std::string& owner, const Place& place);
  // Whoever lies inside a locator would be unreachable, or be taken for a SID.
  void check_locator(const IpPrefix& locator, const std::string& owner, const Place& place);

 private:
  Diagnostics& diagnostics_;
  std::map<IpAddress, std::string> owners_;
};

}  // namespace cats::topologies
