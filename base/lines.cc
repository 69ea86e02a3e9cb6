#include "base/lines.h"

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

namespace cats {
namespace {

constexpr std::size_t kLine = 4096;  // most are shorter
constexpr std::size_t kChunk = std::size_t{1} << 20;

class LineFile {
 public:
  explicit LineFile(const std::filesystem::path& path)
      : path_(path), fd_(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open {}", path.string())) {
    struct stat status {};
    check(::fstat(fd_.get(), &status), "stat {}", path.string());
    size_ = static_cast<std::uintmax_t>(status.st_size);
  }

  std::uintmax_t size() const { return size_; }

  // Octets [from, to), or fewer at the file's end.
  std::string read(std::uintmax_t from, std::uintmax_t to) const {
    std::string text(static_cast<std::size_t>(std::min(to, size_) - std::min(from, size_)), '\0');
    std::size_t got = 0;
    while (got < text.size()) {
      const ssize_t n = check(::pread(fd_.get(), text.data() + got, text.size() - got, static_cast<off_t>(from + got)),
                              "read {}", path_.string());
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    text.resize(got);
    return text;
  }

  // The line that begins at `begin`, with its end; nothing where no line ends any more.
  std::optional<Lines> line(std::uintmax_t begin) const {
    for (std::size_t room = kLine;; room *= 2) {
      std::string text = read(begin, begin + room);
      if (const std::size_t end = text.find('\n'); end != std::string::npos) {
        text.resize(end + 1);
        return Lines{path_, begin, std::move(text)};
      }
      if (text.size() < room) return std::nullopt;
    }
  }

  // Where the first line begins that is not before t, among those that begin in [low, high); `high` when there is none.
  std::uintmax_t first_from(std::int64_t t, const TimeOfLine& time_of, std::uintmax_t low, std::uintmax_t high) const {
    std::uintmax_t limit = high;  // no line that begins in [limit, high) need be looked at
    while (low < limit) {
      const std::uintmax_t middle = low + (limit - low) / 2;
      const std::uintmax_t begin = middle == low ? low : end_of_line(middle - 1);
      if (begin >= limit) {
        limit = middle;
        continue;
      }
      const auto found = line(begin);
      if (!found) {
        limit = high = begin;
        continue;
      }
      Lines bare = *found;
      bare.text.pop_back();
      if (time_of(bare) < t)
        low = begin + found->text.size();
      else
        limit = high = begin;
    }
    return high;
  }

 private:
  // Of the line to which octet `at` belongs.
  std::uintmax_t end_of_line(std::uintmax_t at) const {
    const auto rest = line(at);
    return rest ? at + rest->text.size() : size_;
  }

  std::filesystem::path path_;
  Fd fd_;
  std::uintmax_t size_ = 0;
};

}  // namespace

std::string Lines::where(std::size_t at) const {
  std::size_t number =
      1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  const LineFile file(path);
  for (std::uintmax_t from = 0; from < offset; from += kChunk) {
    const std::string before = file.read(from, std::min<std::uintmax_t>(from + kChunk, offset));
    number += static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  }
  return fmt::format("{}:{}", path.string(), number);
}

Lines read_lines(const std::filesystem::path& path, const Period& period, const TimeOfLine& time_of,
                 std::uintmax_t begin) {
  const Period always;
  const LineFile file(path);
  const std::uintmax_t end =
      period.to_ns == always.to_ns ? file.size() : file.first_from(period.to_ns, time_of, begin, file.size());
  const std::uintmax_t from =
      period.from_ns == always.from_ns ? begin : file.first_from(period.from_ns, time_of, begin, end);
  Lines lines{path, from, file.read(from, end)};
  lines.text.resize(lines.text.find_last_of('\n') + 1);
  return lines;
}

Lines read_first_line(const std::filesystem::path& path) { return LineFile(path).line(0).value_or(Lines{path, 0, {}}); }

}  // namespace cats
