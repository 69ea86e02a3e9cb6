// A network namespace of a test: named catsb-…, visible to `ip netns`, removed with its owner.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "tests/support/process.h"

namespace cats::support {

class ScopedNamespace {
 public:
  // Made with its loopback up. Throws when `ip` fails.
  explicit ScopedNamespace(const std::string& suffix)
      : name_("catsb-" + suffix + "-" + std::to_string(::getpid())), outer_(open_namespace("/proc/self/ns/net")) {
    ip({"netns", "add", name_});
    ip({"-n", name_, "link", "set", "lo", "up"});
  }
  ~ScopedNamespace() {
    leave();
    run({"ip", "netns", "del", name_});
  }
  ScopedNamespace(const ScopedNamespace&) = delete;
  ScopedNamespace& operator=(const ScopedNamespace&) = delete;

  const std::string& name() const { return name_; }

  // The calling thread and the children it forks live in the namespace from here on.
  void enter() { join(open_namespace("/run/netns/" + name_).get()); }
  void leave() { join(outer_.get()); }

  // The command that runs `command` inside, in the same process.
  Arguments inside(Arguments command) const {
    command.insert(command.begin(), {"ip", "netns", "exec", name_});
    return command;
  }

  // `ip -n NAME …`
  void ip_inside(Arguments arguments) {
    arguments.insert(arguments.begin(), {"-n", name_});
    ip(arguments);
  }

 private:
  static Fd open_namespace(const std::string& path) {
    return Fd(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open {}", path));
  }
  void join(int fd) const { check(::setns(fd, CLONE_NEWNET), "enter namespace for {}", name_); }
  static void ip(Arguments arguments) {
    arguments.insert(arguments.begin(), "ip");
    const CommandResult result = run(arguments);
    if (result.status == 0) return;
    std::string command;
    for (const std::string& argument : arguments) command += argument + " ";
    throw std::runtime_error(command + ": " + result.output);
  }

  std::string name_;
  Fd outer_;
};

}  // namespace cats::support
