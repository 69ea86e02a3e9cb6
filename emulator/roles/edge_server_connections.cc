#include "emulator/roles/edge_server_connections.h"

namespace cats::roles {

void ConnectionLog::accepted(int socket, const IpAddress& source, std::uint16_t port) {
  open_[socket] = {std::chrono::steady_clock::now(), source, port};
}

void ConnectionLog::closed(int socket) {
  const auto found = open_.find(socket);
  if (found == open_.end()) return;
  const Open connection = found->second;
  open_.erase(found);
  rows_.add(connection.accepted, std::chrono::steady_clock::now(), connection.source, connection.port);
  rows_.flush();
}

}  // namespace cats::roles
