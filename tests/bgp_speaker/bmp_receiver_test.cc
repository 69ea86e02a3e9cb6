// BMP octets over loopback, cut and repeated as a router's TCP might.
#include "bgp/bmp_receiver.h"

#include <string>
#include <sys/socket.h>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bgp/tcp_options.h"
#include "tests/bgp_speaker/session_fixture.h"
#include "tests/bgp_speaker/speaker_fixture.h"

namespace cats::bgp::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const IpAddress loopback = IpAddress::of("127.0.0.1");

void peer_header(Writer& writer) {
  writer.fill(2 + 8, 0);   // type, flags, distinguisher
  writer.fill(12, 0);      // IPv4-in-16
  writer.u32(0x7F000002);  // 127.0.0.2
  writer.u32(our_as);
  writer.u32(0xC6120001);
  writer.u32(1000);
  writer.u32(5);
}

Bytes bmp(std::uint8_t type, const Bytes& body) {
  Bytes out;
  Writer writer(out);
  writer.u8(3);
  writer.u32(static_cast<std::uint32_t>(6 + body.size()));
  writer.u8(type);
  writer.bytes(body);
  return out;
}

Bytes mirroring(const std::vector<Bytes>& messages, bool lost = false) {
  Bytes body;
  Writer writer(body);
  peer_header(writer);
  for (const Bytes& one : messages) {
    writer.u16(0);
    writer.u16(static_cast<std::uint16_t>(one.size()));
    writer.bytes(one);
  }
  if (lost) {
    writer.u16(1);
    writer.u16(2);
    writer.u16(1);
  }
  return bmp(6, body);
}

Bytes monitoring(const Bytes& message) {
  Bytes body;
  Writer writer(body);
  peer_header(writer);
  writer.bytes(message);
  return bmp(0, body);
}

struct BmpTest : ::testing::Test {
  boost::asio::io_context io;
  std::vector<std::string> story;
  std::vector<Bytes> mirrored, monitored;
  BmpReceiver receiver{io, callbacks()};

  BmpCallbacks callbacks() {
    BmpCallbacks all;
    all.on_mirrored = [this](const std::string& router, Instant, const BmpPeer& peer, ByteView update) {
      story.push_back(router + " mirror " + peer.address.str());
      mirrored.push_back(to_bytes(update));
    };
    all.on_route_monitoring = [this](const std::string&, Instant, const BmpPeer&, ByteView update) {
      monitored.push_back(to_bytes(update));
    };
    all.on_messages_lost = [this](const std::string& router, Instant, const BmpPeer&) {
      story.push_back(router + " lost");
    };
    all.on_bad_message = [this](const std::string& router, Instant, const std::string&) {
      story.push_back(router + " bad");
    };
    all.on_connection = [this](const std::string& router, Instant, bool up, const std::string& why) {
      story.push_back(router + (up ? " up" : " down: " + why));
    };
    return all;
  }

  Fd router_connects(std::uint16_t port) {
    Fd socket = tcp_socket(loopback, loopback, {});
    tcp_connect(socket, loopback, port);
    return socket;
  }

  static void put(const Fd& socket, ByteView octets) {
    ASSERT_EQ(::send(socket.get(), octets.data(), octets.size(), MSG_NOSIGNAL), static_cast<ssize_t>(octets.size()));
  }
};

TEST_F(BmpTest, MirroredUpdatesComeOutExactly) {
  const Fd router = router_connects(receiver.listen("r1", loopback, 0));
  const Bytes update = encoded(with_metadata(announcement()), peer_parameters());
  ASSERT_TRUE(run_until(io, 2s, [&] { return story.size() == 1; }));
  put(router, bmp(4, {}) + mirroring({update, encode_keepalive(), update}) + monitoring(update));
  ASSERT_TRUE(run_until(io, 2s, [&] { return !monitored.empty(); }));
  EXPECT_THAT(mirrored, ElementsAre(update, update));
  EXPECT_THAT(monitored, ElementsAre(update));
  EXPECT_THAT(story, ElementsAre("r1 up", "r1 mirror 127.0.0.2", "r1 mirror 127.0.0.2"));
}

TEST_F(BmpTest, OctetsMayComeOneByOne) {
  const Fd router = router_connects(receiver.listen("r1", loopback, 0));
  const Bytes update = encoded(announcement(), peer_parameters());
  for (const std::byte octet : mirroring({update})) {
    put(router, {&octet, 1});
    io.restart();
    io.poll();
  }
  ASSERT_TRUE(run_until(io, 2s, [&] { return !mirrored.empty(); }));
  EXPECT_THAT(mirrored, ElementsAre(update));
}

TEST_F(BmpTest, RoutersAreToldApartAndMayComeBack) {
  const std::uint16_t first = receiver.listen("r1", loopback, 0);
  receiver.listen("r2", tcp_listener(loopback, loopback, 0, {}));
  for (int turn = 0; turn < 2; ++turn) {
    story.clear();
    {
      const Fd router = router_connects(first);
      ASSERT_TRUE(run_until(io, 2s, [&] { return story.size() == 1; }));
      put(router, mirroring({}, true));
      ASSERT_TRUE(run_until(io, 2s, [&] { return story.size() == 2; }));
    }
    ASSERT_TRUE(run_until(io, 2s, [&] { return story.size() == 3; }));
    EXPECT_THAT(story, ElementsAre("r1 up", "r1 lost", "r1 down: connection closed by the peer"));
  }
}

TEST_F(BmpTest, OneBadMessageIsSkippedButNoBmpEndsIt) {
  const Fd router = router_connects(receiver.listen("r1", loopback, 0));
  const Bytes update = encoded(announcement(), peer_parameters());
  put(router, bmp(0, Bytes(3)) + monitoring(update));
  ASSERT_TRUE(run_until(io, 2s, [&] { return !monitored.empty(); }));
  EXPECT_THAT(story, ElementsAre("r1 up", "r1 bad"));
  put(router, encode_keepalive());
  ASSERT_TRUE(run_until(io, 2s, [&] { return story.size() == 3; }));
  EXPECT_EQ(story[2].rfind("r1 down", 0), 0U) << story[2];
  EXPECT_THAT(mirrored, IsEmpty());
}

}  // namespace
}  // namespace cats::bgp::test
