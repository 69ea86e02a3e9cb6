// Each way a session fails, and the NOTIFICATION it must give (RFC 4271 section 6, RFC 5492, 6286, 6608).
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bgp/session.h"
#include "tests/bgp_speaker/session_fixture.h"

namespace cats::bgp::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Bytes header(std::uint16_t length, std::uint8_t type) {
  Bytes out;
  Writer writer(out);
  writer.fill(16, 0xFF);
  writer.u16(length);
  writer.u8(type);
  return out;
}

Bytes open_with(const std::function<void(Open&)>& change) {
  Open open = peer_open();
  change(open);
  return octets(open);
}

struct Failure {
  std::string name;
  SessionState state;
  Bytes input;
  ErrorCode code;
  std::uint8_t subcode;
  Bytes data;
};

void PrintTo(const Failure& failure, std::ostream* out) { *out << failure.name; }

class SessionFails : public ::testing::TestWithParam<Failure> {};

TEST_P(SessionFails, WithTheRightNotification) {
  const Failure& failure = GetParam();
  Session session = session_in(failure.state);
  session.received(at(1s), failure.input + encode_keepalive());
  Notification notification;
  EXPECT_THAT(types(session.take_output(), &notification), ElementsAre(MessageType::notification));
  EXPECT_EQ(notification.code, failure.code) << notification.str();
  EXPECT_EQ(notification.subcode, failure.subcode) << notification.str();
  EXPECT_EQ(notification.data, failure.data);
  EXPECT_EQ(session.state(), SessionState::idle);
  EXPECT_EQ(session.next_deadline(), std::nullopt);
  const auto events = session.take_events();
  EXPECT_THAT(of_type<NotificationSent>(events), SizeIs(1));
  EXPECT_THAT(of_type<Closed>(events), SizeIs(1));
  EXPECT_THAT(of_type<Established>(events), IsEmpty());
}

Bytes changed(Bytes octets, std::size_t at_index, std::uint8_t value) {
  octets.at(at_index) = static_cast<std::byte>(value);
  return octets;
}

const auto open_sent = SessionState::open_sent, open_confirm = SessionState::open_confirm,
           established = SessionState::established;
const auto message_header = ErrorCode::message_header;
const auto open_message = ErrorCode::open_message;
const auto fsm = ErrorCode::finite_state_machine;

Bytes one(std::uint8_t octet) { return {static_cast<std::byte>(octet)}; }

