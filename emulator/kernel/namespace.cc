#include "emulator/kernel/namespace.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <sched.h>
#include <set>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/error.h"

namespace cats::kernel {
namespace {

constexpr const char* kOwnNamespace = "/proc/thread-self/ns/net";

std::string mount_path(const std::string& name) { return fmt::format("{}/{}", kNamespaceDirectory, name); }

Fd open_own(const std::string& label) {
  return Fd(check(::open(kOwnNamespace, O_RDONLY | O_CLOEXEC), "open {} in ns {}", kOwnNamespace, label));
}

void enter(int fd, const std::string& name) { check(::setns(fd, CLONE_NEWNET), "setns to ns {}", name); }

bool is_mount_point(const char* path) {
  struct statx status {};
  return ::statx(AT_FDCWD, path, 0, 0, &status) == 0 && (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// Makes /run/netns a shared mount point, so that a namespace mounted or unmounted here is so in every mount namespace
// that was copied from this one. The lock is the one of `ip netns`; without it two first runs would stack two mounts.
void prepare_directory() {
  static std::atomic<bool> shared = false;  // by this process; another one may have been killed between the two mounts
  if (shared && is_mount_point(kNamespaceDirectory)) {
    return;
  }
  if (::mkdir(kNamespaceDirectory, 0755) != 0 && errno != EEXIST) {
    throw SystemError(errno, fmt::format("mkdir {}", kNamespaceDirectory));
  }
  const Fd lock(check(::open(kNamespaceDirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open {}", kNamespaceDirectory));
  check(::flock(lock.get(), LOCK_EX), "lock {}", kNamespaceDirectory);
  if (::mount("", kNamespaceDirectory, "none", MS_SHARED | MS_REC, nullptr) == 0) {
    shared = true;
    return;
  }
  if (errno != EINVAL) {
    throw SystemError(errno, fmt::format("mount --make-shared {}", kNamespaceDirectory));
  }
  check(::mount(kNamespaceDirectory, kNamespaceDirectory, "none", MS_BIND | MS_REC, nullptr), "mount --bind {}",
        kNamespaceDirectory);
  check(::mount("", kNamespaceDirectory, "none", MS_SHARED | MS_REC, nullptr), "mount --make-shared {}",
        kNamespaceDirectory);
  shared = true;
}

// Runs `action` in a fresh namespace on this thread and comes back.
template <class Action>
void in_new_namespace(const std::string& label, Action&& action) {
  const Fd home = open_own(label);
  check(::unshare(CLONE_NEWNET), "unshare to create ns {}", label);
  try {
    action();
  } catch (...) {
    enter(home.get(), "of the caller");
    throw;
  }
  enter(home.get(), "of the caller");
}

}  // namespace

Namespace::Namespace(std::string name, Fd fd, bool mounted, bool owned)
    : name_(std::move(name)), fd_(std::move(fd)), mounted_(mounted), owned_(owned) {}

Namespace Namespace::create(const std::string& name) {
  prepare_directory();
  const std::string path = mount_path(name);
  Fd(check(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0), "create {}", path)).reset();
  try {
    Fd own;
    in_new_namespace(name, [&] {
      own = open_own(name);
      check(::mount(kOwnNamespace, path.c_str(), "none", MS_BIND, nullptr), "mount ns {} at {}", name, path);
    });
    return Namespace(name, std::move(own), true, true);
  } catch (...) {
    ::umount2(path.c_str(), MNT_DETACH);
    ::unlink(path.c_str());
    throw;
  }
}

Namespace Namespace::open(const std::string& name) {
  const std::string path = mount_path(name);
  return Namespace(name, Fd(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open ns {} at {}", name, path)), true,
                   false);
}

Namespace Namespace::anonymous(const std::string& label) {
  Fd own;
  in_new_namespace(label, [&] { own = open_own(label); });
  return Namespace(label, std::move(own), false, true);
}

Namespace Namespace::current(const std::string& label) { return Namespace(label, open_own(label), false, false); }

Namespace::~Namespace() {
  if (!owned_) {
    return;
  }
  try {
    remove();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
  }
}

Namespace::Namespace(Namespace&& other) noexcept
    : name_(std::move(other.name_)),
      fd_(std::move(other.fd_)),
      mounted_(std::exchange(other.mounted_, false)),
      owned_(std::exchange(other.owned_, false)) {}

Namespace& Namespace::operator=(Namespace&& other) noexcept {
  std::swap(name_, other.name_);
  std::swap(fd_, other.fd_);
  std::swap(mounted_, other.mounted_);
  std::swap(owned_, other.owned_);
  return *this;
}

std::filesystem::path Namespace::path() const {
  return mounted_ ? mount_path(name_) : fmt::format("/proc/{}/fd/{}", ::getpid(), fd_.get());
}

ino_t Namespace::inode() const {
  struct stat status {};
  check(::fstat(fd_.get(), &status), "stat ns {}", name_);
  return status.st_ino;
}

void Namespace::remove() {
  owned_ = false;
  fd_.reset();
  if (std::exchange(mounted_, false)) {
    remove_namespace(name_);
  }
}

void remove_namespace(const std::string& name) {
  const std::string path = mount_path(name);
  // A file that is no mount point is what a killed run leaves between its two steps.
  if (::umount2(path.c_str(), MNT_DETACH) != 0 && errno != EINVAL) {
    throw SystemError(errno, fmt::format("unmount {}", path));
  }
  check(::unlink(path.c_str()), "remove {}", path);
}

void remove_together(std::vector<Namespace> namespaces) {
  // The descriptors keep the networks alive until the last name is gone; then the kernel cleans up all in one batch.
  std::exception_ptr first;
  for (Namespace& ns : namespaces) {
    ns.owned_ = false;
    try {
      if (std::exchange(ns.mounted_, false)) {
        remove_namespace(ns.name_);
      }
    } catch (const SystemError&) {
      first = first ? first : std::current_exception();
    }
  }
  namespaces.clear();
  if (first) {
    std::rethrow_exception(first);
  }
}

std::vector<std::string> list_namespaces() {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(kNamespaceDirectory, none)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<pid_t> processes_in(std::span<const Namespace> namespaces) {
  std::set<std::pair<dev_t, ino_t>> wanted;
  for (const Namespace& ns : namespaces) {
    struct stat status {};
    check(::fstat(ns.fd(), &status), "stat ns {}", ns.name());
    wanted.emplace(status.st_dev, status.st_ino);
  }
  std::vector<pid_t> found;
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = process.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    std::error_code gone;
    for (std::filesystem::directory_iterator thread(process.path() / "task", gone), end; !gone && thread != end;
         thread.increment(gone)) {
      struct stat status {};
      if (::stat((thread->path() / "ns/net").c_str(), &status) == 0 &&
          wanted.contains({status.st_dev, status.st_ino})) {
        found.push_back(static_cast<pid_t>(std::stol(pid)));
        break;
      }
    }
  }
  return found;
}

Within::Within(const Namespace& ns) : home_(open_own("of the caller")) { enter(ns.fd(), ns.name()); }

Within::~Within() {
  if (::setns(home_.get(), CLONE_NEWNET) != 0) {
    std::perror("setns back to the caller's network namespace");
    std::abort();
  }
}

}  // namespace cats::kernel
