// The tap as a process outside a router's namespace; the router is a hand-made BMP stream inside it.
#include <gtest/gtest.h>

#include "base/event_log.h"
#include "bgp/message.h"
#include "bgp/update.h"
#include "emulator/roles/tap.h"
#include "tests/edge_server/role_process.h"
#include "tests/support/namespace.h"
#include "tests/support/needs.h"
#include "tests/support/raw_http.h"
#include "tests/support/temporary_directory.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;

bgp::Bytes update(std::optional<std::uint32_t> seq, const char* next_hop, bool standard = false) {
  bgp::Update update;
  update.attributes.origin = bgp::Origin::igp;
  update.attributes.as_path = bgp::AsPath::sequence({65101});
  bgp::EdgeMetadata metadata;
  metadata.sub_tlvs.emplace_back(bgp::SitePreference{1});
  if (seq) metadata.sub_tlvs.emplace_back(bgp::CatsStamp{*seq, 0});
  update.attributes.edge_metadata = bgp::CarriedEdgeMetadata{metadata, 0};
  bgp::MpReach reach;
  reach.next_hop = IpAddress::of(next_hop);
  reach.nlri = {{IpPrefix::of("2001:2::100/128"), 0}};
  update.mp_reach = reach;
  bgp::SessionParameters session;
  session.local_as = 65101;
  session.peer_as = 65000;
  session.families = {bgp::ipv6_unicast};
  session.edge_metadata_negotiated = session.edge_metadata_peer_announced = standard;
  session.edge_metadata_any_family = standard;
  bgp::Bytes octets;
  const auto encoded = bgp::encode_update(update, session, octets);
  if (!encoded) throw std::runtime_error(encoded.error().message);
  return octets;
}

enum class Kind : std::uint8_t { peer_up = 3, mirroring = 6 };

// RFC 7854 sections 4.1 and 4.2.
std::string bmp(Kind kind, const char* peer, const bgp::Bytes& body, std::uint8_t peer_flags = 0x80) {
  bgp::Bytes out;
  bgp::Writer writer(out);
  writer.u8(3);
  writer.u32(static_cast<std::uint32_t>(6 + 42 + body.size()));
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.u8(0);  // global instance peer
  writer.u8(peer_flags);
  writer.u64(0);
  writer.bytes(IpAddress::of(peer).bytes());
  writer.u32(65101);
  writer.u32(0x0a000002);
  writer.u64(0);
  writer.bytes(body);
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

// Section 4.10: the two OPENs of a session, with or without the Edge Metadata Capability.
std::string peer_up(const char* peer, bool standard) {
  bgp::Bytes body;
  bgp::Writer writer(body);
  writer.bytes(IpAddress::of("2001:2:1::1").bytes());
  writer.u16(179);
  writer.u16(40000);
  for (const std::uint32_t as : {65000u, 65101u}) {
    bgp::Open open;
    open.as = as;
    open.router_id = as;
    open.hold_time_s = 9;
    open.capabilities = {bgp::MultiprotocolCapability{bgp::ipv6_unicast}, bgp::FourOctetAsCapability{as}};
    if (standard) open.capabilities.emplace_back(bgp::EdgeMetadataCapability{.any_family = true});
    writer.bytes(*bgp::encode_open(open));
  }
  return bmp(Kind::peer_up, peer, body);
}

// Section 4.7.
std::string mirroring(const char* peer, const bgp::Bytes& message, std::uint8_t peer_flags = 0x80) {
  bgp::Bytes body;
  bgp::Writer writer(body);
  writer.u16(0);  // BGP message
  writer.u16(static_cast<std::uint16_t>(message.size()));
  writer.bytes(message);
  return bmp(Kind::mirroring, peer, body, peer_flags);
}

TEST(TapNetns, LogsEachStampedUpdateBeforePolicy) {
  CATS_NEEDS_ROOT();
  support::ScopedNamespace ns("tap");
  support::TemporaryDirectory directory;
  const TapConfig config{
      {"tap", directory / "tap.jsonl", directory / "tap.sock"}, {{"r1", "/run/netns/" + ns.name(), 5000}}, {}};
  RoleProcess tap("tap", config.control, [&] { return run_tap(config); });
  EXPECT_FALSE(tap.call({{"do", "status"}})["routers"]["r1"]["connected"]);

  ns.enter();
  support::RawHttp router(5000);  // only inside the namespace does anyone listen there
  ns.leave();
  const char* transit = "2001:2:1::2";
  const char* standard = "2001:2:1::3";
  router.send(peer_up(transit, false) + peer_up(standard, true));
  const std::string first = mirroring(transit, update(41, "2001:2:0:1::1"));
  router.send(first.substr(0, 30));
  router.send(first.substr(30) + mirroring(transit, update(42, "2001:2:0:1::1"), 0xC0));  // post-policy
  router.send(mirroring(transit, update(std::nullopt, "2001:2:0:1::1")));
  router.send(mirroring(transit, update(43, "2001:2:0:2::1")));
  router.send(mirroring(standard, update(44, "2001:2:0:2::1", true)));
  router.send(mirroring("2001:2:1::4", update(45, "2001:2:0:2::1")));  // of a session that nobody announced
  const auto status = [&] { return tap.call({{"do", "status"}})["routers"]["r1"]; };
  ASSERT_TRUE(support::wait_for(5s, [&] { return status()["messages"] == 6; })) << status();
  EXPECT_TRUE(status()["connected"]);
  EXPECT_EQ(status()["unread"], 1);
  EXPECT_LT(tap.call({{"do", "status"}})["resident_bytes"], 15 * 1000 * 1000);
  tap.call({{"do", "stop"}});
  EXPECT_EQ(tap.wait(), 0);

  std::vector<std::string> seen;
  const auto events = read_events(config.events);
  for (const auto& event : *events)
    if (event["event"] == "hop_seen")
      seen.push_back(fmt::format("{} {} {} {}", event["router"].get<std::string>(), event["tap"].get<std::string>(),
                                 event["source"].get<std::string>(), event["seq"].get<int>()));
  EXPECT_EQ(seen, (std::vector<std::string>{"r1 bmp 2001:2:0:1::1 41", "r1 bmp 2001:2:0:2::1 43",
                                            "r1 bmp 2001:2:0:2::1 44"}));
}

}  // namespace
}  // namespace cats::roles