INSTANTIATE_TEST_SUITE_P(
    Header, SessionFails,
    ::testing::Values(
        Failure{"marker", open_sent, changed(octets(peer_open()), 3, 0), message_header, 1, {}},
        Failure{"length_below_header", established, header(18, 4), message_header, 2, from_hex("0012").value()},
        Failure{"keepalive_with_body", established, header(20, 4), message_header, 2, from_hex("0014").value()},
        Failure{"long_open", open_sent, header(4097, 1), message_header, 2, from_hex("1001").value()},
        Failure{"short_open", open_sent, header(28, 1), message_header, 2, from_hex("001c").value()},
        Failure{"short_update", established, header(22, 2), message_header, 2, from_hex("0016").value()},
        Failure{"type", established, header(19, 77), message_header, 3, one(77)}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Open, SessionFails,
    ::testing::Values(
        Failure{"version", open_sent, changed(octets(peer_open()), 19, 3), open_message, 1, from_hex("0004").value()},
        Failure{"other_as",
                open_sent,
                open_with([](Open& open) {
                  open.as = 64999;
                  open.capabilities = {MultiprotocolCapability{ipv6_unicast}};
                }),
                open_message,
                2,
                {}},
        Failure{"identifier_zero", open_sent, open_with([](Open& open) { open.router_id = 0; }), open_message, 3, {}},
        Failure{"hold_time_two", open_sent, open_with([](Open& open) { open.hold_time_s = 2; }), open_message, 6, {}},
        Failure{"no_family_in_common", open_sent, open_with([](Open& open) {
                  open.capabilities = {MultiprotocolCapability{{25, 70}}};
                }),
                open_message, 7, from_hex("0104 0002 0001 0104 0001 0001").value()}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    StateMachine, SessionFails,
    ::testing::Values(
        Failure{"keepalive_in_open_sent", open_sent, encode_keepalive(), fsm, 1, one(4)},
        Failure{"update_in_open_sent", open_sent, encoded(announcement(), peer_parameters()), fsm, 1, one(2)},
        Failure{"refresh_in_open_sent", open_sent, encode_route_refresh({}), fsm, 1, one(5)},
        Failure{"open_in_open_confirm", open_confirm, octets(peer_open()), fsm, 2, one(1)},
        Failure{"update_in_open_confirm", open_confirm, encoded(announcement(), peer_parameters()), fsm, 2, one(2)},
        Failure{"open_in_established", established, octets(peer_open()), fsm, 3, one(1)}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(Update, SessionFails,
                         ::testing::Values(Failure{"attributes_overrun",
                                                   established,
                                                   message(MessageType::update, from_hex("0000 0009 00").value()),
                                                   ErrorCode::update_message,
                                                   1,
                                                   {}},
                                           Failure{"withdrawn_overruns",
                                                   established,
                                                   message(MessageType::update, from_hex("0009 0000").value()),
                                                   ErrorCode::update_message,
                                                   1,
                                                   {}}),
                         [](const auto& test) { return test.param.name; });

TEST(SessionErrors, InternalPeerWithOurRouterId) {
  SessionConfig config = session_config();
  config.peer_as = config.local_as;
  Session session = session_in(SessionState::open_sent, config);
  session.received(at(1s), octets(peer_open(config)));
  EXPECT_EQ(session.state(), SessionState::open_confirm);

  Open same = peer_open(config);
  same.router_id = 0xC6120001;
  Session refusing = session_in(SessionState::open_sent, config);
  refusing.received(at(1s), octets(same));
  EXPECT_EQ(of_type<NotificationSent>(refusing.take_events()).at(0).notification,
            (Notification{open_message, open_error::bad_identifier, {}}));
}

TEST(SessionErrors, HoldTimerExpiresInEachState) {
  for (const auto& [state, limit] :
       {std::pair{SessionState::open_sent, Duration(10s)}, std::pair{SessionState::open_confirm, Duration(9s)},
        std::pair{SessionState::established, Duration(9s)}}) {
    Session session = session_in(state);
    session.tick(at(limit) - 1ms);
    EXPECT_EQ(session.state(), state);
    session.take_output();
    session.tick(at(limit));
    EXPECT_EQ(session.state(), SessionState::idle) << to_string(state);
    const auto sent = of_type<NotificationSent>(session.take_events());
    ASSERT_THAT(sent, SizeIs(1));
    EXPECT_EQ(sent[0].notification, (Notification{ErrorCode::hold_timer_expired, 0, {}}));
  }
}

TEST(SessionErrors, NotificationsBeforeEstablishedEndItToo) {
  for (const SessionState state : {SessionState::open_sent, SessionState::open_confirm}) {
    Session session = session_in(state);
    session.received(at(1s), encode_notification({open_message, open_error::bad_peer_as, {}}));
    EXPECT_EQ(session.state(), SessionState::idle);
    EXPECT_FALSE(session.has_output());
  }
}

TEST(SessionErrors, TheReasonNamesBothAsNumbers) {
  SessionConfig config = session_config();
  config.peer_as = 64512;
  Session session = session_in(SessionState::open_sent, config);
  session.received(at(1s), octets(peer_open()));
  const auto closed = of_type<Closed>(session.take_events());
  ASSERT_THAT(closed, SizeIs(1));
  EXPECT_THAT(closed[0].reason, HasSubstr("peer is AS 65000, configured 64512"));
}

TEST(SessionErrors, ExtendedMessagesOnlyWhenOffered) {
  const Bytes long_update = header(5000, 2);
  SessionConfig plain = session_config();
  plain.extended_messages = false;
  Session refusing = session_in(SessionState::established, plain);
  refusing.received(at(1s), long_update);
  EXPECT_EQ(refusing.state(), SessionState::idle);
  Session waiting = session_in(SessionState::established);
  waiting.received(at(1s), long_update);
  EXPECT_EQ(waiting.state(), SessionState::established);
}

}  // namespace
}  // namespace cats::bgp::test
