// The event log: what every component saw and did, one JSON object a line, so that each figure of a report can be
// computed again by anyone. Names of events and fields: docs/event-log.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"

namespace cats {

// Appends to one file. A line is written with one write(2), so a killed process leaves no torn line but the last.
class EventLog {
 public:
  // Creates or appends to `path`. Throws SystemError.
  EventLog(const std::filesystem::path& path, std::string node, const Clock& clock);

  // Writes {"t_ns", "node", "event", …fields}. `fields` is an object (or null for none).
  void write(std::string_view event, nlohmann::ordered_json fields = nullptr);
  // The same for something that happened at `when` (a receive timestamp, say).
  void write_at(Instant when, std::string_view event, nlohmann::ordered_json fields = nullptr);

 private:
  Fd file_;
  std::string path_;
  std::string node_;
  const Clock& clock_;
};

// Reads a log back. A torn last line (a killed writer) is dropped; any other bad line is an error naming file and line.
Expected<std::vector<nlohmann::json>> read_events(const std::filesystem::path& path);

}  // namespace cats
