// Our speaker and FRR's bgpd: routes with attribute 42 in and out, several paths, BMP, MD5, TTL security, restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bgp/bmp_receiver.h"
#include "tests/bgp_speaker/interop_fixture.h"

namespace cats::bgp::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string head = R"(
router bgp 65000
 bgp router-id 198.18.0.2
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 bgp bestpath as-path multipath-relax
)";

std::string neighbor(const std::string& address, std::uint32_t as, const std::string& more = "") {
  return fmt::format(" neighbor {0} remote-as {1}\n neighbor {0} passive\n neighbor {0} timers 3 9\n{2}", address, as,
                     more);
}

std::string families(const std::vector<std::string>& neighbors, const std::string& more = "") {
  std::string text;
  for (const char* family : {"ipv4", "ipv6"}) {
    text += fmt::format(" address-family {} unicast\n", family);
    for (const std::string& one : neighbors) {
      text += fmt::format("  neighbor {} activate\n", one);
    }
    text += more + " exit-address-family\n";
  }
  return text;
}

const std::string edge1 = "2001:2:0:1::11", edge2 = "2001:2:0:1::12", listener = "2001:2:0:1::13";

struct FrrInterop : InteropTest {
  void start(const std::string& config) {
    // Debian keeps bgpd outside of PATH.
    ASSERT_NO_FATAL_FAILURE(start_daemon("bgpd.conf", config,
                                         {support::program_path("bgpd"), "-S", "-n", "-Z", "-M", "bmp", "-f",
                                          (directory / "bgpd.conf").string(), "--vty_socket", directory.path().string(),
                                          "-i", (directory / "bgpd.pid").string(), "-P", "0", "--log", "stdout"}));
  }
  Arguments vtysh(const std::string& command) const {
    return {"vtysh", "--vty_socket", directory.path().string(), "-c", command};
  }
  SpeakerConfig listener_config() const {
    SpeakerConfig config = speaker_config(listener);
    config.session.local_as = 65000;
    config.session.router_id = IpAddress::of("198.18.0.13");
    config.session.add_path = {{ipv6_unicast, AddPathCapability::receive}, {ipv4_unicast, AddPathCapability::receive}};
    return config;
  }
};

TEST_F(FrrInterop, CarriesOurRoutesOfBothFamilies) {
  CATS_NEEDS_PROGRAM("bgpd");
  CATS_NEEDS_PROGRAM("tshark");
  CATS_NEEDS_PROGRAM("tcpdump");
  start_capture();
  start(head + neighbor(edge1, our_as) + neighbor(listener, 65000) + families({edge1, listener}));
  Recorder speaker(io, speaker_config(edge1)), observer(io, listener_config());
  speaker->start();
  observer->start();
  ASSERT_TRUE(run_until(io, 10s, [&] { return speaker.established() && observer.established(); }));
  ASSERT_TRUE(speaker->send(service_announcement_v6(41)));
  ASSERT_TRUE(speaker->send(service_announcement_v4(42)));
  EXPECT_TRUE(answers(vtysh("show bgp ipv6 unicast json"), service_v6));
  EXPECT_TRUE(answers(vtysh("show bgp ipv4 unicast json"), service_v4));
  ASSERT_TRUE(run_until(io, 10s, [&] { return observer.route(service_v6) && observer.route(service_v4); }));
  const auto& metadata = observer.route(service_v6)->decoded.update.attributes.edge_metadata;
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->metadata, service_announcement_v6(41).attributes.edge_metadata->metadata);
  EXPECT_EQ(metadata->flags & 0xE0, 0xE0) << "FRR adds the Partial bit";

  ASSERT_TRUE(speaker->send(service_withdrawal_v6()));
  ASSERT_TRUE(speaker->send(service_withdrawal_v4()));
  EXPECT_TRUE(answers(vtysh("show bgp ipv6 unicast json"), service_v6, false));
  EXPECT_TRUE(answers(vtysh("show bgp ipv4 unicast json"), service_v4, false));
  EXPECT_TRUE(run_until(io, 5s, [&] { return !observer.route(service_v6) && !observer.route(service_v4); }));
  EXPECT_THAT(speaker.notifications, IsEmpty());
  EXPECT_THAT(malformed(), IsEmpty());
}

