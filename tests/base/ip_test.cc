#include "base/ip.h"

#include <gtest/gtest.h>

namespace cats {
namespace {

TEST(Ip, ParsesAndPrintsCanonically) {
  EXPECT_EQ(IpAddress::of("2001:0002:0:0::1").str(), "2001:2::1");
  EXPECT_EQ(IpAddress::of("198.18.0.1").str(), "198.18.0.1");
  EXPECT_FALSE(IpAddress::parse("198.18.0.256"));
  EXPECT_FALSE(IpAddress::parse("2001:2::g"));
  EXPECT_FALSE(IpAddress::parse(""));
}

TEST(Ip, Counts) {
  EXPECT_EQ(IpAddress::of("2001:2::ff").plus(1).str(), "2001:2::100");
  EXPECT_EQ(IpAddress::of("198.18.0.255").plus(2).str(), "198.18.1.1");
  EXPECT_EQ(IpAddress::of("2001:2::ffff:ffff:ffff:ffff").plus(1).str(), "2001:2::");
}

TEST(Ip, PrefixesContain) {
  const IpPrefix prefix = IpPrefix::of("2001:2:0:10::5/62");
  EXPECT_EQ(prefix.network().str(), "2001:2:0:10::/62");
  EXPECT_TRUE(prefix.contains(IpAddress::of("2001:2:0:13::1")));
  EXPECT_FALSE(prefix.contains(IpAddress::of("2001:2:0:14::1")));
  EXPECT_FALSE(prefix.contains(IpAddress::of("198.18.0.1")));
  EXPECT_EQ(IpPrefix::of("198.18.255.255/15").network().str(), "198.18.0.0/15");
  EXPECT_EQ(IpPrefix::of("198.18.0.1").length, 32);
  EXPECT_FALSE(IpPrefix::parse("2001:2::/129"));
  EXPECT_FALSE(IpPrefix::parse("198.18.0.0/33"));
  EXPECT_FALSE(IpPrefix::parse("198.18.0.0/"));
}

}  // namespace
}  // namespace cats
