// The step between a process and its child: clone, then only system calls until exec. Internal to this folder.
#pragma once

#include <optional>
#include <sys/types.h>

#include "base/fd.h"
#include "emulator/kernel/process.h"

namespace cats::kernel {

// Descriptors that become 0, 1 and 2.
struct StandardFiles {
  int in;
  int out;
  int err;
};

struct Started {
  pid_t pid = -1;
  Fd pidfd;
};

// Without standard files the child inherits the caller's and stays in its session. The output files of the options are
// not looked at. Throws SystemError naming program and step.
Started start_program(const SpawnOptions& options, const std::optional<StandardFiles>& standard);

}  // namespace cats::kernel
