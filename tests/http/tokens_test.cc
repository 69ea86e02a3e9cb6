#include "http/tokens.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::http {
namespace {

using namespace std::chrono_literals;

TEST(Tokens, NameTheirHolder) {
  Tokens tokens;
  const std::string first = Tokens::generate();
  const std::string second = Tokens::generate();
  EXPECT_THAT(first, testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(first.size(), 64U);
  EXPECT_NE(first, second);
  tokens.add(first, {"es1", "edge-server"});
  ASSERT_NE(tokens.find(first), nullptr);
  EXPECT_EQ(tokens.find(first)->name, "es1");
  EXPECT_EQ(tokens.find(second), nullptr);
  EXPECT_EQ(tokens.find(""), nullptr);
}

TEST(RateLimit, LetsABurstThroughAndThenTheRate) {
  RateLimit limit(10, 5);
  const IpAddress peer = IpAddress::of("2001:2::1");
  Instant now = from_ns(1'000'000'000);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limit.allow(peer, now));
  EXPECT_FALSE(limit.allow(peer, now));
  EXPECT_TRUE(limit.allow(IpAddress::of("2001:2::2"), now));
  EXPECT_FALSE(limit.allow(peer, now + 99ms));
  EXPECT_TRUE(limit.allow(peer, now + 201ms));
  EXPECT_TRUE(limit.allow(peer, now + 201ms));
  EXPECT_FALSE(limit.allow(peer, now + 201ms));
}

TEST(RateLimit, ForgetsThoseWhoRest) {
  RateLimit limit(10, 5);
  const Instant now = from_ns(1'000'000'000);
  for (int i = 0; i < 100; ++i) limit.allow(IpAddress::of(fmt::format("2001:2::{:x}", i + 1)), now);
  EXPECT_EQ(limit.peers(), 100U);
  limit.allow(IpAddress::of("2001:2::1"), now + 11s);
  EXPECT_EQ(limit.peers(), 1U);
}

}  // namespace
}  // namespace cats::http
