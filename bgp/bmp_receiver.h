// Receives BMP (RFC 7854) from any number of routers. All callbacks come on the thread that runs the io_context.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ip.h"
#include "bgp/bmp.h"
#include "bgp/wire.h"

namespace boost::asio {
class io_context;
}

namespace cats::bgp {

// `received` was taken right after the read returned. Views hold during the call only.
struct BmpCallbacks {
  // One UPDATE exactly as the router's peer sent it: with header, path identifiers stripped or not as the router does.
  std::function<void(const std::string& router, Instant received, const BmpPeer&, ByteView update)> on_mirrored;
  std::function<void(const std::string& router, Instant received, const BmpPeer&, ByteView update)> on_route_monitoring;
  std::function<void(const std::string& router, Instant received, const BmpPeerUp&)> on_peer_up;
  std::function<void(const std::string& router, Instant received, const BmpPeerDown&)> on_peer_down;
  // The router says that it lost mirrored messages (information code 1).
  std::function<void(const std::string& router, Instant received, const BmpPeer&)> on_messages_lost;
  // A message of right length that does not parse; it is skipped.
  std::function<void(const std::string& router, Instant received, const std::string& why)> on_bad_message;
  // A router connected (`why` empty), or its connection ended, and why.
  std::function<void(const std::string& router, Instant when, bool up, const std::string& why)> on_connection;
};

class BmpReceiver {
 public:
  BmpReceiver(boost::asio::io_context& io, BmpCallbacks callbacks);
  ~BmpReceiver();
  BmpReceiver(const BmpReceiver&) = delete;
  BmpReceiver& operator=(const BmpReceiver&) = delete;

  // `socket` is bound and listening, made wherever (in the router's namespace, say). Whoever connects is `router`; a
  // new connection does not end an old one.
  void listen(std::string router, Fd socket);
  // Makes the socket in the calling thread's namespace; returns the port (port 0: the kernel's choice). Throws
  // SystemError.
  std::uint16_t listen(std::string router, const IpAddress& address, std::uint16_t port);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace cats::bgp
