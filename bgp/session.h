// One BGP session without I/O (RFC 4271 section 8, RFC 7606, RFC 8654, RFC 9003): octets and time in, octets and events
// out. The owner of the socket calls connected(), received(), disconnected() and tick(), and then takes output and
// events. One connection at a time, so there is no collision detection.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "bgp/capability.h"
#include "bgp/message.h"
#include "bgp/notification.h"
#include "bgp/update.h"
#include "bgp/wire.h"

namespace cats::bgp {

enum class SessionState { idle, connect, active, open_sent, open_confirm, established };
std::string_view to_string(SessionState state);  // "open-sent"

struct SessionConfig {
  std::uint32_t local_as = 0;
  std::uint32_t peer_as = 0;  // 0 takes any
  IpAddress router_id;        // IPv4, not 0.0.0.0
  bool passive = false;       // waits for the peer to connect

  std::chrono::seconds hold_time{9};  // offered; 0 for none, else at least 3. Keepalives every third of what is agreed
  // How long to wait for the peer's OPEN (RFC 4271 suggests 4 min), and for its first KEEPALIVE without a hold time.
  Duration open_wait = std::chrono::seconds(10);

  std::vector<Family> families = {ipv6_unicast, ipv4_unicast};
  std::vector<AddPathCapability::Entry> add_path;
  bool route_refresh = true;
  bool extended_messages = true;

  EdgeMetadataCodes codes;
  bool edge_metadata_capability = false;  // standard mode: announced for every address family (A=1)
  bool edge_metadata_transit = true;      // flags 0xC0 to a peer that did not announce the capability
  std::vector<std::uint32_t> recognised_as_scopes;
  std::vector<Capability> more_capabilities;  // sent as they are
};

// What goes into our OPEN.
std::vector<Capability> capabilities_of(const SessionConfig& config);

struct Established {
  SessionParameters parameters;
  Open peer;
  std::chrono::seconds hold_time{0};  // agreed
};
// The error action is already applied: with treat_as_withdraw the announced prefixes stand among the withdrawn, so
// `decoded.update` and route_changes(decoded) can be used without looking at `decoded.action`. afi_safi_disable and
// session_reset never appear: both end the session.
struct UpdateReceived {
  DecodedUpdate decoded;
  Bytes raw;  // the whole message
};
struct RefreshReceived {
  RouteRefresh refresh;
};
struct NotificationSent {
  Notification notification;
};
struct NotificationReceived {
  Notification notification;
};
// The session is over and idle; the connection is to be closed once the output is flushed.
struct Closed {
  std::string reason;
};
using SessionEvent =
    std::variant<Established, UpdateReceived, RefreshReceived, NotificationSent, NotificationReceived, Closed>;

class Session {
 public:
  // Throws UsageError when the configuration cannot be spoken (hold time 1 or 2, no AS, router id, or family).
  explicit Session(SessionConfig config);

  SessionState state() const { return state_; }
  const SessionConfig& config() const { return config_; }
  // Nothing unless established.
  const SessionParameters* parameters() const;

  void start();                 // idle → connect, or active when passive
  void connected(Instant now);  // sends OPEN → open_sent
  void received(Instant now, ByteView octets);
  // Also when there never was a connection: → idle.
  void disconnected(Instant now, std::string_view why = "connection closed by the peer");
  void tick(Instant now);  // acts on timers that are due
  std::optional<Instant> next_deadline() const;

  // Cease, administrative shutdown, with a text of at most 255 octets of UTF-8 (RFC 9003); longer is cut.
  void close(Instant now, std::string_view text = "");

  // Encodes into the output. Errors, with nothing sent: not established; attribute 42 that this session may not carry;
  // what encode_update refuses.
  Expected<void> send(Instant now, const Update& update);
  // For octets that the caller encoded and writes itself: whole UPDATE (or other) messages. Checks framing, size and
  // the rules of attribute 42, and counts as traffic for the keepalive timer.
  Expected<void> admit(Instant now, ByteView messages);

  bool has_output() const { return !output_.empty(); }
  Bytes take_output();
  std::vector<SessionEvent> take_events();

 private:
  bool on_connection() const { return state_ >= SessionState::open_sent; }
  std::size_t consume(Instant now, ByteView buffer);
  void handle(Instant now, const Frame& frame);
  void handle_open(Instant now, ByteView body);
  void handle_keepalive(Instant now);
  void handle_update(Instant now, const Frame& frame);
  void handle_notification(ByteView body);
  void handle_refresh(Instant now, ByteView body);
  void unexpected(Instant now, MessageType type);
  void fail_with(Instant now, const Notification& notification, std::string_view why = "");
  void end(std::string reason);
  void emit(Instant now, ByteView message);
  void sent(Instant now);
  void restart_hold(Instant now);

  SessionConfig config_;
  std::vector<Capability> capabilities_;
  Bytes open_;
  SessionState state_ = SessionState::idle;
  SessionParameters parameters_;
  Open peer_open_;
  Duration hold_{0};  // agreed; zero for none
  std::optional<Instant> hold_deadline_;
  std::optional<Instant> keepalive_deadline_;
  Bytes input_;  // the beginning of a message that is not all there
  Bytes output_;
  std::vector<SessionEvent> events_;
};

// Why these octets may not go to this peer: attribute 42 with standard flags to a peer that did not announce the
// capability, or with transit flags to one that did. Also an error: octets that are not whole messages.
Expected<void> check_outgoing(ByteView messages, const SessionParameters& parameters);

// Cease with a shutdown communication (RFC 9003), and its text; empty when there is none.
Notification shutdown_notification(std::string_view text, std::uint8_t subcode = cease_error::administrative_shutdown);
std::string shutdown_text(const Notification& notification);

}  // namespace cats::bgp
