// Apart from the rest: <linux/tcp.h>, which has the counters, does not go together with <netinet/tcp.h>.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "emulator/roles/edge_server_service.h"

namespace cats::roles {

TcpTraffic tcp_traffic(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  return {info.tcpi_segs_in, info.tcpi_segs_out, info.tcpi_bytes_received, info.tcpi_bytes_sent};
}

}  // namespace cats::roles
