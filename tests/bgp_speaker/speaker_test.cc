// Two speakers of ours over loopback TCP.
#include "bgp/speaker.h"

#include <optional>
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bgp/tcp_options.h"
#include "tests/bgp_speaker/session_fixture.h"
#include "tests/bgp_speaker/speaker_fixture.h"

namespace cats::bgp::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

const IpAddress loopback = IpAddress::of("127.0.0.1");

SpeakerConfig listening(std::uint16_t port = 0) {
  SpeakerConfig config;
  config.session = session_config();
  config.session.passive = true;
  config.peer_address = loopback;
  config.local_address = loopback;
  config.port = port;
  return config;
}

SpeakerConfig connecting(std::uint16_t port) {
  SpeakerConfig config;
  config.session = peer_config();
  config.peer_address = loopback;
  config.port = port;
  config.reconnect_first = 20ms;
  config.reconnect_max = 100ms;
  return config;
}

struct SpeakerTest : ::testing::Test {
  boost::asio::io_context io;
  std::optional<Recorder> left, right;

  void connect() {
    left.emplace(io, listening());
    (*left)->start();
    right.emplace(io, connecting((*left)->listening_port()));
    (*right)->start();
    ASSERT_TRUE(run_until(io, 5s, [&] { return left->established() && right->established(); }));
  }
};

std::vector<SessionState> only_states(const Recorder& recorder) {
  std::vector<SessionState> all;
  for (const auto& [state, why] : recorder.states) {
    all.push_back(state);
  }
  return all;
}

TEST_F(SpeakerTest, EstablishThroughEveryState) {
  connect();
  EXPECT_THAT(only_states(*right), ::testing::ElementsAre(SessionState::connect, SessionState::open_sent,
                                                          SessionState::open_confirm, SessionState::established));
  EXPECT_EQ(only_states(*left).front(), SessionState::active);
  EXPECT_EQ(left->sessions.at(0).peer.effective_as(), peer_as);
  EXPECT_EQ((*right)->counters().established, 1U);
}

TEST_F(SpeakerTest, AnUpdateArrivesAfterItWasHandedOver) {
  connect();
  const Instant before = std::chrono::steady_clock::now();
  const auto sent = (*left)->send(with_metadata(announcement()));
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(sent->queued_octets, 0U);
  EXPECT_GE(sent->at, before);
  ASSERT_TRUE(run_until(io, 5s, [&] { return right->update_count == 1; }));
  EXPECT_GE(right->updates[0].received, before);
  EXPECT_LE(right->updates[0].received, std::chrono::steady_clock::now());
  EXPECT_NE(right->route("2001:2:0:c5::1/128"), nullptr);
}

TEST_F(SpeakerTest, GoodbyeCarriesTheText) {
  connect();
  bool done = false;
  (*right)->close("that is all", 1s, [&] { done = true; });
  ASSERT_TRUE(run_until(io, 5s, [&] { return done; }));
  EXPECT_EQ((*right)->state(), SessionState::idle);
  ASSERT_EQ(left->notifications.size(), 1U);
  EXPECT_EQ(shutdown_text(left->notifications[0].first), "that is all");
  EXPECT_FALSE(left->notifications[0].second);
  // It stays closed until it is started again.
  EXPECT_FALSE(run_until(io, 300ms, [&] { return right->established(); }));
  (*right)->start();
  EXPECT_TRUE(run_until(io, 5s, [&] { return right->established() && left->established(); }));
}

TEST_F(SpeakerTest, CloseWithoutASessionStillSaysDone) {
  Recorder alone(io, connecting(1));
  alone->start();
  bool done = false;
  alone->close("", 1s, [&] { done = true; });
  EXPECT_FALSE(done) << "only from the io_context";
  EXPECT_TRUE(run_until(io, 5s, [&] { return done; }));
}

TEST_F(SpeakerTest, KeepsTryingUntilThePeerIsThere) {
  // A port that nobody listens on.
  const std::uint16_t port = local_port(tcp_listener(loopback, loopback, 0, {}).get());
  right.emplace(io, connecting(port));
  (*right)->start();
  ASSERT_TRUE(run_until(io, 5s, [&] { return (*right)->counters().attempts >= 3; }));
  EXPECT_THAT(right->states, Contains(Pair(SessionState::idle, HasSubstr("Connection refused"))));
  left.emplace(io, listening(port));
  (*left)->start();
  EXPECT_TRUE(run_until(io, 5s, [&] { return right->established(); }));
}

TEST_F(SpeakerTest, ComesBackAfterThePeerDied) {
  connect();
  const std::uint16_t port = (*left)->listening_port();
  left.reset();
  ASSERT_TRUE(run_until(io, 5s, [&] { return !right->established(); }));
  left.emplace(io, listening(port));
  (*left)->start();
  ASSERT_TRUE(run_until(io, 5s, [&] { return right->established() && left->established(); }));
  EXPECT_EQ(right->sessions.size(), 2U);
}

