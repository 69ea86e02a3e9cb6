// Child processes of the runner: in a namespace, in cgroups, with mounts of their own.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/process.h"
#include "emulator/kernel/cgroup.h"
#include "emulator/kernel/namespace.h"

namespace cats::kernel {

using cats::BindMount;
using cats::ExitStatus;
using cats::Process;

struct SpawnOptions {
  std::vector<std::string> argv;                     // argv[0] is looked up in PATH when it has no slash
  std::optional<std::vector<std::string>> env = {};  // "NAME=value"; the caller's environment when absent
  const Namespace* ns = nullptr;                     // the caller's when null
  std::vector<const Cgroup*> cgroups = {};           // joined before the program starts
  std::filesystem::path stdout_file = {};            // appended to; /dev/null when empty, unless inherit_output
  std::filesystem::path stderr_file = {};            // the same file as stdout_file when empty
  bool inherit_output = false;                       // stdin too
  std::filesystem::path working_directory = {};
  std::vector<BindMount> private_mounts = {};  // when not empty: in a mount namespace of its own
  bool own_mount_namespace = false;            // also without private_mounts
  // SIGKILL when the *thread* that called spawn() ends. Off for what must outlive `topology up`.
  bool die_with_parent = true;
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
