// Child processes. Started like vfork(2), so the cost does not grow with the caller's memory.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"

namespace cats {

struct BindMount {
  std::filesystem::path source;
  std::filesystem::path target;  // exists
};

// Descriptors that become 0, 1 and 2.
struct StandardFiles {
  int in = -1;
  int out = -1;
  int err = -1;
};

struct ProcessOptions {
  std::vector<std::string> argv;                       // argv[0] is looked up in PATH when it has no slash
  std::optional<std::vector<std::string>> env = {};    // "NAME=value"; the caller's environment when absent
  std::optional<StandardFiles> standard = {};          // the caller's, and its session, when absent
  std::vector<std::filesystem::path> join_files = {};  // control groups: "0" is written there before the program starts
  int net_ns = -1;                                     // a network namespace; the caller's when negative
  std::string where = {};                              // of net_ns, for errors: "in ns NAME"
  std::filesystem::path working_directory = {};
  std::vector<BindMount> private_mounts = {};  // when not empty: in a mount namespace of its own
  bool own_mount_namespace = false;            // also without private_mounts
  // SIGKILL when the *thread* that started it ends.
  bool die_with_parent = true;
};

struct ExitStatus {
  int code = 0;    // of exit, when signal is 0
  int signal = 0;  // that ended it

  bool success() const { return code == 0 && signal == 0; }
  std::string str() const;  // "exit status 1", "killed by signal 9 (Killed)"
};

// Owns a child: the destructor kills it with SIGKILL and waits, unless released.
class Process {
 public:
  Process() = default;
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }  // readable when the process has ended
  const std::string& program() const { return program_; }
  explicit operator bool() const { return pid_ > 0; }

  bool running();
  // Sends to this very process, never to a later one with the same id. Nothing happens when it has ended.
  void kill(int signal);
  ExitStatus wait();
  std::optional<ExitStatus> wait(Duration timeout);  // nothing when it still runs
  // SIGTERM, then SIGKILL after the grace time; waits.
  ExitStatus stop(Duration grace = std::chrono::seconds(2));
  // The child lives on, and is not waited for.
  void release();

 private:
  friend Process start_process(const ProcessOptions& options);
  Process(pid_t pid, Fd pidfd, std::string program)
      : pid_(pid), pidfd_(std::move(pidfd)), program_(std::move(program)) {}

  pid_t pid_ = -1;
  Fd pidfd_;
  std::string program_;
  std::optional<ExitStatus> status_;
};

// Returns when the program runs. Throws SystemError naming the program and the step that failed ("start zebra:
// execve").
Process start_process(const ProcessOptions& options);

}  // namespace cats
