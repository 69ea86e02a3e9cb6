// The load generator of a host, on real connections (load/load.h says what it sends when).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "load/load.h"
#include "load/sessions.h"

namespace boost::asio {
class io_context;
}

namespace cats::load {

struct GeneratorConfig {
  std::string host;                 // node name: file names and random streams
  std::optional<IpAddress> source;  // bound to when given
  std::filesystem::path samples;    // directory of the CSV files of docs/event-log.md
};

// One load at a time, on the thread that runs the io_context.
class Generator {
 public:
  // Creates or appends to the CSV files. Throws SystemError.
  Generator(boost::asio::io_context& io, GeneratorConfig config);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  // Error: a load is running, or its start has passed.
  Expected<void> start(const LoadDescription& load);
  // Stops the schedule if it still runs, lets outstanding replies arrive (at most the load's timeout), closes the
  // sessions, flushes the files; then calls `done`. Without a load: at once, with the last counts.
  void end(std::function<void(const LoadCounts&)> done);
  LoadStatus status() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace cats::load
