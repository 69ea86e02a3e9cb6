// Any octets, cut anywhere: the same events, and never a crash.
#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "bgp/session.h"
#include "tests/bgp_speaker/session_fixture.h"

namespace cats::bgp::test {
namespace {

Bytes random_octets(const std::vector<std::uint8_t>& values) {
  Bytes out;
  for (const std::uint8_t value : values) {
    out.push_back(static_cast<std::byte>(value));
  }
  return out;
}

// A stream that is plausible for long, with a change now and then.
rc::Gen<Bytes> stream() {
  const SessionParameters theirs = peer_parameters();
  const auto piece = rc::gen::weightedOneOf<Bytes>({
      {4, rc::gen::just(encode_keepalive())},
      {6, rc::gen::map(rc::gen::inRange(0, 99),
                       [theirs](int n) {
                         return encoded(with_metadata(announcement(fmt::format("2001:2:0:{}::/64", n))), theirs);
                       })},
      {1, rc::gen::just(encode_route_refresh({ipv6_unicast, RouteRefresh::normal, {}}))},
      {1, rc::gen::map(rc::gen::arbitrary<std::vector<std::uint8_t>>(),
                       [](const auto& body) { return message(MessageType::update, random_octets(body)); })},
      {1, rc::gen::map(rc::gen::arbitrary<std::vector<std::uint8_t>>(), random_octets)},
      {1, rc::gen::just(encode_notification(shutdown_notification("bye")))},
  });
  return rc::gen::map(rc::gen::pair(rc::gen::container<std::vector<Bytes>>(piece),
                                    rc::gen::container<std::vector<std::pair<std::uint16_t, std::uint8_t>>>(
                                        rc::gen::arbitrary<std::pair<std::uint16_t, std::uint8_t>>())),
                      [](const auto& made) {
                        Bytes all = octets(peer_open()) + encode_keepalive();
                        for (const Bytes& one : made.first) {
                          all = std::move(all) + one;
                        }
                        if (made.second.size() % 3 == 0) {  // a third of the streams has octets changed
                          for (const auto& [place, value] : made.second) {
                            all[place % all.size()] = static_cast<std::byte>(value);
                          }
                        }
                        return all;
                      });
}

std::string story(const std::vector<SessionEvent>& events) {
  std::string text;
  for (const SessionEvent& event : events) {
    text += fmt::format("{} ", event.index());
    if (const auto* update = std::get_if<UpdateReceived>(&event)) {
      text += to_hex(update->raw) + std::string(to_string(update->decoded.action));
    } else if (const auto* closed = std::get_if<Closed>(&event)) {
      text += closed->reason;
    } else if (const auto* sent = std::get_if<NotificationSent>(&event)) {
      text += sent->notification.str() + to_hex(sent->notification.data);
    }
    text += '\n';
  }
  return text;
}

RC_GTEST_PROP(SessionProperty, CutsDoNotMatter, ()) {
  const Bytes all = *stream();
  const auto cuts = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, all.size() + 1));
  Session whole = session_in(SessionState::open_sent);
  whole.received(at(1s), all);

  std::vector<std::size_t> places = cuts;
  std::ranges::sort(places);
  places.push_back(all.size());
  Session pieces = session_in(SessionState::open_sent);
  std::size_t from = 0;
  for (const std::size_t to : places) {
    pieces.received(at(1s), ByteView(all).subspan(from, to - from));
    from = to;
  }
  RC_ASSERT(story(whole.take_events()) == story(pieces.take_events()));
  RC_ASSERT(whole.take_output() == pieces.take_output());
  RC_ASSERT(whole.state() == pieces.state());
}

RC_GTEST_PROP(SessionProperty, OneOctetAtATimeDoesNotMatter, ()) {
  const Bytes all = *stream();
  Session whole = session_in(SessionState::open_sent), pieces = session_in(SessionState::open_sent);
  whole.received(at(1s), all);
  for (const std::byte octet : all) {
    pieces.received(at(1s), {&octet, 1});
  }
  RC_ASSERT(story(whole.take_events()) == story(pieces.take_events()));
  RC_ASSERT(whole.take_output() == pieces.take_output());
}

RC_GTEST_PROP(SessionProperty, RandomOctetsEndInIdleOrWait, (const std::vector<std::uint8_t>& values)) {
  for (const SessionState state : {SessionState::open_sent, SessionState::open_confirm, SessionState::established}) {
    Session session = session_in(state);
    session.received(at(1s), random_octets(values));
    session.tick(at(100s));
    RC_ASSERT(session.state() == SessionState::idle);
    RC_ASSERT(of_type<Closed>(session.take_events()).size() == 1U);
  }
}

// What one session sends, the other takes: never a NOTIFICATION between two of ours.
RC_GTEST_PROP(SessionProperty, TwoOfOursAgree, (bool metadata_here, bool metadata_there, bool extended)) {
  SessionConfig a = session_config(), b = peer_config();
  a.edge_metadata_capability = metadata_here;
  b.edge_metadata_capability = metadata_there;
  b.extended_messages = extended;
  a.add_path = {{ipv6_unicast, AddPathCapability::both}};
  b.add_path = {{ipv6_unicast, AddPathCapability::receive}};
  Session left(a), right(b);
  left.connected(at(0s));
  right.connected(at(0s));
  for (int turn = 0; turn < 4; ++turn) {
    right.received(at(0s), left.take_output());
    left.received(at(0s), right.take_output());
  }
  RC_ASSERT(left.state() == SessionState::established);
  RC_ASSERT(right.state() == SessionState::established);
  Update update = with_metadata(announcement());
  update.mp_reach->nlri[0].path_id = 77;
  const bool sendable = metadata_here == metadata_there || metadata_here;
  RC_ASSERT(left.send(at(0s), update).has_value() == sendable);
  if (sendable) {
    right.take_events();
    right.received(at(0s), left.take_output());
    const auto updates = of_type<UpdateReceived>(right.take_events());
    RC_ASSERT(updates.size() == 1U);
    RC_ASSERT(updates[0].decoded.action == ErrorAction::none);
    RC_ASSERT(updates[0].decoded.update.mp_reach->nlri[0].path_id == 77U);
    RC_ASSERT(updates[0].decoded.update.attributes.edge_metadata->metadata ==
              update.attributes.edge_metadata->metadata);
  }
}

}  // namespace
}  // namespace cats::bgp::test
