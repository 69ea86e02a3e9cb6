// The connections that an edge server accepted, by socket.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/ip.h"
#include "load/connection_rows.h"

namespace cats::roles {

class ConnectionLog {
 public:
  // Creates or appends to the file. Throws SystemError.
  ConnectionLog(const std::filesystem::path& samples, const std::string& node) : rows_(samples, node) {}

  void accepted(int socket, const IpAddress& source, std::uint16_t port);
  // Writes the row, at once: a trial is checked as soon as it has ended.
  void closed(int socket);
  void lose_one() { rows_.lose_one(); }
  void lose_none() { rows_.lose_none(); }

 private:
  struct Open {
    Instant accepted;
    IpAddress source;
    std::uint16_t port = 0;
  };

  load::ConnectionRows rows_;
  std::map<int, Open> open_;  // by socket
};

}  // namespace cats::roles
