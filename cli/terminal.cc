#include "cli/terminal.h"

#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace cats::cli {
namespace {

std::size_t width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

// mpirun reads what its processes print through a pseudo-terminal, wherever it writes it.
bool is_terminal(int fd) { return ::isatty(fd) == 1 && std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr; }

void ProgressLine::show(const std::string& text) {
  if (is_terminal(STDERR_FILENO)) {
    fmt::print(stderr, "\r\x1b[K{}", text.substr(0, width() - 1));
    shown_ = true;
  } else if (text != last_) {
    fmt::print(stderr, "{}\n", text);
  }
  last_ = text;
}

void ProgressLine::clear() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

void ProgressLine::say(const std::string& text) {
  clear();
  fmt::print(stderr, "{}\n", text);
}

std::string minutes(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

}  // namespace cats::cli
