#include "emulator/kernel/process.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "emulator/kernel/spawn.h"

namespace cats::kernel {
namespace {

Fd open_output(const std::filesystem::path& file, const std::string& program) {
  if (file.empty()) {
    return Fd(check(::open("/dev/null", O_WRONLY | O_CLOEXEC), "open /dev/null"));
  }
  return Fd(check(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), "start {}: open {}", program,
                  file.string()));
}

// A file in memory: unlike a pipe it never blocks the program, whatever the order in which it reads and writes.
Fd memory_file(const std::string& program) {
  return Fd(check(::memfd_create("output", MFD_CLOEXEC), "start {}: memfd_create", program));
}

std::string content(const Fd& file) {
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t size = check(::pread(file.get(), buffer.data(), buffer.size(), static_cast<off_t>(text.size())),
                               "read a program's output");
    if (size == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

Process spawn(const SpawnOptions& options) {
  Process process;
  process.program_ = options.argv.at(0);
  Fd in, out, err;
  std::optional<StandardFiles> standard;
  if (options.stdin_fd >= 0) {
    standard = StandardFiles{options.stdin_fd, STDOUT_FILENO, STDERR_FILENO};
  } else if (!options.inherit_output) {
    in = Fd(check(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open /dev/null"));
    out = open_output(options.stdout_file, process.program_);
    err = open_output(options.stderr_file.empty() ? options.stdout_file : options.stderr_file, process.program_);
    standard = StandardFiles{in.get(), out.get(), err.get()};
  }
  Started started = start_program(options, standard);
  process.pid_ = started.pid;
  process.pidfd_ = std::move(started.pidfd);
  return process;
}

Output run_program(const std::vector<std::string>& argv, const std::string& input, const Namespace* ns,
                   Duration timeout) {
  const std::string& name = argv.at(0);
  const Fd in = memory_file(name);
  const Fd out = memory_file(name);
  const Fd err = memory_file(name);
  check(::pwrite(in.get(), input.data(), input.size(), 0), "start {}: prepare its input", name);
  SpawnOptions options;
  options.argv = argv;
  options.ns = ns;
  Started started = start_program(options, StandardFiles{in.get(), out.get(), err.get()});
  Process process;
  process.program_ = name;
  process.pid_ = started.pid;
  process.pidfd_ = std::move(started.pidfd);
  const std::optional<ExitStatus> status = process.wait(timeout);
  if (!status) {
    throw MeasurementError(fmt::format("{} did not end within {:.0f} s", name, to_seconds(timeout)));
  }
  return {*status, content(out), content(err)};
}

std::string ExitStatus::str() const {
  return signal != 0 ? fmt::format("killed by signal {} ({})", signal, ::strsignal(signal))
                     : fmt::format("exit status {}", code);
}

Process::~Process() {
  if (pid_ > 0 && !status_) {
    (void)::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0 && errno == EINTR) {
    }
  }
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      program_(std::move(other.program_)),
      status_(std::exchange(other.status_, std::nullopt)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(program_, other.program_);
  std::swap(status_, other.status_);
  return *this;
}

bool Process::running() { return pid_ > 0 && !wait(Duration::zero()); }

void Process::kill(int signal) {
  if (pid_ > 0 && !status_ && ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) != 0 &&
      errno != ESRCH) {
    throw SystemError(errno, fmt::format("send signal {} to {}", signal, program_));
  }
}

ExitStatus Process::wait() {
  if (!status_) {
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0) {
      if (errno != EINTR) {
        throw SystemError(errno, fmt::format("wait for {}", program_));
      }
    }
    status_ = info.si_code == CLD_EXITED ? ExitStatus{info.si_status, 0} : ExitStatus{0, info.si_status};
  }
  return *status_;
}

std::optional<ExitStatus> Process::wait(Duration timeout) {
  if (status_) {
    return status_;
  }
  const Instant deadline = MonotonicClock().now() + timeout;
  for (;;) {
    const Duration left = std::max(Duration::zero(), deadline - MonotonicClock().now());
    const timespec limit{static_cast<time_t>(left.count() / 1'000'000'000),
                         static_cast<long>(left.count() % 1'000'000'000)};
    pollfd ended{pidfd_.get(), POLLIN, 0};
    const int ready = ::ppoll(&ended, 1, &limit, nullptr);
    if (ready > 0) {
      return wait();
    }
    if (ready == 0) {
      return std::nullopt;
    }
    if (errno != EINTR) {
      throw SystemError(errno, fmt::format("wait for {}", program_));
    }
  }
}

ExitStatus Process::stop(Duration grace) {
  kill(SIGTERM);
  if (const std::optional<ExitStatus> status = wait(grace)) {
    return *status;
  }
  kill(SIGKILL);
  return wait();
}

void Process::release() {
  pid_ = -1;
  pidfd_.reset();
}

}  // namespace cats::kernel
