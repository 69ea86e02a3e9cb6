// The connections that an edge server accepted, one row each: samples/<edge server>.connections.csv
// (docs/event-log.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/ip.h"
#include "load/samples.h"

namespace cats::load {

class ConnectionRows {
 public:
  // Creates or appends to the file. Throws SystemError.
  ConnectionRows(const std::filesystem::path& samples, const std::string& node);

  // Of a connection that is closed now.
  void add(Instant accepted, Instant closed, const IpAddress& source, std::uint16_t port);
  void flush() { file_.flush(); }

  // The deliberate fault `lost-count`: the next connection that closes gets no row.
  void lose_one() { ++to_lose_; }
  void lose_none() { to_lose_ = 0; }

 private:
  CsvFile file_;
  unsigned to_lose_ = 0;
};

}  // namespace cats::load
