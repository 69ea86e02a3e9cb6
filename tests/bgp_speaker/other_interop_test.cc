// Our speaker and GoBGP, BIRD, ExaBGP: each takes our routes with attribute 42, loses them again, and may restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bgp_speaker/interop_fixture.h"

namespace cats::bgp::test {
namespace {

using ::testing::IsEmpty;

// How one implementation is started and asked.
struct Peer {
  std::function<void()> start;
  Arguments ipv6_routes, ipv4_routes;
  // What its answer shows of our routes, attribute 42 octet by octet included.
  std::vector<std::string> ipv6_signs, ipv4_signs;
};

struct OtherInterop : InteropTest {
  // The whole life of a session: routes up, routes down, the peer restarted, routes up, goodbye.
  void live_through(const Peer& peer) {
    ASSERT_NO_FATAL_FAILURE(start_capture());
    ASSERT_NO_FATAL_FAILURE(peer.start());
    Recorder speaker(io, speaker_config());
    speaker->start();
    ASSERT_TRUE(run_until(io, 15s, [&] { return speaker.sessions.size() == 1; }));
    announce_and_look(speaker, peer);

    ASSERT_TRUE(speaker->send(service_withdrawal_v6()));
    EXPECT_TRUE(answers(peer.ipv6_routes, "2001:2:0:c5::1", false));
    EXPECT_TRUE(answers(peer.ipv4_routes, "198.18.197.1"));
    ASSERT_TRUE(speaker->send(service_withdrawal_v4()));
    EXPECT_TRUE(answers(peer.ipv4_routes, "198.18.197.1", false));
    EXPECT_EQ(speaker.sessions.size(), 1U) << "the session did not survive an UPDATE";

    daemon.kill();
    ASSERT_TRUE(run_until(io, 10s, [&] { return !speaker.established(); }));
    ASSERT_NO_FATAL_FAILURE(peer.start());
    ASSERT_TRUE(run_until(io, 15s, [&] { return speaker.sessions.size() == 2; }));
    announce_and_look(speaker, peer);
    bool done = false;
    speaker->close("goodbye", 1s, [&] { done = true; });
    EXPECT_TRUE(run_until(io, 5s, [&] { return done; }));
    EXPECT_TRUE(answers(peer.ipv6_routes, "2001:2:0:c5::1", false));
    EXPECT_THAT(malformed(), IsEmpty());
  }

  void announce_and_look(Recorder& speaker, const Peer& peer) {
    ASSERT_TRUE(speaker->send(service_announcement_v6(0x2A)));
    ASSERT_TRUE(speaker->send(service_announcement_v4(0x2B)));
    for (const std::string& sign : peer.ipv6_signs) {
      EXPECT_TRUE(answers(peer.ipv6_routes, sign));
    }
    for (const std::string& sign : peer.ipv4_signs) {
      EXPECT_TRUE(answers(peer.ipv4_routes, sign));
    }
  }
};

TEST_F(OtherInterop, GoBgp) {
  CATS_NEEDS_PROGRAM("gobgpd");
  CATS_NEEDS_PROGRAM("gobgp");
  CATS_NEEDS_PROGRAM("tshark");
  const std::string config = R"(
[global.config]
  as = 65000
  router-id = "198.18.0.2"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "2001:2:0:1::11"
    peer-as = 65101
  [neighbors.transport.config]
    passive-mode = true
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv6-unicast"
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
)";
  Peer peer;
  peer.start = [&] {
    start_daemon(
        "gobgpd.toml", config,
        {"gobgpd", "-f", (directory / "gobgpd.toml").string(), "-t", "toml", "--api-hosts", "127.0.0.1:50051"});
  };
  peer.ipv6_routes = {"gobgp", "-p", "50051", "global", "rib", "-a", "ipv6"};
  peer.ipv4_routes = {"gobgp", "-p", "50051", "global", "rib", "-a", "ipv4"};
  peer.ipv6_signs = {service_v6, instance_v6, "BGPAttrType(42), Value: [0 1 5 0 0 0 0 42 255 1 13 0 0 0 0 42 17 34 51"};
  peer.ipv4_signs = {service_v4, instance_v4, "BGPAttrType(42), Value: [0 1 5 0 0 0 0 43 255 1 13 0 0 0 0 43 17 34 51"};
  live_through(peer);
}

TEST_F(OtherInterop, Bird) {
  CATS_NEEDS_PROGRAM("bird");
  CATS_NEEDS_PROGRAM("birdc");
  CATS_NEEDS_PROGRAM("tshark");
  const std::string config = R"(
log stderr all;
router id 198.18.0.2;
protocol device { }
protocol bgp ours {
  local 2001:2:0:1::2 as 65000;
  neighbor 2001:2:0:1::11 as 65101;
  passive on;
  hold time 9;
  ipv6 { import all; export none; };
  ipv4 { import all; export none; };
}
)";
  const std::string control = (directory / "bird.ctl").string();
  Peer peer;
  peer.start = [&] {
    start_daemon("bird.conf", config, {"bird", "-f", "-c", (directory / "bird.conf").string(), "-s", control});
  };
  peer.ipv6_routes = {"birdc", "-s", control, "show", "route", "all", "table", "master6"};
  peer.ipv4_routes = {"birdc", "-s", control, "show", "route", "all", "table", "master4"};
  peer.ipv6_signs = {service_v6, instance_v6, "BGP.2a [t]: 00 01 05 00 00 00 00 2a ff 01 0d 00 00 00 00 2a 11 22 33"};
  peer.ipv4_signs = {service_v4, instance_v4, "BGP.2a [t]: 00 01 05 00 00 00 00 2b ff 01 0d 00 00 00 00 2b 11 22 33"};
  live_through(peer);
}

