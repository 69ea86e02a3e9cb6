// The state machine's ordinary life: transitions, timers, what it lets out.
#include "bgp/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bgp_speaker/session_fixture.h"

namespace cats::bgp::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Type = MessageType;

TEST(Session, StartsInConnectOrActive) {
  SessionConfig config = session_config();
  Session active_opener(config);
  EXPECT_EQ(active_opener.state(), SessionState::idle);
  active_opener.start();
  EXPECT_EQ(active_opener.state(), SessionState::connect);
  config.passive = true;
  Session waiting(config);
  waiting.start();
  EXPECT_EQ(waiting.state(), SessionState::active);
}

TEST(Session, ReachesEstablishedStepByStep) {
  Session session(session_config());
  session.start();
  session.connected(at(0s));
  EXPECT_EQ(session.state(), SessionState::open_sent);
  EXPECT_THAT(types(session.take_output()), ElementsAre(Type::open));

  session.received(at(1ms), octets(peer_open()));
  EXPECT_EQ(session.state(), SessionState::open_confirm);
  EXPECT_THAT(types(session.take_output()), ElementsAre(Type::keepalive));
  EXPECT_THAT(session.take_events(), IsEmpty());
  EXPECT_EQ(session.parameters(), nullptr);

  session.received(at(2ms), encode_keepalive());
  EXPECT_EQ(session.state(), SessionState::established);
  const auto up = of_type<Established>(session.take_events());
  ASSERT_THAT(up, SizeIs(1));
  EXPECT_EQ(up[0].parameters.peer_as, peer_as);
  EXPECT_EQ(up[0].hold_time, 9s);
  EXPECT_TRUE(up[0].parameters.has_family(ipv6_unicast));
  EXPECT_NE(session.parameters(), nullptr);
}

TEST(Session, OffersWhatIsConfigured) {
  SessionConfig config = session_config();
  config.local_as = 4200000001;
  config.add_path = {{ipv6_unicast, AddPathCapability::receive}};
  config.edge_metadata_capability = true;
  Session session(config);
  session.connected(at(0s));
  const Bytes output = session.take_output();
  const Open open = decode_open(std::get<Frame>(next_message(output)).body).value();
  EXPECT_EQ(open.effective_as(), 4200000001);
  EXPECT_EQ(open.hold_time_s, 9);
  EXPECT_EQ(open.router_id, 0xC6120001);
  EXPECT_EQ(find_capability<AddPathCapability>(open.capabilities)->entries, config.add_path);
  EXPECT_TRUE(find_capability<EdgeMetadataCapability>(open.capabilities)->any_family);
}

TEST(Session, RefusesAConfigurationThatCannotBeSpoken) {
  for (const int hold : {1, 2, 65536, -1}) {
    SessionConfig config = session_config();
    config.hold_time = std::chrono::seconds(hold);
    EXPECT_THROW(Session{config}, UsageError) << hold;
  }
  SessionConfig config = session_config();
  config.router_id = IpAddress::of("0.0.0.0");
  EXPECT_THROW(Session{config}, UsageError);
  config = session_config();
  config.families.clear();
  EXPECT_THROW(Session{config}, UsageError);
}

TEST(Session, KeepsAliveEveryThirdOfTheSmallerHoldTime) {
  SessionConfig theirs = peer_config();
  theirs.hold_time = 6s;
  Session session = session_in(SessionState::established, session_config(), peer_open(theirs));
  EXPECT_EQ(session.next_deadline(), at(2s));
  session.tick(at(1999ms));
  EXPECT_FALSE(session.has_output());
  session.tick(at(2s));
  EXPECT_THAT(types(session.take_output()), ElementsAre(Type::keepalive));
  EXPECT_EQ(session.next_deadline(), at(4s));
}

TEST(Session, AnUpdateSentCountsAsKeepalive) {
  Session session = session_in(SessionState::established);
  ASSERT_TRUE(session.send(at(2s), announcement()));
  EXPECT_EQ(session.next_deadline(), at(5s));
}

TEST(Session, WithoutHoldTimeThereAreNoTimers) {
  SessionConfig theirs = peer_config();
  theirs.hold_time = 0s;
  Session session = session_in(SessionState::open_confirm, session_config(), peer_open(theirs));
  EXPECT_EQ(session.next_deadline(), at(10s)) << "the first KEEPALIVE is still awaited";
  session.received(at(1s), encode_keepalive());
  EXPECT_EQ(session.state(), SessionState::established);
  EXPECT_EQ(session.next_deadline(), std::nullopt);
}

TEST(Session, KeepalivesAndUpdatesHoldIt) {
  Session session = session_in(SessionState::established);
  session.received(at(8s), encode_keepalive());
  session.received(at(16s), encoded(announcement(), peer_parameters()));
  session.tick(at(24s));
  EXPECT_EQ(session.state(), SessionState::established);
  session.tick(at(25s));
  EXPECT_EQ(session.state(), SessionState::idle);
}

TEST(Session, DeliversUpdatesWithTheirOctets) {
  Session session = session_in(SessionState::established);
  const Bytes one = encoded(with_metadata(announcement("2001:2:0:1::/64")), peer_parameters());
  const Bytes two = encoded(announcement("2001:2:0:2::/64"), peer_parameters());
  session.received(at(1s), one + two);
  const auto updates = of_type<UpdateReceived>(session.take_events());
  ASSERT_THAT(updates, SizeIs(2));
  EXPECT_EQ(updates[0].raw, one);
  EXPECT_EQ(updates[1].raw, two);
  EXPECT_EQ(updates[1].decoded.update.mp_reach->nlri[0].prefix.str(), "2001:2:0:2::/64");
  ASSERT_TRUE(updates[0].decoded.update.attributes.edge_metadata);
}

