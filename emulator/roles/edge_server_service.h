// The service of an edge server over HTTP: GET /work?us=N spends N µs of CPU time on a worker, GET /whoami names the
// instance.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "collectors/sampler.h"
#include "emulator/roles/edge_server_connections.h"
#include "emulator/roles/edge_server_work.h"
#include "http/server.h"
#include "load/load.h"

namespace cats::roles {

inline constexpr std::uint64_t kMaxWorkUs = load::kMostWork / std::chrono::microseconds(1);

// Segments and payload octets of one TCP connection (TCP_INFO), its FIN counted as an octet; zeros for a socket that is
// none.
struct TcpTraffic {
  std::uint64_t packets_in = 0, packets_out = 0, bytes_in = 0, bytes_out = 0;
};
TcpTraffic tcp_traffic(int socket);

class Service {
 public:
  // Replies name `instance`. What works in `pool` may outlive the service, not `io`. Throws SystemError when it cannot
  // listen on an address.
  Service(boost::asio::io_context& io, std::string instance, WorkPool& pool, ConnectionLog& connections,
          const std::vector<IpAddress>& addresses, std::uint16_t port);

  collectors::ServiceReading read(Instant now);
  std::size_t connections() const { return server_.connections(); }
  std::uint16_t port() const { return port_; }
  void close() { server_.close(); }

 private:
  void handle(const http::Request& request, const http::Reply& reply);
  void work(const http::Request& request, const http::Reply& reply);

  std::string instance_;
  WorkPool& pool_;
  ConnectionLog& log_;
  TcpTraffic closed_;  // of connections that are gone
  http::Server server_;
  std::uint16_t port_ = 0;
};

}  // namespace cats::roles
