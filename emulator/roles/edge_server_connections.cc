#include "emulator/roles/edge_server_connections.h"

#include <fmt/format.h>

namespace cats::roles {

ConnectionLog::ConnectionLog(const std::filesystem::path& samples, const std::string& node)
    : file_(samples / (node + ".connections.csv"), "accepted_ns,closed_ns,source,port") {}

void ConnectionLog::accepted(int socket, const IpAddress& source, std::uint16_t port) {
  open_[socket] = {std::chrono::steady_clock::now(), source, port};
}

void ConnectionLog::closed(int socket) {
  const auto found = open_.find(socket);
  if (found == open_.end()) return;
  const Open connection = found->second;
  open_.erase(found);
  if (to_lose_ > 0) {
    --to_lose_;
    return;
  }
  file_.row(fmt::format("{},{},{},{}", to_ns(connection.accepted), to_ns(std::chrono::steady_clock::now()),
                        connection.source, connection.port));
  file_.flush();
}

}  // namespace cats::roles
