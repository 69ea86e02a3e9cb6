#include "emulator/kernel/leftovers.h"

#include <algorithm>
#include <set>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "emulator/kernel/cgroup.h"
#include "emulator/kernel/namespace.h"

namespace cats::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNamespacePrefix = "catsb-";
constexpr const char* kCgroupRoot = "catsbench";
constexpr Duration kKillRetry = std::chrono::milliseconds(5);
constexpr Duration kKillDeadline = std::chrono::seconds(5);

// Kills what is in the namespace but in no group of the run.
std::size_t kill_processes_in(const std::vector<Namespace>& namespaces) {
  std::set<pid_t> killed;
  const Instant deadline = MonotonicClock().now() + kKillDeadline;
  for (;;) {
    std::vector<pid_t> left = processes_in(namespaces);
    std::erase(left, ::getpid());
    if (left.empty()) {
      return killed.size();
    }
    if (MonotonicClock().now() > deadline) {
      throw SystemError(EBUSY, fmt::format("kill {} processes in {} namespaces", left.size(), namespaces.size()));
    }
    for (const pid_t pid : left) {
      if (::kill(pid, SIGKILL) == 0) {
        killed.insert(pid);
      }
    }
    std::this_thread::sleep_for(kKillRetry);
  }
}

std::size_t count_directories(const fs::path& group) {
  std::error_code gone;
  std::size_t count = fs::is_directory(group, gone) ? 1 : 0;
  for (fs::recursive_directory_iterator entry(group, gone), end; !gone && entry != end; entry.increment(gone)) {
    count += entry->is_directory(gone) ? 1 : 0;
  }
  return count;
}

}  // namespace

std::string namespace_name(const std::string& run, const std::string& node) {
  return fmt::format("{}{}-{}", kNamespacePrefix, run, node);
}

std::string cgroup_name(const std::string& run, const std::string& node) {
  return fmt::format("{}/{}/{}", kCgroupRoot, run, node);
}

std::vector<FoundNamespace> find_namespaces() {
  std::vector<FoundNamespace> found;
  for (const std::string& name : list_namespaces()) {
    if (!name.starts_with(kNamespacePrefix)) {
      continue;
    }
    const std::string rest = name.substr(kNamespacePrefix.size());
    const std::size_t dash = rest.find('-');
    found.push_back({name, rest.substr(0, dash), dash == std::string::npos ? "" : rest.substr(dash + 1)});
  }
  return found;
}

std::vector<std::string> find_cgroup_runs() {
  std::set<std::string> runs;
  for (const fs::path& root : CgroupLayout::of_this_machine().roots()) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(root / kCgroupRoot, none)) {
      if (entry.is_directory()) {
        runs.insert(entry.path().filename().string());
      }
    }
  }
  return {runs.begin(), runs.end()};
}

Removed remove_run(const std::string& run) {
  Removed removed;
  const std::vector<std::string> runs = find_cgroup_runs();
  if (std::find(runs.begin(), runs.end(), run) != runs.end()) {
    // Created rather than opened: a run killed half-way has its group in some hierarchies only.
    Cgroup group = Cgroup::create(fmt::format("{}/{}", kCgroupRoot, run));
    removed.processes += group.members().size();
    group.kill_members();
    removed.cgroups = count_directories(group.join_files().front().parent_path());
    group.remove();
  }
  std::vector<Namespace> namespaces;
  for (const FoundNamespace& found : find_namespaces()) {
    if (found.run == run) {
      namespaces.push_back(Namespace::open(found.name));
    }
  }
  removed.processes += kill_processes_in(namespaces);
  removed.namespaces = namespaces.size();
  remove_together(std::move(namespaces));
  return removed;
}

}  // namespace cats::kernel
