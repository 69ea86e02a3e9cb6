#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/process.h"

namespace cats {
namespace {

constexpr std::size_t kChildStack = std::size_t{64} * 1024;

// The step between a process and its child: clone, then only system calls until exec.

// Everything the child needs, prepared before it exists: it shares this memory and may only make system calls.
struct ChildPlan {
  const char* program = nullptr;
  std::vector<char*> argv;
  std::vector<char*> env;
  std::vector<std::string> join_files;
  std::vector<BindMount> mounts;
  bool mount_namespace = false;
  int net_ns = -1;
  int in = -1, out = -1, err = -1;
  const char* working_directory = nullptr;
  bool die_with_parent = false;
  pid_t parent = 0;
  sigset_t signals{};

  // The child's answer.
  const char* failed_step = nullptr;
  int error = 0;
};

int failed(ChildPlan& plan, const char* step) {
  plan.failed_step = step;
  plan.error = errno;
  return 127;
}

bool join(const char* file) {
  const int fd = ::open(file, O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  const bool joined = ::write(fd, "0", 1) == 1;
  const int error = errno;
  ::close(fd);
  errno = error;
  return joined;
}

// Slave, not private: a namespace unmounted by the runner must not stay alive in the child's copy of the mounts.
bool private_mounts(const std::vector<BindMount>& mounts) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return false;
  }
  for (const BindMount& mount : mounts) {
    if (::mount(mount.source.c_str(), mount.target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
      return false;
    }
  }
  return true;
}

bool default_signals(const sigset_t& mask) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP) {
      (void)::sigaction(signal, &standard, nullptr);  // some numbers are reserved
    }
  }
  return ::sigprocmask(SIG_SETMASK, &mask, nullptr) == 0;
}

int child(void* argument) {
  ChildPlan& plan = *static_cast<ChildPlan*>(argument);
  if (plan.die_with_parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
      return failed(plan, "prctl");
    }
    if (::getppid() != plan.parent) {
      return failed(plan, "parent ended");
    }
  }
  for (const std::string& file : plan.join_files) {
    if (!join(file.c_str())) {
      return failed(plan, file.c_str());
    }
  }
  if (plan.net_ns >= 0 && ::setns(plan.net_ns, CLONE_NEWNET) != 0) {
    return failed(plan, "setns");
  }
  if (plan.mount_namespace && !private_mounts(plan.mounts)) {
    return failed(plan, "private mounts");
  }
  if (plan.out >= 0 && (::dup2(plan.in, 0) < 0 || ::dup2(plan.out, 1) < 0 || ::dup2(plan.err, 2) < 0)) {
    return failed(plan, "dup2");
  }
  if (plan.working_directory != nullptr && ::chdir(plan.working_directory) != 0) {
    return failed(plan, "chdir");
  }
  if (plan.out >= 0) {
    ::setsid();
  }
  if (!default_signals(plan.signals)) {
    return failed(plan, "sigprocmask");
  }
  ::execve(plan.program, plan.argv.data(), plan.env.data());
  return failed(plan, "execve");
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& string : strings) {
    result.push_back(string.data());
  }
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    result.emplace_back(*entry);
  }
  return result;
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return name;
  }
  const char* const path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/sbin:/usr/bin:/sbin:/bin";
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    std::string candidate = fmt::format("{}/{}", rest.substr(0, colon), name);
    if (::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
  }
  throw SystemError(ENOENT, fmt::format("start {}", name));
}

// No signal handler of ours may run in the child while it shares our memory.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  const sigset_t& before() const { return before_; }

 private:
  sigset_t before_{};
};

class Stack {
 public:
  Stack()
      : base_(::mmap(nullptr, kChildStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {
    if (base_ == MAP_FAILED) {
      throw SystemError(errno, "map a stack for a child");
    }
  }
  ~Stack() { ::munmap(base_, kChildStack); }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  void* top() const { return static_cast<char*>(base_) + kChildStack; }

 private:
  void* base_;
};

struct Started {
  pid_t pid = -1;
  Fd pidfd;
};

Started start(ChildPlan& plan, const std::string& what) {
  const Stack stack;
  const SignalsBlocked blocked;
  plan.signals = blocked.before();
  plan.parent = ::getpid();
  int pidfd = -1;
  const pid_t pid = check(::clone(child, stack.top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &pidfd),
                          "start {}", what);
  Started started{pid, Fd(pidfd)};
  if (plan.failed_step != nullptr) {
    (void)::waitpid(pid, nullptr, 0);
    throw SystemError(plan.error, fmt::format("start {}: {}", what, plan.failed_step));
  }
  return started;
}

}  // namespace

Process start_process(const ProcessOptions& options) {
  const std::string program = find_program(options.argv.at(0));
  std::vector<std::string> argv = options.argv;
  std::vector<std::string> env = options.env ? *options.env : own_environment();
  ChildPlan plan;
  plan.program = program.c_str();
  plan.argv = pointers(argv);
  plan.env = pointers(env);
  for (const std::filesystem::path& file : options.join_files) plan.join_files.push_back(file.string());
  plan.mounts = options.private_mounts;
  plan.mount_namespace = options.own_mount_namespace || !options.private_mounts.empty();
  plan.net_ns = options.net_ns;
  if (options.standard) {
    plan.in = options.standard->in;
    plan.out = options.standard->out;
    plan.err = options.standard->err;
  }
  plan.working_directory = options.working_directory.empty() ? nullptr : options.working_directory.c_str();
  plan.die_with_parent = options.die_with_parent;
  const std::string& name = options.argv.front();
  Started started = start(plan, options.where.empty() ? name : fmt::format("{} {}", name, options.where));
  return {started.pid, std::move(started.pidfd), name};
}

}  // namespace cats