TEST_F(FrrInterop, EveryPathComesWithItsOwnNextHop) {
  CATS_NEEDS_PROGRAM("bgpd");
  start(
      head + neighbor(edge1, our_as) + neighbor(edge2, 65102) + neighbor(listener, 65000) +
      families({edge1, edge2, listener},
               fmt::format("  neighbor {0} addpath-tx-all-paths\n  neighbor {0} route-reflector-client\n", listener)));
  SpeakerConfig second = speaker_config(edge2);
  second.session.local_as = 65102;
  second.session.router_id = IpAddress::of("198.18.0.12");
  Recorder one(io, speaker_config(edge1)), two(io, second), observer(io, listener_config());
  one->start();
  two->start();
  observer->start();
  ASSERT_TRUE(run_until(io, 10s, [&] { return one.established() && two.established() && observer.established(); }));
  ASSERT_TRUE(observer->parameters()->receives_path_ids(ipv6_unicast));
  ASSERT_TRUE(one->send(service_announcement_v6(1)));
  ASSERT_TRUE(two->send(service_announcement_v6(2, 65102, "2001:2:0:1::102")));

  // The paths that stand: by path id, the next hop and the preference.
  std::map<std::uint32_t, std::pair<std::string, std::uint32_t>> paths;
  std::size_t read = 0;
  const auto follow = [&] {
    for (; read < observer.updates.size(); ++read) {
      const DecodedUpdate& decoded = observer.updates[read].decoded;
      const RouteChanges changes = route_changes(decoded);
      for (const auto& announced : changes.announced) {
        paths[announced.nlri.path_id] = {
            announced.next_hop.str(), find<SitePreference>(decoded.update.attributes.edge_metadata->metadata)->index};
      }
      for (const Nlri& withdrawn : changes.withdrawn) {
        paths.erase(withdrawn.path_id);
      }
    }
    return paths.size();
  };
  ASSERT_TRUE(run_until(io, 10s, [&] { return follow() == 2; }));
  std::map<std::string, std::uint32_t> by_next_hop;
  for (const auto& [id, path] : paths) {
    by_next_hop.insert(path);
  }
  EXPECT_EQ(by_next_hop, (std::map<std::string, std::uint32_t>{{instance_v6, 1}, {"2001:2:0:1::102", 2}}));

  ASSERT_TRUE(one->send(service_withdrawal_v6()));
  ASSERT_TRUE(run_until(io, 10s, [&] { return follow() == 1; }));
  EXPECT_EQ(paths.begin()->second.first, "2001:2:0:1::102");
}

TEST_F(FrrInterop, ComesBackAfterAResetAndARestart) {
  CATS_NEEDS_PROGRAM("bgpd");
  const std::string config = head + neighbor(edge1, our_as) + families({edge1});
  start(config);
  Recorder speaker(io, speaker_config(edge1));
  speaker->start();
  ASSERT_TRUE(run_until(io, 10s, [&] { return speaker.sessions.size() == 1; }));

  ask(vtysh("clear bgp *"));
  ASSERT_TRUE(run_until(io, 5s, [&] { return speaker.sessions.size() == 2; }));
  EXPECT_THAT(speaker.notifications, SizeIs(1));

  daemon.kill();
  ASSERT_TRUE(run_until(io, 10s, [&] { return !speaker.established(); }));
  start(config);
  ASSERT_TRUE(run_until(io, 10s, [&] { return speaker.sessions.size() == 3; }));
  ASSERT_TRUE(speaker->send(service_announcement_v6(3)));
  EXPECT_TRUE(answers(vtysh("show bgp ipv6 unicast json"), service_v6));
}

TEST_F(FrrInterop, GoodbyeIsUnderstood) {
  CATS_NEEDS_PROGRAM("bgpd");
  // Passive: a connection that FRR tries meanwhile would overwrite why the last one ended.
  start(head + neighbor(edge1, our_as, fmt::format(" neighbor {} passive\n", edge1)) + families({edge1}));
  Recorder speaker(io, speaker_config(edge1));
  speaker->start();
  ASSERT_TRUE(run_until(io, 10s, [&] { return speaker.established(); }));
  bool done = false;
  speaker->close("the run is over", 1s, [&] { done = true; });
  ASSERT_TRUE(run_until(io, 5s, [&] { return done; }));
  EXPECT_TRUE(answers(vtysh("show bgp neighbors json"), "the run is over"));
}

TEST_F(FrrInterop, Md5NeedsTheSamePassword) {
  CATS_NEEDS_PROGRAM("bgpd");
  start(head + neighbor(edge1, our_as, fmt::format(" neighbor {} password right\n", edge1)) +
        neighbor(edge2, our_as, fmt::format(" neighbor {} password right\n", edge2)) + families({edge1, edge2}));
  SpeakerConfig right = speaker_config(edge1), wrong = speaker_config(edge2);
  right.tcp.md5_password = "right";
  wrong.tcp.md5_password = "wrong";
  Recorder allowed(io, right), refused(io, wrong);
  allowed->start();
  refused->start();
  ASSERT_TRUE(run_until(io, 10s, [&] { return allowed.established(); }));
  EXPECT_FALSE(run_until(io, 1500ms, [&] { return !refused.sessions.empty(); }));
  ASSERT_TRUE(allowed->send(service_announcement_v6(5)));
  EXPECT_TRUE(answers(vtysh("show bgp ipv6 unicast json"), service_v6));
}

