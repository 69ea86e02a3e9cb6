#include "suite/part_messages.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = std::size_t{256} * 1024;

}  // namespace

void send(Ranks& ranks, int to, const nlohmann::json& head, std::string_view octets) {
  std::string message = head.dump();
  message += '\n';
  message += octets;
  ranks.send(to, message);
}

PartMessage parsed(const Ranks::Message& message) {
  const std::size_t end = message.octets.find('\n');
  auto head = nlohmann::json::parse(message.octets.substr(0, end), nullptr, false);
  if (end == std::string::npos || !head.is_object() || !head.contains("kind"))
    throw UsageError(
        fmt::format("rank {} does not speak as this catsbench does: start the same program everywhere", message.from));
  return {std::move(head), message.octets.substr(end + 1)};
}

void send_files(Ranks& ranks, int to, const fs::path& root, const std::vector<std::string>& files,
                nlohmann::json head) {
  head["kind"] = "file";
  std::string chunk;
  for (const std::string& file : files) {
    head["path"] = file;
    const fs::path path = root / file;
    const Fd source(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open {}", path.string()));
    bool first = true;
    while (true) {
      chunk.resize(kChunk);
      const ssize_t got = check(::read(source.get(), chunk.data(), chunk.size()), "read {}", path.string());
      chunk.resize(static_cast<std::size_t>(got));
      if (chunk.empty() && !first) break;
      send(ranks, to, head, chunk);
      first = false;
    }
  }
}

void take_in(const PartMessage& file, const fs::path& root) {
  const fs::path path = root / file.head.at("path").get<std::string>();
  fs::create_directories(path.parent_path());
  const Fd target(
      check(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), "open {}", path.string()));
  std::string_view rest = file.octets;
  while (!rest.empty())
    rest.remove_prefix(
        static_cast<std::size_t>(check(::write(target.get(), rest.data(), rest.size()), "write {}", path.string())));
}

}  // namespace cats::suite
