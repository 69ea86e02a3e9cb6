// Child processes of the runner: in a namespace, in cgroups, with mounts of their own. Started like vfork(2), so the
// cost does not grow with the runner's memory.
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
#include "emulator/kernel/cgroup.h"
#include "emulator/kernel/namespace.h"

namespace cats::kernel {

struct BindMount {
  std::filesystem::path source;
  std::filesystem::path target;  // exists
};

struct SpawnOptions {
  std::vector<std::string> argv;                     // argv[0] is looked up in PATH when it has no slash
  std::optional<std::vector<std::string>> env = {};  // "NAME=value"; the caller's environment when absent
  const Namespace* ns = nullptr;                     // the caller's when null
  std::vector<const Cgroup*> cgroups = {};           // joined before the program starts
  std::filesystem::path stdout_file = {};            // appended to; /dev/null when empty, unless inherit_output
  std::filesystem::path stderr_file = {};            // the same file as stdout_file when empty
  bool inherit_output = false;                       // stdin too
  int stdin_fd = -1;                                 // becomes standard input; output is inherited then
  std::filesystem::path working_directory = {};
  std::vector<BindMount> private_mounts = {};  // when not empty: in a mount namespace of its own
  bool own_mount_namespace = false;            // also without private_mounts
  // SIGKILL when the *thread* that called spawn() ends. Off for what must outlive `topology up`.
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
  friend Process spawn(const SpawnOptions& options);
  friend struct Output run_program(const std::vector<std::string>& argv, const std::string& input, const Namespace* ns,
                                   Duration timeout);

  pid_t pid_ = -1;
  Fd pidfd_;
  std::string program_;
  std::optional<ExitStatus> status_;
};

// Returns when the program runs. Throws SystemError naming the program and the step that failed ("start zebra:
// execve").
Process spawn(const SpawnOptions& options);

struct Output {
  ExitStatus status;
  std::string out;  // standard output
  std::string err;
};
// Runs a program to its end with `input` on its standard input. For set-up, where 20 ms do not matter. Throws as
// spawn() and, when it does not end in time, MeasurementError.
Output run_program(const std::vector<std::string>& argv, const std::string& input = {}, const Namespace* ns = nullptr,
                   Duration timeout = std::chrono::seconds(30));

}  // namespace cats::kernel