TEST_F(OtherInterop, BirdWithMd5AndTtlSecurity) {
  CATS_NEEDS_PROGRAM("bird");
  start_daemon("bird.conf", R"(
router id 198.18.0.2;
protocol device { }
protocol bgp ours {
  local 2001:2:0:1::2 as 65000;
  neighbor 2001:2:0:1::11 as 65101;
  passive on;
  ttl security on;
  password "between us";
  ipv6 { import all; export none; };
}
)",
               {"bird", "-f", "-c", (directory / "bird.conf").string(), "-s", (directory / "bird.ctl").string()});
  SpeakerConfig config = speaker_config();
  config.tcp.ttl_security_hops = 1;
  config.tcp.md5_password = "between us";
  Recorder speaker(io, config);
  speaker->start();
  EXPECT_TRUE(run_until(io, 10s, [&] { return speaker.established(); }));
}

TEST_F(OtherInterop, ExaBgp) {
  CATS_NEEDS_PROGRAM("exabgp");
  CATS_NEEDS_PROGRAM("tshark");
  // Its API writes every UPDATE to a program, one line of JSON each. It takes the program for dead when that closes its
  // standard output, so the shell stays.
  const std::string log = (directory / "updates.json").string();
  write_file(directory / "log.sh", "#!/bin/sh\ncat >> " + log + "\n:\n");
  std::filesystem::permissions(directory / "log.sh", std::filesystem::perms::all);
  const std::string config = fmt::format(R"(
process log {{
  run {};
  encoder json;
}}
neighbor 2001:2:0:1::11 {{
  router-id 198.18.0.2;
  local-address 2001:2:0:1::2;
  local-as 65000;
  peer-as 65101;
  hold-time 9;
  passive;
  listen 179;
  family {{
    ipv6 unicast;
    ipv4 unicast;
  }}
  api {{
    processes [ log ];
    receive {{
      parsed;
      update;
    }}
  }}
}}
)",
                                         (directory / "log.sh").string());
  ASSERT_NO_FATAL_FAILURE(start_capture());
  start_daemon("exabgp.conf", config,
               {"env", "exabgp.daemon.user=root", "exabgp.api.ack=false", "exabgp.api.cli=false",
                "exabgp.log.destination=stdout", "exabgp", (directory / "exabgp.conf").string()});
  Recorder speaker(io, speaker_config());
  speaker->start();
  ASSERT_TRUE(run_until(io, 15s, [&] { return speaker.sessions.size() == 1; }));
  const Arguments updates = {"cat", log};
  ASSERT_TRUE(speaker->send(service_announcement_v6(0x2A)));
  EXPECT_TRUE(
      answers(updates, R"("announce": { "ipv6 unicast": { "2001:2:0:1::101": [ { "nlri": "2001:2:0:c5::1/128")"));
  // It shows the Partial bit that it would forward with.
  EXPECT_TRUE(answers(updates, R"("attribute-0x2A-0xE0": "0x000105000000002aff010d000000002a1122334455667788")"));
  ASSERT_TRUE(speaker->send(service_announcement_v4(0x2B)));
  EXPECT_TRUE(answers(updates, R"("announce": { "ipv4 unicast": { "198.18.1.101": [ { "nlri": "198.18.197.1/32")"));
  ASSERT_TRUE(speaker->send(service_withdrawal_v6()));
  EXPECT_TRUE(answers(updates, R"("withdraw": { "ipv6 unicast")"));
  ASSERT_TRUE(speaker->send(service_withdrawal_v4()));
  EXPECT_TRUE(answers(updates, R"("withdraw": { "ipv4 unicast")"));
  EXPECT_THAT(speaker.notifications, IsEmpty());
  EXPECT_THAT(malformed(), IsEmpty());
}

}  // namespace
}  // namespace cats::bgp::test
