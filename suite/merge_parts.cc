#include "suite/merge_parts.h"

#include <fcntl.h>
#include <string_view>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolders[] = {"events", "samples"};
constexpr const char* kRunnerLog = "events/runner.jsonl";
constexpr std::size_t kChunk = std::size_t{1} << 20;

void write_all(int fd, std::string_view octets, const fs::path& path) {
  while (!octets.empty())
    octets.remove_prefix(
        static_cast<std::size_t>(check(::write(fd, octets.data(), octets.size()), "write {}", path.string())));
}

std::size_t read_some(int fd, std::string& chunk, const fs::path& path) {
  chunk.resize(kChunk);
  chunk.resize(static_cast<std::size_t>(check(::read(fd, chunk.data(), chunk.size()), "read {}", path.string())));
  return chunk.size();
}

Fd open_to_read(const fs::path& path) {
  return Fd(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open {}", path.string()));
}

// The first line with its end; empty of an empty file.
std::string header_of(const fs::path& path) {
  const Fd file = open_to_read(path);
  std::string head;
  read_some(file.get(), head, path);
  return head.substr(0, head.find('\n') + 1);
}

void append(const fs::path& from, const fs::path& to, bool has_header) {
  const Fd source = open_to_read(from);
  const Fd target(check(::open(to.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), "open {}", to.string()));
  if (has_header && fs::file_size(to) > 0) {
    const std::string header = header_of(from);
    if (header != header_of(to))
      throw UsageError(fmt::format("{} has other columns than {}: another catsbench wrote it; run the scenario again",
                                   from.string(), to.string()));
    check(::lseek(source.get(), static_cast<off_t>(header.size()), SEEK_SET), "seek {}", from.string());
  }
  std::string chunk;
  while (read_some(source.get(), chunk, from) > 0) write_all(target.get(), chunk, to);
}

}  // namespace

Sizes sizes_of(const fs::path& run_directory) {
  Sizes sizes;
  for (const char* folder : kFolders)
    for (const auto& entry : fs::directory_iterator(run_directory / folder))
      if (entry.is_regular_file())
        sizes[fmt::format("{}/{}", folder, entry.path().filename().string())] = entry.file_size();
  return sizes;
}

void cut_back(const fs::path& run_directory, const Sizes& before) {
  const auto cut = [&](const std::string& file, std::uintmax_t size) {
    const auto known = before.find(file);
    if (known == before.end())
      fs::remove(run_directory / file);
    else if (known->second < size)
      fs::resize_file(run_directory / file, known->second);
  };
  const Sizes now = sizes_of(run_directory);
  for (const auto& [file, size] : now)
    if (file != kRunnerLog) cut(file, size);
  if (const auto runner = now.find(kRunnerLog); runner != now.end()) cut(runner->first, runner->second);
}

void merge_parts(const std::vector<fs::path>& parts, const fs::path& run_directory) {
  for (const fs::path& part : parts)
    for (const auto& [file, size] : sizes_of(part)) append(part / file, run_directory / file, file.ends_with(".csv"));
}

}  // namespace cats::suite
