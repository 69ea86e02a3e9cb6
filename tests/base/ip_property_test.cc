#include <arpa/inet.h>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/ip.h"

namespace cats {
namespace {

// Octets of which many are zero, so that runs of zeros of every length and place come.
IpAddress any_address(std::size_t octets) {
  std::vector<std::byte> bytes(octets);
  for (std::byte& octet : bytes) octet = static_cast<std::byte>(*rc::gen::element(0, 0, 0, 0, 1, 0x20, 0xff, 0xff));
  return *IpAddress::from_bytes(bytes);
}

RC_GTEST_PROP(IpProperty, IsPrintedAsInetNtopDoes, ()) {
  for (const std::size_t octets : {4U, 16U}) {
    const IpAddress address = any_address(octets);
    char text[INET6_ADDRSTRLEN];
    RC_ASSERT(::inet_ntop(octets == 4 ? AF_INET : AF_INET6, address.bytes().data(), text, sizeof text) != nullptr);
    RC_ASSERT(address.str() == text);
    RC_ASSERT(IpAddress::of(address.str()) == address);
  }
}

TEST(Ip, PrintsZerosAndEmbeddedAddressesAsInetNtopDoes) {
  for (const char* text : {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:0:2::3", "1::2:0:0:3", "::ffff:198.18.0.1",
                           "::198.18.0.1", "::ffff:0:c612:1", "1:2:3:4:5:6:7:0", "0:1:2:3:4:5:6:7", "2001:2:0:1001::2"})
    EXPECT_EQ(IpAddress::of(text).str(), text);
}

TEST(Ip, RefusesWhatIsTooLongOrHasAZeroOctet) {
  EXPECT_FALSE(IpAddress::parse(std::string(1000, '1')));
  EXPECT_FALSE(IpAddress::parse(std::string(1000, ':')));
  EXPECT_FALSE(IpAddress::parse(std::string("::1\0x", 5)));
}

}  // namespace
}  // namespace cats
