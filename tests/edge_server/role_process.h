// A role as a process of its own, in the caller's network namespace, commanded over its control socket.
#pragma once

#include <array>
#include <cstdio>
#include <exception>
#include <functional>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "emulator/control/client.h"
#include "tests/support/wait_until.h"

namespace cats::roles {

class RoleProcess {
 public:
  RoleProcess(std::string node, std::filesystem::path control, const std::function<int()>& role)
      : pid_(check(::fork(), "fork for {}", node)), node_(std::move(node)), control_(std::move(control)) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    int status = 99;
    try {
      status = role();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", node_.c_str(), error.what());
    }
    ::_exit(status);
  }
  // `catsd ROLE` with a configuration that has a control socket, written beside it: for tests that have threads.
  RoleProcess(const std::string& role, const nlohmann::json& config)
      : node_(config.at("node").get<std::string>()), control_(config.at("control").get<std::string>()) {
    const std::string file = control_.string() + ".json";
    write_file(file, config.dump());
    std::array<const char*, 5> argv{CATS_BINARY_DIR "/catsd", role.c_str(), "--config", file.c_str(), nullptr};
    pid_ = check(::fork(), "fork for {}", node_);
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close_range(3, ~0U, 0);  // else it would keep the test's listeners open
    ::execv(argv[0], const_cast<char* const*>(argv.data()));
    ::_exit(127);
  }
  ~RoleProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  RoleProcess(const RoleProcess&) = delete;
  RoleProcess& operator=(const RoleProcess&) = delete;

  pid_t pid() const { return pid_; }
  nlohmann::json call(const nlohmann::json& request) {
    if (!client_) client_.emplace(node_, control_, std::chrono::steady_clock::now() + std::chrono::seconds(5));
    return client_->call(request);
  }
  // The exit status once it has ended by itself; −1 when it has not within 5 s.
  int wait() {
    int status = -1;
    if (!support::wait_for(std::chrono::seconds(5), [&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }))
      return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  std::string node_;
  std::filesystem::path control_;
  std::optional<control::Client> client_;
};

}  // namespace cats::roles