TEST(Session, MalformedMetadataWithdrawsTheRoute) {
  Session session = session_in(SessionState::established);
  Update update = announcement();
  // Sub-TLV 1 that claims more octets than there are.
  update.attributes.unknown = {{0xC0, 42, from_hex("0001 05 00 00").value()}};
  session.received(at(1s), encoded(update, peer_parameters()));
  const auto updates = of_type<UpdateReceived>(session.take_events());
  ASSERT_THAT(updates, SizeIs(1));
  EXPECT_EQ(updates[0].decoded.action, ErrorAction::treat_as_withdraw);
  EXPECT_FALSE(updates[0].decoded.update.announces());
  ASSERT_TRUE(updates[0].decoded.update.mp_unreach);
  EXPECT_EQ(updates[0].decoded.update.mp_unreach->withdrawn, update.mp_reach->nlri);
  const RouteChanges changes = route_changes(updates[0].decoded);
  EXPECT_THAT(changes.announced, IsEmpty());
  EXPECT_EQ(changes.withdrawn, update.mp_reach->nlri);
  EXPECT_EQ(session.state(), SessionState::established);
}

TEST(Session, RefreshOfAnAgreedFamilyIsAnEvent) {
  Session session = session_in(SessionState::established);
  session.received(at(1s), encode_route_refresh({ipv6_unicast, RouteRefresh::normal, {}}));
  session.received(at(1s), encode_route_refresh({{25, 70}, RouteRefresh::normal, {}}));
  session.received(at(1s), encode_route_refresh({ipv6_unicast, 99, {}}));
  const auto refreshes = of_type<RefreshReceived>(session.take_events());
  ASSERT_THAT(refreshes, SizeIs(1));
  EXPECT_EQ(refreshes[0].refresh.family, ipv6_unicast);
  EXPECT_EQ(session.state(), SessionState::established);
}

TEST(Session, CloseSaysWhy) {
  Session session = session_in(SessionState::established);
  session.close(at(1s), "run 7 is over");
  Notification notification;
  EXPECT_THAT(types(session.take_output(), &notification), ElementsAre(Type::notification));
  EXPECT_EQ(notification.code, ErrorCode::cease);
  EXPECT_EQ(notification.subcode, cease_error::administrative_shutdown);
  EXPECT_EQ(shutdown_text(notification), "run 7 is over");
  EXPECT_EQ(session.state(), SessionState::idle);
  EXPECT_THAT(of_type<Closed>(session.take_events()), SizeIs(1));
}

TEST(Session, ShutdownTextIsCutBetweenCharacters) {
  std::string text(254, 'a');
  text += "é";
  EXPECT_EQ(shutdown_text(shutdown_notification(text)), std::string(254, 'a'));
  EXPECT_EQ(shutdown_text(shutdown_notification(std::string(300, 'b'))), std::string(255, 'b'));
  EXPECT_THAT(shutdown_notification("").data, IsEmpty());
  EXPECT_EQ(shutdown_text({ErrorCode::cease, cease_error::administrative_reset, {std::byte{9}, std::byte{'x'}}}), "");
}

TEST(Session, PeerNotificationEndsItWithItsText) {
  Session session = session_in(SessionState::established);
  session.received(at(1s), encode_notification(shutdown_notification("maintenance")));
  EXPECT_EQ(session.state(), SessionState::idle);
  EXPECT_FALSE(session.has_output()) << "a NOTIFICATION is not answered";
  const auto events = session.take_events();
  EXPECT_THAT(of_type<NotificationReceived>(events), SizeIs(1));
  const auto closed = of_type<Closed>(events);
  ASSERT_THAT(closed, SizeIs(1));
  EXPECT_THAT(closed[0].reason, HasSubstr("maintenance"));
}

TEST(Session, CanBeUsedAgainAfterALostConnection) {
  Session session = session_in(SessionState::established);
  session.received(at(1s), ByteView(octets(peer_open())).first(10));
  session.disconnected(at(1s), "reset");
  EXPECT_EQ(session.state(), SessionState::idle);
  EXPECT_EQ(of_type<Closed>(session.take_events()).at(0).reason, "reset");
  EXPECT_EQ(session.next_deadline(), std::nullopt);
  session.start();
  session.connected(at(2s));
  session.received(at(2s), octets(peer_open()) + encode_keepalive());
  EXPECT_EQ(session.state(), SessionState::established);
}

TEST(Session, ForgetsOctetsOfTheConnectionBefore) {
  Session session = session_in(SessionState::open_sent);
  session.received(at(0s), ByteView(octets(peer_open())).first(25));
  session.disconnected(at(0s));
  session.connected(at(1s));
  session.received(at(1s), octets(peer_open()));
  EXPECT_EQ(session.state(), SessionState::open_confirm);
}

TEST(Session, SendsNothingBeforeEstablished) {
  Session session = session_in(SessionState::open_confirm);
  const auto sent = session.send(at(0s), announcement());
  ASSERT_FALSE(sent);
  EXPECT_THAT(sent.error().message, HasSubstr("open-confirm"));
  EXPECT_FALSE(session.admit(at(0s), encode_keepalive()));
  EXPECT_FALSE(session.has_output());
}

}  // namespace
}  // namespace cats::bgp::test
