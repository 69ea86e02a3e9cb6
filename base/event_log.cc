#include "base/event_log.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace cats {

EventLog::EventLog(const std::filesystem::path& path, std::string node, const Clock& clock, Write mode)
    : file_(check(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644), "open {}", path.string())),
      path_(path.string()),
      node_(std::move(node)),
      clock_(clock),
      mode_(mode) {
  cut_torn_line();
}

// Else the next line would continue it, and make it a bad one in mid-file.
void EventLog::cut_torn_line() {
  struct stat status {};
  check(::fstat(file_.get(), &status), "stat {}", path_);
  if (!S_ISREG(status.st_mode)) return;
  off_t end = status.st_size;
  std::array<char, 4096> block;
  while (end > 0) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(block.size()));
    const auto wanted = static_cast<std::size_t>(end - begin);
    const ssize_t got = check(::pread(file_.get(), block.data(), wanted, begin), "read {}", path_);
    const std::string_view text(block.data(), static_cast<std::size_t>(got));
    const std::size_t newline = text.rfind('\n');
    end = newline == std::string_view::npos ? begin : begin + static_cast<off_t>(newline) + 1;
    if (newline != std::string_view::npos || got == 0) break;
  }
  if (end != status.st_size) check(::ftruncate(file_.get(), end), "truncate {}", path_);
}

void EventLog::write(std::string_view event, nlohmann::ordered_json fields) {
  write_at(clock_.now(), event, std::move(fields));
}

void EventLog::write_at(Instant when, std::string_view event, nlohmann::ordered_json fields) {
  nlohmann::ordered_json line = {{"t_ns", to_ns(when)}, {"node", node_}, {"event", event}};
  if (fields.is_object())
    for (auto& [key, value] : fields.items()) line[key] = std::move(value);
  // Peers' words may stand in it.
  std::string text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  text.pop_back();  // end_line() closes it
  pending_.resize(whole_);
  pending_ += text;
  end_line();
}

void EventLog::write_object(std::string_view event, std::string_view object) {
  begin_line(clock_.now(), event);
  if (object.size() > 2) pending_.append(",").append(object.substr(1, object.size() - 2));
  end_line();
}

JsonWriter EventLog::begin_line(Instant when, std::string_view event) {
  pending_.resize(whole_);  // what a line that was not ended has left
  JsonWriter line(pending_);
  line.begin_object();
  line.field("t_ns", to_ns(when));
  line.field("node", node_);
  line.field("event", event);
  return line;
}

void EventLog::end_line() {
  pending_ += "}\n";
  whole_ = pending_.size();
  if (whole_ >= kTogether) return flush();
  flush_unless_together();
}

void EventLog::flush_unless_together() {
  if (together_ == 0 && mode_ == Write::at_once) flush();
}

void EventLog::flush() {
  if (whole_ == 0) return;
  const ssize_t written = ::write(file_.get(), pending_.data(), whole_);
  const int error = written < 0 ? errno : ENOSPC;
  const bool all = written == static_cast<ssize_t>(whole_);
  pending_.clear();
  whole_ = 0;
  if (!all) throw SystemError(error, "write " + path_);
}

Expected<std::vector<nlohmann::json>> read_events(const std::filesystem::path& path) {
  try {
    return parse_events(read_lines(path));
  } catch (const SystemError& error) {
    return fail("{}", error.what());
  }
}

Expected<std::vector<nlohmann::json>> parse_events(const Lines& lines) {
  std::vector<nlohmann::json> events;
  const std::string& text = lines.text;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    auto event = nlohmann::json::parse(text.begin() + static_cast<std::ptrdiff_t>(start),
                                       text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (!event.is_object() || !event.contains("t_ns") || !event.contains("event"))
      return fail("{}: not an event: {}", lines.where(start),
                  text.substr(start, std::min<std::size_t>(end - start, 80)));
    events.push_back(std::move(event));
    start = end + 1;
  }
  return events;
}

}  // namespace cats
