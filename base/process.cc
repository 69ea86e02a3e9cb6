#include "base/process.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"

namespace cats {

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

}  // namespace cats
