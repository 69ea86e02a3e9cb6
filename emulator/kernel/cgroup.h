// CPU accounting and quotas through control groups: version 2, or version 1 (where cpu and cpuacct may be hierarchies
// of their own and pids, when mounted, carries membership too). Groups are named catsbench/RUN/NODE[/SUB].
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/clock.h"

namespace cats::kernel {

// Where the hierarchies are mounted.
struct CgroupLayout {
  bool v2 = false;
  std::filesystem::path cpu;      // v1: the cpu hierarchy; v2: the unified one
  std::filesystem::path cpuacct;  // v1; may be the same as cpu
  std::filesystem::path pids;     // v1; empty when not mounted

  // From /proc/self/mountinfo's text. Throws UsageError when no cpu controller is mounted, saying how to get one.
  static CgroupLayout parse(std::string_view mountinfo);
  static const CgroupLayout& of_this_machine();

  // Each directory once.
  std::vector<std::filesystem::path> roots() const;
};

struct CpuThrottling {
  std::uint64_t periods = 0;
  std::uint64_t throttled_periods = 0;
  Duration throttled{};
};

// Owns a group: removed by the destructor unless released. Calls throw SystemError naming the control file.
class Cgroup {
 public:
  // Creates it and its parents; an existing one is taken over. `name` is relative: "catsbench/3f/r1".
  static Cgroup create(const std::string& name, const CgroupLayout& layout = CgroupLayout::of_this_machine());
  // An existing one; never removed by the destructor.
  static Cgroup open(const std::string& name, const CgroupLayout& layout = CgroupLayout::of_this_machine());

  ~Cgroup();
  Cgroup(Cgroup&& other) noexcept;
  Cgroup& operator=(Cgroup&& other) noexcept;
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  const std::string& name() const { return name_; }
  // The control files that a process's id is written to in order to join: what SpawnOptions::cgroups takes.
  std::vector<std::filesystem::path> join_files() const;

  // A group below this one for some threads of processes in this one (v2: a threaded group). Owned by the result.
  Cgroup create_for_threads(const std::string& sub) const;

  void add_process(pid_t pid);
  void add_thread(pid_t tid);
  std::vector<pid_t> members() const;  // processes in it and below
  // SIGKILL to every member, and to what they start meanwhile, until none is left or the deadline passes.
  void kill_members(Duration deadline = std::chrono::seconds(5));

  // CPU time per wall time: 0.2 is a fifth of one core, 2.0 two cores. A default period of 100 ms would run 20 ms and
  // stall 80 at 20 %: sites use 5 to 10 ms.
  void set_quota(double cores, Duration period = std::chrono::milliseconds(10));
  void clear_quota();
  std::optional<double> quota() const;  // cores
  Duration usage() const;               // CPU time used so far, by what is in it and below
  CpuThrottling throttling() const;

  // Removes it, what is below, and parents that are empty then. Members must be gone, but may still be on their way
  // out.
  void remove();
  void release() { owned_ = false; }

 private:
  Cgroup(std::string name, CgroupLayout layout, bool owned);
  std::filesystem::path cpu_file(std::string_view file) const;

  std::string name_;
  CgroupLayout layout_;
  bool threaded_ = false;
  bool owned_ = false;
};

}  // namespace cats::kernel
