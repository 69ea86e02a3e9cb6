// A child process with one owner, known by its pid; and a command run to its end.
#pragma once

#include <array>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "tests/support/wait_until.h"

namespace cats::support {

using Arguments = std::vector<std::string>;

namespace detail {

// Never returns. The child dies with its parent, so that an aborted test leaves no daemon.
[[noreturn]] inline void become(const Arguments& command, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  std::vector<char*> argv;
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace detail

// Starts in the caller's network namespace, with its output in a file. The destructor ends it (SIGTERM, then SIGKILL
// after 2 s) and waits for it.
class ScopedProcess {
 public:
  ScopedProcess() = default;
  ScopedProcess(const Arguments& command, const std::filesystem::path& output) {
    const Fd log(
        check(::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), "open {}", output.string()));
    pid_ = check(::fork(), "fork for {}", command.at(0));
    if (pid_ == 0) detail::become(command, log.get());
  }
  ~ScopedProcess() { stop(); }
  ScopedProcess(ScopedProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ScopedProcess& operator=(ScopedProcess&& other) noexcept {
    if (this != &other) {
      stop();
      pid_ = std::exchange(other.pid_, -1);
    }
    return *this;
  }
  ScopedProcess(const ScopedProcess&) = delete;
  ScopedProcess& operator=(const ScopedProcess&) = delete;

  pid_t pid() const { return pid_; }

  bool running() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    return pid_ > 0;
  }

  void signal(int number) {
    if (pid_ > 0) ::kill(pid_, number);
  }

  void stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    if (wait_for(std::chrono::seconds(2), [this] { return !running(); })) return;
    kill();
  }

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

struct CommandResult {
  int status = -1;  // exit status; 128 + n after signal n
  std::string output;
  explicit operator bool() const { return status == 0; }
};

// Runs to its end; stdout and stderr together.
inline CommandResult run(const Arguments& command) {
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), O_CLOEXEC), "pipe for {}", command.at(0));
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const pid_t pid = check(::fork(), "fork for {}", command.at(0));
  if (pid == 0) detail::become(command, write_end.get());
  write_end.reset();
  CommandResult result;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(read_end.get(), buffer.data(), buffer.size())) > 0;)
    result.output.append(buffer.data(), static_cast<std::size_t>(n));
  int status = 0;
  check(::waitpid(pid, &status, 0), "wait for {}", command.at(0));
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace cats::support
