#include "base/event_log.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"

namespace cats {

EventLog::EventLog(const std::filesystem::path& path, std::string node, const Clock& clock)
    : file_(check(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), "open {}", path.string())),
      path_(path.string()),
      node_(std::move(node)),
      clock_(clock) {}

void EventLog::write(std::string_view event, nlohmann::ordered_json fields) {
  write_at(clock_.now(), event, std::move(fields));
}

void EventLog::write_at(Instant when, std::string_view event, nlohmann::ordered_json fields) {
  nlohmann::ordered_json line = {{"t_ns", to_ns(when)}, {"node", node_}, {"event", event}};
  if (fields.is_object())
    for (auto& [key, value] : fields.items()) line[key] = std::move(value);
  const std::string text = line.dump() + '\n';
  const ssize_t written = check(::write(file_.get(), text.data(), text.size()), "write {}", path_);
  if (static_cast<std::size_t>(written) != text.size()) throw SystemError(ENOSPC, "write " + path_);
}

Expected<std::vector<nlohmann::json>> read_events(const std::filesystem::path& path) {
  std::string text;
  try {
    text = read_file(path);
  } catch (const SystemError& error) {
    return fail("{}", error.what());
  }
  std::vector<nlohmann::json> events;
  std::size_t start = 0;
  for (int line = 1; start < text.size(); ++line) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string::npos) break;
    auto event = nlohmann::json::parse(text.begin() + static_cast<std::ptrdiff_t>(start),
                                       text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (!event.is_object() || !event.contains("t_ns") || !event.contains("event"))
      return fail("{}:{}: not an event: {}", path.string(), line,
                  text.substr(start, std::min<std::size_t>(end - start, 80)));
    events.push_back(std::move(event));
    start = end + 1;
  }
  return events;
}

}  // namespace cats