TEST_F(SpeakerTest, BackPressureIsVisibleAndNothingIsLost) {
  connect();
  right->keep_updates = false;
  // More octets than two sockets hold, in few messages.
  Bytes many;
  constexpr std::size_t count = 5000;
  Update large = with_metadata(announcement());
  large.attributes.unknown = {{0xC0, 99, Bytes(3500)}};
  const Bytes one = encoded(large, *(*left)->parameters());
  for (std::size_t i = 0; i < count; ++i) {
    many.insert(many.end(), one.begin(), one.end());
  }
  const auto sent = (*left)->send_encoded(many);
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_GT(sent->queued_octets, 0U) << many.size() << " octets went into one socket";
  EXPECT_EQ((*left)->queued_octets(), sent->queued_octets);
  const auto after = (*left)->send(announcement("2001:2:0:ffff::/64"));
  ASSERT_TRUE(after);
  EXPECT_GT(after->queued_octets, sent->queued_octets) << "what follows waits its turn";
  ASSERT_TRUE(run_until(io, 60s, [&] { return right->update_count == count + 1; })) << right->update_count;
  EXPECT_EQ((*left)->queued_octets(), 0U);
  EXPECT_GE(left->drained, 1);
  EXPECT_EQ((*right)->counters().updates_received, count + 1);
}

TEST_F(SpeakerTest, MaySendAndCloseFromACallback) {
  SpeakerConfig config = listening();
  std::unique_ptr<Speaker> talker;
  SpeakerCallbacks callbacks;
  callbacks.on_established = [&](const Established&) {
    EXPECT_TRUE(talker->send(announcement()));
    talker->close("enough");
  };
  talker = std::make_unique<Speaker>(io, config, callbacks);
  talker->start();
  right.emplace(io, connecting(talker->listening_port()));
  (*right)->start();
  ASSERT_TRUE(run_until(io, 5s, [&] { return !right->notifications.empty(); }));
  EXPECT_EQ(right->update_count, 1U);
  EXPECT_EQ(shutdown_text(right->notifications[0].first), "enough");
}

TEST_F(SpeakerTest, MayBeDestroyedFromACallback) {
  connect();
  std::unique_ptr<Speaker> third;
  int calls = 0;
  SpeakerCallbacks callbacks;
  callbacks.on_state = [&](SessionState state, const std::string&) {
    ++calls;
    if (state == SessionState::open_sent) {
      third.reset();
    }
  };
  Recorder waiting(io, listening());
  waiting->start();
  third = std::make_unique<Speaker>(io, connecting(waiting->listening_port()), callbacks);
  third->start();
  ASSERT_TRUE(run_until(io, 5s, [&] { return third == nullptr; }));
  const int then = calls;
  run_until(io, 100ms, [] { return false; });
  EXPECT_EQ(calls, then);
  EXPECT_TRUE(left->established()) << "its neighbours in the io_context go on";
}

TEST_F(SpeakerTest, HoldTimerEndsASilentPeer) {
  // A peer that opens and then says nothing: its kernel takes our octets, no process answers.
  Fd listener = tcp_listener(loopback, loopback, 0, {});
  SpeakerConfig config = connecting(local_port(listener.get()));
  config.session.open_wait = 100ms;
  right.emplace(io, config);
  (*right)->start();
  ASSERT_TRUE(run_until(io, 5s, [&] { return !right->notifications.empty(); }));
  EXPECT_EQ(right->notifications[0].first.code, ErrorCode::hold_timer_expired);
  EXPECT_TRUE(right->notifications[0].second);
  EXPECT_TRUE(run_until(io, 5s, [&] { return (*right)->counters().attempts >= 2; }));
}

TEST_F(SpeakerTest, ManySessionsShareOneContext) {
  std::vector<std::unique_ptr<Recorder>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(std::make_unique<Recorder>(io, listening()));
    (**all.back()).start();
    all.push_back(std::make_unique<Recorder>(io, connecting((**all.back()).listening_port())));
    (**all.back()).start();
  }
  EXPECT_TRUE(
      run_until(io, 10s, [&] { return std::ranges::all_of(all, [](const auto& one) { return one->established(); }); }));
}

TEST_F(SpeakerTest, RefusesStrangers) {
  SpeakerConfig config = listening();
  config.peer_address = IpAddress::of("127.0.0.2");
  left.emplace(io, config);
  (*left)->start();
  right.emplace(io, connecting((*left)->listening_port()));
  (*right)->start();
  ASSERT_TRUE(run_until(io, 5s, [&] { return (*right)->counters().attempts >= 2; }));
  EXPECT_TRUE(left->sessions.empty());
  EXPECT_EQ((*left)->counters().attempts, 0U);
}

TEST_F(SpeakerTest, ListeningOnATakenPortNamesIt) {
  Fd taken = tcp_listener(loopback, loopback, 0, {});
  left.emplace(io, listening(local_port(taken.get())));
  try {
    (*left)->start();
    FAIL() << "bound twice";
  } catch (const SystemError& error) {
    EXPECT_THAT(error.what(), HasSubstr("127.0.0.1"));
  }
}

}  // namespace
}  // namespace cats::bgp::test
