// For any value: encode then decode is the identity. For any octets: decoding ends, within bounds (the sanitizers
// watch).
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/random.h"
#include "bgp/bmp.h"
#include "tests/bgp/support.h"

namespace cats::bgp {
namespace {

using namespace testing;

// Values of one case come from a stream whose seed rapidcheck draws and, on failure, reports: an UPDATE takes hundreds
// of draws, and rapidcheck keeps a shrink tree for each of its own.
RandomStream& stream() {
  static RandomStream current(0, "");
  return current;
}

std::uint64_t u64() { return stream().bits(); }
std::uint32_t u32() { return static_cast<std::uint32_t>(u64()); }
std::size_t below(std::size_t n) { return stream().below(n); }
std::uint8_t u8(std::size_t end = 256) { return static_cast<std::uint8_t>(below(end)); }
bool coin() { return below(2) == 0; }

Bytes octets(std::size_t at_most) {
  Bytes out(below(at_most + 1));
  for (std::byte& b : out) {
    b = static_cast<std::byte>(u8());
  }
  return out;
}

template <class Property>
bool holds(Property property) {
  return rc::check([&](std::uint64_t seed) {
    stream() = RandomStream(seed, "codec");
    property();
  });
}

std::vector<std::uint32_t> numbers(std::size_t least, std::size_t most) {
  std::vector<std::uint32_t> out(least + below(most - least + 1));
  for (std::uint32_t& n : out) {
    n = u32();
  }
  return out;
}

SubTlv any_sub_tlv() {
  switch (below(10)) {
    case 0:
      return SitePreference{u32(), u8()};
    case 1:
      return SiteAvailability{static_cast<std::uint16_t>(u32()), static_cast<std::uint16_t>(u32()), coin(), u8(0x80)};
    case 2:
      return DelayPrediction{DelayPrediction::Relative{u32()}, u8(0x80)};
    case 3:
      return coin() ? DelayPrediction{DelayPrediction::Milliseconds{u32()}, u8(0x40)}
                    : DelayPrediction{DelayPrediction::Ntp{u64()}, u8(0x40)};
    case 4: {
      RawMeasurement m{{}, u8()};
      for (std::size_t i = below(4); i > 0; --i) {
        if (coin()) {
          m.entries.emplace_back(RawMeasurement::Traffic{coin(), u32(), u32(), u32(), u8(0x80)});
        } else {
          m.entries.emplace_back(RawMeasurement::Unknown{static_cast<std::uint16_t>(2 + below(1000)), octets(20)});
        }
      }
      return m;
    }
    case 5:
      return ServiceCapability{u8(16), u32(), static_cast<std::uint8_t>(u8(16) << 4)};
    case 6:
      return AvailableResource{coin(), u8(16), u32(), static_cast<std::uint8_t>(u8(8) << 4)};
    case 7:
      return AsScope{65000, u8(), coin() ? std::optional(u8()) : std::nullopt};
    case 8: {
      CatsMetrics m{{}, u8()};
      for (std::size_t i = below(64); i > 0; --i) {
        m.entries.push_back({u8(), u8(4), u8(2), u8(8), u8(), u8(8), u8(128)});
      }
      return m;
    }
    default:
      return coin() ? SubTlv(CatsStamp{u32(), u64(), u8()})
                    : SubTlv(UnknownSubTlv{static_cast<std::uint16_t>(8 + below(65000)), octets(255)});
  }
}

EdgeMetadata any_metadata() {
  EdgeMetadata m;
  for (std::size_t i = 1 + below(6); i > 0; --i) {
    m.sub_tlvs.push_back(any_sub_tlv());
  }
  return m;
}

IpAddress any_address(bool v4) {
  Bytes out;
  Writer w(out);
  if (v4) {
    w.u32(u32());
  } else {
    w.u64(u64());
    w.u64(u64());
  }
  return *IpAddress::from_bytes(out);
}

std::vector<Nlri> any_nlri(bool v4, bool path_ids) {
  std::vector<Nlri> out(below(5));
  for (Nlri& n : out) {
    n.prefix = IpPrefix{any_address(v4), static_cast<int>(below(v4 ? 33 : 129))}.network();
    n.path_id = path_ids ? u32() : 0;
  }
  return out;
}

AsPath any_path() {
  AsPath path;
  for (std::size_t i = below(4); i > 0; --i) {
    path.segments.push_back({static_cast<AsPath::SegmentType>(1 + below(2)), numbers(1, 6)});
  }
  return path;
}

// An UPDATE without errors on an internal session of that shape.
Update any_update(const SessionParameters& s) {
  Update u;
  PathAttributes& a = u.attributes;
  u.withdrawn = any_nlri(true, s.sends_path_ids(ipv4_unicast));
  u.nlri = any_nlri(true, s.sends_path_ids(ipv4_unicast));
  if (coin()) {
    const bool v4 = coin();
    const Family family = v4 ? ipv4_unicast : ipv6_unicast;
    u.mp_reach = MpReach{
        .family = family, .next_hop = any_address(v4 && coin()), .nlri = any_nlri(v4, s.sends_path_ids(family))};
    if (u.mp_reach->next_hop.is_v6() && coin()) {
      u.mp_reach->link_local_next_hop = any_address(false);
    }
  }
  if (coin()) {
    u.mp_unreach = MpUnreach{.withdrawn = any_nlri(false, s.sends_path_ids(ipv6_unicast))};
  }
  a.origin = static_cast<Origin>(below(3));
  a.as_path = any_path();
  a.next_hop = any_address(true);
  a.local_pref = u32();
  if (coin()) a.med = u32();
  a.atomic_aggregate = coin();
  if (coin()) a.aggregator = Aggregator{u32(), u32()};
  a.communities = numbers(0, 70);
  if (coin()) a.originator_id = u32();
  a.cluster_list = numbers(0, 4);
  for (std::size_t i = below(3); i > 0; --i) a.large_communities.push_back({u32(), u32(), u32()});
  if (coin()) a.prefix_sid = PrefixSid::of({.sid = any_address(false), .flags = u8(), .behavior = 17});
  if (coin()) a.edge_metadata = CarriedEdgeMetadata{any_metadata(), 0xc0};
  if (coin()) {
    const Bytes value = octets(300);
    a.unknown.push_back({static_cast<std::uint8_t>(value.size() > 255 ? 0xf0 : 0xe0), 200, value});
  }
  return u;
}

// A long attribute 42 comes back with the bit that its length needs.
Update without_extended_length(Update u) {
  if (u.attributes.edge_metadata) {
    u.attributes.edge_metadata->flags &= static_cast<std::uint8_t>(~attribute_flag::extended_length);
  }
  return u;
}

SessionParameters any_session() {
  SessionParameters s = internal_session();
  s.extended_messages = true;
  if (coin()) s.add_path_tx = s.add_path_rx = {ipv4_unicast, ipv6_unicast};
  return s;
}

// Some octets of a good encoding changed, cut or added.
Bytes mutated(Bytes data) {
  for (std::size_t i = below(6); i > 0 && !data.empty(); --i) {
    const std::size_t at = below(data.size());
    switch (below(3)) {
      case 0:
        data[at] = static_cast<std::byte>(u8());
        break;
      case 1:
        data.resize(at);
        break;
      default:
        data.insert(data.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::byte>(u8()));
    }
  }
  data.shrink_to_fit();
  return data;
}

TEST(CodecProperty, EdgeMetadataComesBack) {
  EXPECT_TRUE(holds([] {
    const EdgeMetadata m = any_metadata();
    const auto encoded = encode_edge_metadata(m);
    RC_ASSERT(encoded.has_value());
    const auto decoded = decode_edge_metadata(*encoded);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == m);
  }));
}

TEST(CodecProperty, AnyOctetsAreEdgeMetadataOrNot) {
  EXPECT_TRUE(holds([] {
    const Bytes data = coin() ? octets(100) : mutated(encode_edge_metadata(any_metadata()).value());
    if (const auto decoded = decode_edge_metadata(data)) {
      RC_ASSERT(encode_edge_metadata(*decoded).value() == data);
    }
  }));
}

TEST(CodecProperty, UpdatesComeBack) {
  EXPECT_TRUE(holds([] {
    const SessionParameters s = any_session();
    const Update u = any_update(s);
    const DecodedUpdate decoded = decode_update(encode_one(u, s), s);
    RC_ASSERT(decoded.action == ErrorAction::none);
    RC_ASSERT(without_extended_length(decoded.update) == u);
  }));
}

TEST(CodecProperty, TwoOctetSessionsLoseNoAsNumber) {
  EXPECT_TRUE(holds([] {
    SessionParameters s = any_session();
    s.four_octet_as = false;
    const Update u = any_update(s);
    const DecodedUpdate decoded = decode_update(encode_one(u, s), s);
    RC_ASSERT(decoded.action == ErrorAction::none);
    RC_ASSERT(without_extended_length(decoded.update) == u);
  }));
}

TEST(CodecProperty, AnyOctetsAreAnUpdateOrAProblem) {
  EXPECT_TRUE(holds([] {
    SessionParameters s = any_session();
    const Bytes data = coin() ? octets(100) : mutated(encode_one(any_update(s), s));
    s.four_octet_as = coin();
    const DecodedUpdate decoded = decode_update(data, s);
    RC_ASSERT((decoded.action == ErrorAction::none) == decoded.problems.empty());
    RC_ASSERT((decoded.action < ErrorAction::afi_safi_disable) || decoded.notification.has_value());
    route_changes(decoded);
    end_of_rib(decoded);
  }));
}

TEST(CodecProperty, AnyOctetsAreFramedOrNot) {
  EXPECT_TRUE(holds([] {
    const std::vector<Capability> capabilities = {MultiprotocolCapability{ipv6_unicast}, FourOctetAsCapability{u32()},
                                                  EdgeMetadataCapability{coin(), {ipv6_unicast}},
                                                  UnknownCapability{u8(), octets(40)}};
    const auto open = encode_open({.as = 1 + u32() / 2, .router_id = 1, .capabilities = capabilities});
    RC_ASSERT(open.has_value());
    const Bytes data = mutated(*open);
    const NextMessage next = next_message(data, coin());
    if (const auto* frame = std::get_if<Frame>(&next)) {
      RC_ASSERT(frame->whole.size() <= data.size());
      static_cast<void>(decode_open(frame->body));
      static_cast<void>(decode_notification(frame->body));
      static_cast<void>(decode_route_refresh(frame->body));
    }
  }));
}

TEST(CodecProperty, AnyOctetsAreBmpOrNot) {
  EXPECT_TRUE(holds([] {
    Bytes data = octets(150);
    if (data.size() >= 6 && coin()) {  // a plausible common header
      Bytes head;
      Writer w(head);
      w.u8(3);
      w.u32(static_cast<std::uint32_t>(data.size()));
      w.u8(u8(8));
      std::copy(head.begin(), head.end(), data.begin());
    }
    if (const auto decoded = decode_bmp(data)) {
      RC_ASSERT(bmp_message_size(data).value() == data.size());
    }
  }));
}

TEST(CodecProperty, NtpKeepsEveryNanosecond) {
  EXPECT_TRUE(holds([] {
    const std::int64_t ns = -61'505'152'000'000'000 + static_cast<std::int64_t>(below(4'294'967'296'000'000'000));
    RC_ASSERT(unix_ns_from_ntp(ntp_from_unix_ns(ns)) == ns);
    const Duration d(static_cast<std::int64_t>(below(4'294'967'296'000'000'000)));
    RC_ASSERT(duration_from_ntp(ntp_from_duration(d)) == d);
  }));
}

}  // namespace
}  // namespace cats::bgp
