// A session and the octets of an imagined peer.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "bgp/session.h"

namespace cats::bgp::test {

using namespace std::chrono_literals;

inline Instant at(Duration since_start) { return Instant(1000s) + since_start; }

inline constexpr std::uint32_t our_as = 65101, peer_as = 65000;

inline SessionConfig session_config() {
  SessionConfig config;
  config.local_as = our_as;
  config.peer_as = peer_as;
  config.router_id = IpAddress::of("198.18.0.1");
  return config;
}

inline SessionConfig peer_config() {
  SessionConfig config = session_config();
  std::swap(config.local_as, config.peer_as);
  config.router_id = IpAddress::of("198.18.0.2");
  return config;
}

inline Open peer_open(const SessionConfig& config = peer_config()) {
  Open open;
  open.as = config.local_as;
  open.hold_time_s = static_cast<std::uint16_t>(config.hold_time.count());
  open.router_id = 0xC6120002;
  open.capabilities = capabilities_of(config);
  return open;
}

inline Bytes octets(const Open& open) { return encode_open(open).value(); }

inline Bytes message(MessageType type, const Bytes& body) {
  Bytes out;
  Writer writer(out);
  const std::size_t begin = begin_message(writer, type);
  writer.bytes(body);
  end_message(writer, begin);
  return out;
}

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Update announcement(const std::string& prefix = "2001:2:0:c5::1/128") {
  Update update;
  update.mp_reach = MpReach{ipv6_unicast, IpAddress::of("2001:2::101"), {}, {{IpPrefix::of(prefix), 0}}, {}, {}};
  update.attributes.origin = Origin::igp;
  update.attributes.as_path = AsPath::sequence({peer_as});
  return update;
}

inline Update with_metadata(Update update) {
  update.attributes.edge_metadata = CarriedEdgeMetadata{EdgeMetadata{{SitePreference{7, 0}}}, 0};
  return update;
}

inline Bytes encoded(const Update& update, const SessionParameters& parameters) {
  Bytes out;
  encode_update(update, parameters, out).value();
  return out;
}

// The parameters as the peer of `config` sees them.
inline SessionParameters peer_parameters(const SessionConfig& ours = session_config(),
                                         const SessionConfig& theirs = peer_config()) {
  return negotiate(capabilities_of(theirs), capabilities_of(ours), ours.local_as,
                   {theirs.local_as, theirs.codes, theirs.edge_metadata_transit, {}});
}

template <class Event>
std::vector<Event> of_type(const std::vector<SessionEvent>& events) {
  std::vector<Event> found;
  for (const SessionEvent& event : events) {
    if (const auto* one = std::get_if<Event>(&event)) {
      found.push_back(*one);
    }
  }
  return found;
}

// Types of the messages in `output`; a NOTIFICATION's code and subcode go to `notification`.
inline std::vector<MessageType> types(ByteView output, Notification* notification = nullptr) {
  std::vector<MessageType> found;
  while (!output.empty()) {
    const Frame frame = std::get<Frame>(next_message(output, true));
    found.push_back(frame.type);
    if (frame.type == MessageType::notification && notification != nullptr) {
      *notification = decode_notification(frame.body).value();
    }
    output = output.subspan(frame.whole.size());
  }
  return found;
}

// A session taken to a state at time zero; its output and events so far are dropped.
inline Session session_in(SessionState state, SessionConfig config = session_config(), const Open& peer = peer_open()) {
  Session session(std::move(config));
  session.start();
  if (state >= SessionState::open_sent) {
    session.connected(at(0s));
  }
  if (state >= SessionState::open_confirm) {
    session.received(at(0s), octets(peer));
  }
  if (state == SessionState::established) {
    session.received(at(0s), encode_keepalive());
  }
  session.take_output();
  session.take_events();
  return session;
}

}  // namespace cats::bgp::test
