// A BGP session on a TCP socket. All calls and all callbacks happen on the thread that runs the io_context; any number
// of speakers may share one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "bgp/session.h"
#include "bgp/tcp_options.h"
#include "bgp/update.h"
#include "bgp/wire.h"

namespace boost::asio {
class io_context;
}

namespace cats::bgp {

struct SpeakerConfig {
  SessionConfig session;  // `passive` there decides who connects
  IpAddress peer_address;
  std::optional<IpAddress> local_address;  // bound to; of the peer's family
  std::uint16_t port = 179;                // the peer's, or the one listened on when passive (0: the kernel's choice)
  TcpOptions tcp;

  // Between attempts to connect: doubles from the first to the last, and starts again once established.
  Duration reconnect_first = std::chrono::milliseconds(200);
  Duration reconnect_max = std::chrono::seconds(1);
  Duration connect_timeout = std::chrono::seconds(1);
  std::size_t receive_buffer = 64 * 1024;  // octets read at once at most
};

struct SpeakerCallbacks {
  // Each change of state, with the reason when a session or an attempt failed.
  std::function<void(SessionState, const std::string& why)> on_state;
  // After on_state(established).
  std::function<void(const Established&)> on_established;
  // `received` was taken right after the read returned. The error action is applied (see UpdateReceived).
  std::function<void(Instant received, const DecodedUpdate&, ByteView raw)> on_update;
  std::function<void(const RouteRefresh&)> on_refresh;
  std::function<void(const Notification&, bool sent)> on_notification;
  // Everything queued has gone to the kernel.
  std::function<void()> on_drained;
};

// `at`: when write(2) returned. The kernel has all octets at that instant when queued_octets is 0; else these wait for
// room in the socket (in order) and on_drained tells.
struct Handover {
  Instant at;
  std::size_t queued_octets = 0;
};

struct SpeakerCounters {
  std::uint64_t attempts = 0;     // connections tried or accepted
  std::uint64_t established = 0;  // sessions
  std::uint64_t updates_received = 0;
  std::uint64_t octets_received = 0;
  std::uint64_t octets_sent = 0;
};

class Speaker {
 public:
  // Throws UsageError for a configuration that cannot work.
  Speaker(boost::asio::io_context& io, SpeakerConfig config, SpeakerCallbacks callbacks);
  // Drops the connection without a word; close() first to say goodbye. Callbacks stop.
  ~Speaker();
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  // Connects, or listens (throws SystemError when it cannot), and from then on keeps the session up.
  void start();

  Expected<Handover> send(const Update& update);
  // Whole messages, encoded for parameters(). Nothing is copied unless the socket is full.
  Expected<Handover> send_encoded(ByteView messages);

  SessionState state() const;
  const SessionParameters* parameters() const;  // null unless established
  std::size_t queued_octets() const;
  std::uint16_t listening_port() const;  // 0 unless passive and started
  const SpeakerCounters& counters() const;

  // Cease with the text, then no more reconnecting. `done` comes once the peer has closed its side too, or at the
  // deadline; always from the io_context, also when there was no session.
  void close(const std::string& text = "", Duration deadline = std::chrono::seconds(1),
             std::function<void()> done = {});

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace cats::bgp
