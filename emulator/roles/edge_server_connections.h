// The connections that an edge server accepted, one row each: samples/<edge server>.connections.csv
// (docs/event-log.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/ip.h"
#include "emulator/load/samples.h"

namespace cats::roles {

class ConnectionLog {
 public:
  // Creates or appends to the file. Throws SystemError.
  ConnectionLog(const std::filesystem::path& samples, const std::string& node);

  void accepted(int socket, const IpAddress& source, std::uint16_t port);
  // Writes the row, at once: a trial is checked as soon as it has ended.
  void closed(int socket);
  // The deliberate fault `lost-count`: the next connection that closes gets no row.
  void lose_one() { ++to_lose_; }
  void lose_none() { to_lose_ = 0; }

 private:
  struct Open {
    Instant accepted;
    IpAddress source;
    std::uint16_t port = 0;
  };

  load::CsvFile file_;
  std::map<int, Open> open_;  // by socket
  unsigned to_lose_ = 0;
};

}  // namespace cats::roles
