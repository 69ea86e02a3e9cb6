#include "emulator/kernel/process.h"

#include <array>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"

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

// All but the standard files.
ProcessOptions options_of(const SpawnOptions& options) {
  ProcessOptions plain{.argv = options.argv,
                       .env = options.env,
                       .working_directory = options.working_directory,
                       .private_mounts = options.private_mounts,
                       .own_mount_namespace = options.own_mount_namespace,
                       .die_with_parent = options.die_with_parent};
  for (const Cgroup* const cgroup : options.cgroups)
    for (const std::filesystem::path& file : cgroup->join_files()) plain.join_files.push_back(file);
  if (options.ns != nullptr) {
    plain.net_ns = options.ns->fd();
    plain.where = fmt::format("in ns {}", options.ns->name());
  }
  return plain;
}

}  // namespace

Process spawn(const SpawnOptions& options) {
  ProcessOptions plain = options_of(options);
  Fd in, out, err;
  if (!options.inherit_output) {
    const std::string& program = options.argv.at(0);
    in = Fd(check(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open /dev/null"));
    out = open_output(options.stdout_file, program);
    err = open_output(options.stderr_file.empty() ? options.stdout_file : options.stderr_file, program);
    plain.standard = StandardFiles{in.get(), out.get(), err.get()};
  }
  return start_process(plain);
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
  ProcessOptions plain = options_of(options);
  plain.standard = StandardFiles{in.get(), out.get(), err.get()};
  Process process = start_process(plain);
  const std::optional<ExitStatus> status = process.wait(timeout);
  if (!status) {
    throw MeasurementError(fmt::format("{} did not end within {:.0f} s", name, to_seconds(timeout)));
  }
  return {*status, content(out), content(err)};
}

}  // namespace cats::kernel