TEST_F(FrrInterop, TtlSecurityNeedsAnOnLinkTtl) {
  CATS_NEEDS_PROGRAM("bgpd");
  start(head + neighbor(edge1, our_as, fmt::format(" neighbor {} ttl-security hops 1\n", edge1)) +
        neighbor(edge2, our_as, fmt::format(" neighbor {} ttl-security hops 1\n", edge2)) + families({edge1, edge2}));
  SpeakerConfig right = speaker_config(edge1), wrong = speaker_config(edge2);
  right.tcp.ttl_security_hops = 1;
  wrong.tcp.ttl = 64;
  Recorder allowed(io, right), refused(io, wrong);
  allowed->start();
  refused->start();
  ASSERT_TRUE(run_until(io, 10s, [&] { return allowed.established(); }));
  run_until(io, 1500ms, [] { return false; });
  // bgpd sets the least TTL after it accepted, so our OPEN may still get through and be answered up to the KEEPALIVE;
  // ours never arrives. bgpd's own state tells.
  const auto state = [&](const std::string& peer) {
    const auto all = nlohmann::json::parse(ask(vtysh("show bgp neighbors json")));
    return all.at(peer).at("bgpState").get<std::string>();
  };
  EXPECT_EQ(state(edge1), "Established");
  EXPECT_NE(state(edge2), "Established");
}

TEST_F(FrrInterop, WePassivelyTakeItsConnection) {
  CATS_NEEDS_PROGRAM("bgpd");
  SpeakerConfig config = speaker_config(edge1);
  config.session.passive = true;
  config.tcp.ttl_security_hops = 1;
  config.tcp.md5_password = "both-ways";
  Recorder speaker(io, config);
  speaker->start();
  start(head +
        fmt::format(" neighbor {0} remote-as {1}\n neighbor {0} timers 3 9\n neighbor {0} timers connect 1\n"
                    " neighbor {0} ttl-security hops 1\n neighbor {0} password both-ways\n",
                    edge1, our_as) +
        families({edge1}));
  EXPECT_TRUE(run_until(io, 10s, [&] { return speaker.established(); }));
}

TEST_F(FrrInterop, BmpMirrorsOurUpdatesExactly) {
  CATS_NEEDS_PROGRAM("bgpd");
  std::vector<std::pair<Instant, Bytes>> mirrored;
  std::vector<std::string> connections;
  BmpCallbacks callbacks;
  callbacks.on_mirrored = [&](const std::string& router, Instant received, const BmpPeer& peer, ByteView update) {
    EXPECT_EQ(router, "r1");
    EXPECT_EQ(peer.address, IpAddress::of(edge1));
    EXPECT_EQ(peer.as, our_as);
    mirrored.emplace_back(received, to_bytes(update));
  };
  callbacks.on_connection = [&](const std::string&, Instant, bool up, const std::string&) {
    connections.emplace_back(up ? "up" : "down");
  };
  BmpReceiver receiver(io, callbacks);
  receiver.listen("r1", IpAddress::of("198.18.1.1"), 11019);
  start(head + neighbor(edge1, our_as) + families({edge1}) +
        " bmp targets T\n  bmp mirror\n  bmp connect 198.18.1.1 port 11019 min-retry 100 max-retry 1000\n exit\n");
  Recorder speaker(io, speaker_config(edge1));
  speaker->start();
  ASSERT_TRUE(run_until(io, 10s, [&] { return speaker.established() && !connections.empty(); }));
  const Bytes update = encoded(service_announcement_v6(8), *speaker->parameters());
  const auto sent = speaker->send_encoded(update);
  ASSERT_TRUE(sent);
  ASSERT_TRUE(run_until(io, 10s, [&] { return !mirrored.empty(); }));
  EXPECT_EQ(mirrored[0].second, update);
  EXPECT_GT(mirrored[0].first, sent->at);
  RecordProperty("mirror_delay_us", static_cast<int>((mirrored[0].first - sent->at) / 1us));
}

TEST_F(FrrInterop, StandardFlagsAreDroppedByAnUnawareRouterSoWeRefuse) {
  CATS_NEEDS_PROGRAM("bgpd");
  start(head + neighbor(edge1, our_as) + families({edge1}));
  SpeakerConfig config = speaker_config(edge1);
  config.session.edge_metadata_capability = true;
  config.session.edge_metadata_transit = false;
  Recorder speaker(io, config);
  speaker->start();
  ASSERT_TRUE(run_until(io, 10s, [&] { return speaker.established(); }));
  const auto sent = speaker->send(service_announcement_v6(1));
  ASSERT_FALSE(sent);
  EXPECT_THAT(sent.error().message, HasSubstr("Edge Metadata Capability"));
}

}  // namespace
}  // namespace cats::bgp::test
