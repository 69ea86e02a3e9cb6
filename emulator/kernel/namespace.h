// Network namespaces, kept by a bind mount at /run/netns/NAME as `ip netns` does, so that both see the same ones.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace cats::kernel {

// Where named namespaces live. Made a shared mount point of its own on first use, under the lock that `ip netns` takes.
inline constexpr const char* kNamespaceDirectory = "/run/netns";

// Owns a network namespace. Set-up failures throw SystemError naming the namespace; the destructor logs and goes on.
class Namespace {
 public:
  // A new namespace with a name. Fails with EEXIST when the name is taken. The destructor removes it unless released.
  static Namespace create(const std::string& name);
  // An existing namespace; never removed by the destructor.
  static Namespace open(const std::string& name);
  // A new namespace without a mount: it goes with the last descriptor, process or socket in it, also after SIGKILL.
  // The label appears in error messages.
  static Namespace anonymous(const std::string& label);
  // The namespace of the calling thread; never removed. The label appears in error messages.
  static Namespace current(const std::string& label);

  ~Namespace();
  Namespace(Namespace&& other) noexcept;
  Namespace& operator=(Namespace&& other) noexcept;
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  const std::string& name() const { return name_; }
  int fd() const { return fd_.get(); }
  // Usable with setns(2) and IFLA_NET_NS_FD; /run/netns/NAME, or this process's descriptor when there is no mount.
  std::filesystem::path path() const;
  // The inode number that identifies the namespace in /proc/PID/ns/net.
  ino_t inode() const;

  // Unmounts, unlinks and closes. What is inside dies with the last process or socket in it. Throws SystemError.
  void remove();
  // Leaves the namespace in place when this object, or the process, ends.
  void release() { owned_ = false; }

 private:
  friend void remove_together(std::vector<Namespace> namespaces);

  Namespace(std::string name, Fd fd, bool mounted, bool owned);

  std::string name_;
  Fd fd_;
  bool mounted_ = false;
  bool owned_ = false;
};

// Unmounts and unlinks /run/netns/NAME without opening it. Throws SystemError.
void remove_namespace(const std::string& name);

// remove() for many, faster: the kernel tears down at once what goes at once. Owned or not. Every one is tried; throws
// the first error.
void remove_together(std::vector<Namespace> namespaces);

// The names under /run/netns, sorted.
std::vector<std::string> list_namespaces();

// Processes that have a thread in one of the namespaces.
std::vector<pid_t> processes_in(std::span<const Namespace> namespaces);

// Moves the calling thread into a namespace and, in the destructor, back. A thread that cannot come back would act on
// the wrong network, so failing to return ends the process.
class Within {
 public:
  explicit Within(const Namespace& ns);
  ~Within();
  Within(const Within&) = delete;
  Within& operator=(const Within&) = delete;

 private:
  Fd home_;
};

// Runs `action` inside the namespace, on this thread.
template <class Action>
decltype(auto) within(const Namespace& ns, Action&& action) {
  const Within inside(ns);
  return std::forward<Action>(action)();
}

}  // namespace cats::kernel
