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
#include "base/json_writer.h"
#include "base/lines.h"

namespace cats {

// Appends to one file, from one thread. Lines are whole, but for the last one of a killed process; each is in the file
// when the call that writes it returns, and those of together() when that does.
class EventLog {
 public:
  // When lines go to the file: each at once; or when flush() is called and whenever there are kTogether octets, for
  // those whose process loses nothing that it could not make again.
  enum class Write : std::uint8_t { at_once, buffered };

  // Creates or appends to `path`; a torn last line, of a process that was killed, is cut off. Throws SystemError.
  EventLog(const std::filesystem::path& path, std::string node, const Clock& clock, Write mode = Write::at_once);

  // Writes {"t_ns", "node", "event", …fields}. `fields` is an object (or null for none).
  void write(std::string_view event, nlohmann::ordered_json fields = nullptr);
  // The same for something that happened at `when` (a receive timestamp, say).
  void write_at(Instant when, std::string_view event, nlohmann::ordered_json fields = nullptr);

  // The same for what is written thousands of times a second: `fill` is given a JsonWriter and writes the members, none
  // of them t_ns, node or event.
  template <class Fill>
  void write_members(Instant when, std::string_view event, Fill&& fill) {
    JsonWriter line = begin_line(when, event);
    fill(line);
    end_line();
  }
  // The same, now, with the members of an object that is text already.
  void write_object(std::string_view event, std::string_view object);

  // What `work` writes goes to the file together, when it returns or throws, or when there are kTogether octets. A
  // process that is killed in `work` loses the lines that it had not written yet.
  static constexpr std::size_t kTogether = 64 * 1024;
  template <class Work>
  void together(Work&& work) {
    ++together_;
    try {
      work();
    } catch (...) {
      --together_;
      flush_unless_together();
      throw;
    }
    --together_;
    flush_unless_together();
  }

  // What is buffered. Throws SystemError; the lines are lost then.
  void flush();

 private:
  JsonWriter begin_line(Instant when, std::string_view event);
  void end_line();
  void flush_unless_together();
  void cut_torn_line();

  Fd file_;
  std::string path_;
  std::string node_;
  const Clock& clock_;
  Write mode_;
  std::string pending_;    // whole lines, and the one that is being written
  std::size_t whole_ = 0;  // octets of the whole ones
  unsigned together_ = 0;  // depth
};

// Reads a log back. A torn last line (a killed writer) is dropped; any other bad line is an error naming file and line.
Expected<std::vector<nlohmann::json>> read_events(const std::filesystem::path& path);
// The same of some lines of a log.
Expected<std::vector<nlohmann::json>> parse_events(const Lines& lines);

}  // namespace cats
