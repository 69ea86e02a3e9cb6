#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "emulator/kernel/cgroup.h"

namespace cats::kernel {
namespace {

struct Mount {
  std::string point;
  std::string type;
  std::vector<std::string> super_options;

  bool has(const std::string& controller) const {
    return std::find(super_options.begin(), super_options.end(), controller) != super_options.end();
  }
};

// proc_pid_mountinfo(5): id parent major:minor root POINT options [optional …] - TYPE source SUPER_OPTIONS
Mount parse_line(const std::string& line) {
  std::istringstream fields(line);
  Mount mount;
  std::string skipped;
  fields >> skipped >> skipped >> skipped >> skipped >> mount.point;
  while (fields >> skipped && skipped != "-") {
  }
  std::string options;
  fields >> mount.type >> skipped >> options;
  std::istringstream list(options);
  for (std::string option; std::getline(list, option, ',');) {
    mount.super_options.push_back(option);
  }
  return mount;
}

}  // namespace

CgroupLayout CgroupLayout::parse(std::string_view mountinfo) {
  CgroupLayout layout;
  std::filesystem::path unified;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    const Mount mount = parse_line(line);
    if (mount.type == "cgroup2") {
      unified = mount.point;
    } else if (mount.type == "cgroup") {
      for (const auto& [controller, path] :
           {std::pair{"cpu", &layout.cpu}, {"cpuacct", &layout.cpuacct}, {"pids", &layout.pids}}) {
        if (mount.has(controller)) {
          *path = mount.point;
        }
      }
    }
  }
  if (!layout.cpu.empty() && !layout.cpuacct.empty()) {
    return layout;
  }
  if (unified.empty() || !layout.cpu.empty()) {
    throw UsageError(
        "no cpu control group: mount cgroup2 at /sys/fs/cgroup, or the v1 hierarchies cpu and cpuacct "
        "(CONFIG_CFS_BANDWIDTH and CONFIG_CGROUP_CPUACCT)");
  }
  return {true, unified, unified, {}};
}

const CgroupLayout& CgroupLayout::of_this_machine() {
  static const CgroupLayout layout = [] {
    CgroupLayout found = parse(read_file("/proc/self/mountinfo"));
    if (found.v2) {
      const std::string controllers = " " + read_file(found.cpu / "cgroup.controllers");
      if (controllers.find(" cpu ") == std::string::npos && controllers.find(" cpu\n") == std::string::npos) {
        throw UsageError(
            "the cpu controller is not available in " + found.cpu.string() +
            "/cgroup.controllers: build the kernel with CONFIG_CFS_BANDWIDTH, or let the container have it");
      }
    }
    return found;
  }();
  return layout;
}

std::vector<std::filesystem::path> CgroupLayout::roots() const {
  std::vector<std::filesystem::path> result;
  for (const std::filesystem::path& root : {cpu, cpuacct, pids}) {
    if (!root.empty() && std::find(result.begin(), result.end(), root) == result.end()) {
      result.push_back(root);
    }
  }
  return result;
}

}  // namespace cats::kernel
