#include "emulator/kernel/cgroup.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fcntl.h>
#include <set>
#include <signal.h>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"

namespace cats::kernel {
namespace {

namespace fs = std::filesystem;

constexpr Duration kRetry = std::chrono::milliseconds(5);
constexpr int kCreateTries = 10;
constexpr Duration kRemoveDeadline = std::chrono::seconds(5);

// The number behind `key` in a file of "key number" lines.
std::uint64_t field(const fs::path& file, std::string_view key) {
  std::istringstream lines(read_file(file));
  std::string name;
  std::uint64_t value = 0;
  while (lines >> name >> value) {
    if (name == key) {
      return value;
    }
  }
  return 0;
}

void read_members(const fs::path& group, std::set<pid_t>& into) {
  std::string text;
  try {
    text = read_file(group / "cgroup.procs");
  } catch (const SystemError&) {
    return;  // gone meanwhile, or a threaded group, whose processes its parent lists
  }
  std::istringstream pids(text);
  for (pid_t pid = 0; pids >> pid;) {
    into.insert(pid);
  }
}

std::vector<fs::path> groups_below(const fs::path& group) {
  std::vector<fs::path> groups;
  std::error_code gone;
  for (fs::recursive_directory_iterator entry(group, gone), end; !gone && entry != end; entry.increment(gone)) {
    if (entry->is_directory(gone)) {
      groups.push_back(entry->path());
    }
  }
  return groups;
}

void remove_group(const fs::path& group, Instant deadline) {
  // A killed member is busy until it has been reaped.
  while (::rmdir(group.c_str()) != 0) {
    if (errno == ENOENT) {
      return;
    }
    if (errno != EBUSY || MonotonicClock().now() > deadline) {
      throw SystemError(errno, fmt::format("remove cgroup {}", group.string()));
    }
    std::this_thread::sleep_for(kRetry);
  }
}

// Directories from the hierarchy's root down to the group, the root excluded.
std::vector<fs::path> chain(const fs::path& root, const std::string& name) {
  std::vector<fs::path> result;
  fs::path at = root;
  for (const fs::path& part : fs::path(name)) {
    at /= part;
    result.push_back(at);
  }
  return result;
}

void make_group(const fs::path& group) {
  if (::mkdir(group.c_str(), 0755) != 0 && errno != EEXIST) {
    throw SystemError(errno, fmt::format("create cgroup {}", group.string()));
  }
}

void make_groups(const fs::path& root, const std::string& name, bool v2) {
  fs::path parent = root;
  for (const fs::path& group : chain(root, name)) {
    if (v2) {
      write_control(parent / "cgroup.subtree_control", "+cpu");
    }
    make_group(group);
    parent = group;
  }
}

}  // namespace

Cgroup::Cgroup(std::string name, CgroupLayout layout, bool owned)
    : name_(std::move(name)), layout_(std::move(layout)), owned_(owned) {}

Cgroup Cgroup::create(const std::string& name, const CgroupLayout& layout) {
  for (const fs::path& root : layout.roots()) {
    for (int tries = 1;; ++tries) {
      try {
        make_groups(root, name, layout.v2);
        break;
      } catch (const SystemError& error) {
        // Another run that ends removes the common parent when it finds it empty.
        if (error.code().value() != ENOENT || tries == kCreateTries) {
          throw;
        }
      }
    }
  }
  return Cgroup(name, layout, true);
}

Cgroup Cgroup::open(const std::string& name, const CgroupLayout& layout) {
  const fs::path group = layout.cpu / name;
  check(::access(group.c_str(), F_OK), "open cgroup {}", group.string());
  CgroupLayout found = layout;
  if (!found.pids.empty() && !fs::exists(found.pids / name)) {
    found.pids.clear();  // made by create_for_threads()
  }
  return Cgroup(name, found, false);
}

Cgroup::~Cgroup() {
  if (!owned_) {
    return;
  }
  try {
    remove();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
  }
}

Cgroup::Cgroup(Cgroup&& other) noexcept
    : name_(std::move(other.name_)),
      layout_(std::move(other.layout_)),
      threaded_(other.threaded_),
      owned_(std::exchange(other.owned_, false)) {}

Cgroup& Cgroup::operator=(Cgroup&& other) noexcept {
  std::swap(name_, other.name_);
  std::swap(layout_, other.layout_);
  std::swap(threaded_, other.threaded_);
  std::swap(owned_, other.owned_);
  return *this;
}

std::vector<fs::path> Cgroup::join_files() const {
  std::vector<fs::path> files;
  for (const fs::path& root : layout_.roots()) {
    files.push_back(root / name_ / "cgroup.procs");
  }
  return files;
}

fs::path Cgroup::cpu_file(std::string_view file) const { return layout_.cpu / name_ / file; }

Cgroup Cgroup::create_for_threads(const std::string& sub) const {
  const std::string name = name_ + "/" + sub;
  CgroupLayout layout = layout_;
  layout.pids.clear();  // membership there is of processes
  for (const fs::path& root : layout.roots()) {
    make_group(root / name);
    if (layout.v2) {
      write_control(root / name / "cgroup.type", "threaded");
      write_control(root / name_ / "cgroup.subtree_control", "+cpu");
    }
  }
  Cgroup group(name, layout, true);
  group.threaded_ = true;
  return group;
}

void Cgroup::add_process(pid_t pid) {
  for (const fs::path& file : join_files()) {
    write_control(file, std::to_string(pid));
  }
}

void Cgroup::add_thread(pid_t tid) {
  for (const fs::path& root : layout_.roots()) {
    write_control(root / name_ / (layout_.v2 ? "cgroup.threads" : "tasks"), std::to_string(tid));
  }
}

std::vector<pid_t> Cgroup::members() const {
  std::set<pid_t> pids;
  for (const fs::path& root : layout_.roots()) {
    read_members(root / name_, pids);
    for (const fs::path& below : groups_below(root / name_)) {
      read_members(below, pids);
    }
  }
  return {pids.begin(), pids.end()};
}

void Cgroup::kill_members(Duration deadline) {
  const Instant end = MonotonicClock().now() + deadline;
  for (;;) {
    const std::vector<pid_t> left = members();
    if (left.empty()) {
      return;
    }
    if (MonotonicClock().now() > end) {
      throw SystemError(EBUSY, fmt::format("kill {} processes in cgroup {}", left.size(), name_));
    }
    for (const pid_t pid : left) {
      (void)::kill(pid, SIGKILL);
    }
    std::this_thread::sleep_for(kRetry);
  }
}

void Cgroup::set_quota(double cores, Duration period) {
  const auto period_us = std::chrono::duration_cast<std::chrono::microseconds>(period).count();
  const long long quota_us = std::llround(cores * static_cast<double>(period_us));
  if (layout_.v2) {
    write_control(cpu_file("cpu.max"), fmt::format("{} {}", quota_us, period_us));
    return;
  }
  write_control(cpu_file("cpu.cfs_period_us"), std::to_string(period_us));
  write_control(cpu_file("cpu.cfs_quota_us"), std::to_string(quota_us));
}

void Cgroup::clear_quota() {
  if (layout_.v2) {
    write_control(cpu_file("cpu.max"), "max");
  } else {
    write_control(cpu_file("cpu.cfs_quota_us"), "-1");
  }
}

std::optional<double> Cgroup::quota() const {
  double quota_us = -1;
  double period_us = 0;
  if (layout_.v2) {
    std::istringstream text(read_file(cpu_file("cpu.max")));
    std::string quota;
    text >> quota >> period_us;
    quota_us = quota == "max" ? -1 : std::stod(quota);
  } else {
    quota_us = std::stod(read_file(cpu_file("cpu.cfs_quota_us")));
    period_us = std::stod(read_file(cpu_file("cpu.cfs_period_us")));
  }
  return quota_us < 0 ? std::nullopt : std::optional(quota_us / period_us);
}

Duration Cgroup::usage() const {
  if (layout_.v2) {
    return std::chrono::microseconds(field(cpu_file("cpu.stat"), "usage_usec"));
  }
  return Duration(std::stoll(read_file(layout_.cpuacct / name_ / "cpuacct.usage")));
}

CpuThrottling Cgroup::throttling() const {
  const fs::path file = cpu_file("cpu.stat");
  CpuThrottling result{field(file, "nr_periods"), field(file, "nr_throttled"), {}};
  if (layout_.v2) {
    result.throttled = std::chrono::microseconds(field(file, "throttled_usec"));
  } else {
    result.throttled = Duration(field(file, "throttled_time"));
  }
  return result;
}

void Cgroup::remove() {
  owned_ = false;
  const Instant deadline = MonotonicClock().now() + kRemoveDeadline;
  for (const fs::path& root : layout_.roots()) {
    std::vector<fs::path> groups = groups_below(root / name_);
    std::reverse(groups.begin(), groups.end());  // children come after their parent
    groups.push_back(root / name_);
    for (const fs::path& group : groups) {
      remove_group(group, deadline);
    }
    // Parents go with their last child.
    for (fs::path parent = fs::path(name_).parent_path(); !parent.empty() && !threaded_;
         parent = parent.parent_path()) {
      if (::rmdir((root / parent).c_str()) != 0) {
        break;
      }
    }
  }
}

}  // namespace cats::kernel
