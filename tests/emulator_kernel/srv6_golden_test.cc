// Bytes of little-endian machines, as linux/seg6_iptunnel.h and linux/seg6_local.h lay them out.
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "emulator/kernel/srv6.h"

namespace cats::kernel {
namespace {

std::string hex(const std::vector<std::byte>& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text += i > 0 && i % 4 == 0 ? " " : "";
    text += fmt::format("{:02x}", std::to_integer<unsigned>(bytes[i]));
  }
  return text;
}

std::vector<std::byte> payload_of_encap(const std::vector<std::byte>& attributes) {
  return {attributes.begin() + 12, attributes.end()};  // behind RTA_ENCAP_TYPE (8) and RTA_ENCAP's own header (4)
}

TEST(Srv6, HEncapsWithOneSegment) {
  const HEncaps encap{{IpAddress::of("2001:2:0:f1::1")}};
  const auto bytes = encap_attributes(encap);
  EXPECT_EQ(hex(bytes),
            "06001500 05000000 "  // RTA_ENCAP_TYPE: LWTUNNEL_ENCAP_SEG6
            "24001680 "           // RTA_ENCAP, nested, 36 octets
            "20000100 01000000 "  // SEG6_IPTUNNEL_SRH: mode encap
            "00020400 00000000 "  // next header, 2×8 octets, type 4, segments left 0; last entry 0, flags, tag
            "20010002 000000f1 00000000 00000001");
  EXPECT_EQ(parse_encap(5, payload_of_encap(bytes)), Encap(encap));
}

TEST(Srv6, SegmentsTravelInReverse) {
  const HEncaps encap{{IpAddress::of("2001:2::a"), IpAddress::of("2001:2::b")}};
  const auto bytes = encap_attributes(encap);
  EXPECT_EQ(hex(bytes),
            "06001500 05000000 34001680 30000100 01000000 00040401 01000000 "
            "20010002 00000000 00000000 0000000b 20010002 00000000 00000000 0000000a");
  EXPECT_EQ(parse_encap(5, payload_of_encap(bytes)), Encap(encap));
}

TEST(Srv6, EndDx6) {
  const Seg6Local local{Seg6Local::Action::kEndDx6, IpAddress::of("2001:2:0:5::2")};
  const auto bytes = encap_attributes(local);
  EXPECT_EQ(hex(bytes),
            "06001500 07000000 "  // LWTUNNEL_ENCAP_SEG6_LOCAL
            "20001680 08000100 05000000 14000500 20010002 00000005 00000000 00000002");
  EXPECT_EQ(parse_encap(7, payload_of_encap(bytes)), Encap(local));
}

TEST(Srv6, EndDx4) {
  const Seg6Local local{Seg6Local::Action::kEndDx4, IpAddress::of("198.18.5.2")};
  const auto bytes = encap_attributes(local);
  EXPECT_EQ(hex(bytes), "06001500 07000000 14001680 08000100 06000000 08000400 c6120502");
  EXPECT_EQ(parse_encap(7, payload_of_encap(bytes)), Encap(local));
}

TEST(Srv6, End) {
  const Seg6Local local{Seg6Local::Action::kEnd, std::nullopt};
  const auto bytes = encap_attributes(local);
  EXPECT_EQ(hex(bytes), "06001500 07000000 0c001680 08000100 01000000");
  EXPECT_EQ(parse_encap(7, payload_of_encap(bytes)), Encap(local));
}

TEST(Srv6, WhatDoesNotFitIsRefusedByName) {
  EXPECT_THROW(encap_attributes(HEncaps{}), UsageError);
  EXPECT_THROW(encap_attributes(HEncaps{{IpAddress::of("198.18.0.1")}}), UsageError);
  try {
    encap_attributes(Seg6Local{Seg6Local::Action::kEndDx6, IpAddress::of("198.18.0.1")});
    FAIL() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_STREQ(
        error.what(),
        "encap seg6local action End.DX6 nh6 198.18.0.1: End takes no next hop, End.DX6 an IPv6 one, End.DX4 an "
        "IPv4 one");
  }
}

TEST(Srv6, CutOffAttributesAreNoTunnel) {
  const auto whole =
      payload_of_encap(encap_attributes(HEncaps{{IpAddress::of("2001:2::a"), IpAddress::of("2001:2::b")}}));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(parse_encap(5, cut), Encap{}) << length;
  }
}

}  // namespace
}  // namespace cats::kernel
