// What runs, living or killed, have in the kernel: named namespaces catsb-RUN-NODE and control groups catsbench/RUN/….
#pragma once

#include <string>
#include <vector>

namespace cats::kernel {

// "catsb-3f-r1".
std::string namespace_name(const std::string& run, const std::string& node);
// "catsbench/3f/r1".
std::string cgroup_name(const std::string& run, const std::string& node);

struct FoundNamespace {
  std::string name;  // catsb-3f-r1
  std::string run;   // 3f
  std::string node;  // r1
};
std::vector<FoundNamespace> find_namespaces();

// Runs that have a control group in any hierarchy, sorted.
std::vector<std::string> find_cgroup_runs();

struct Removed {
  std::size_t processes = 0;
  std::size_t namespaces = 0;
  std::size_t cgroups = 0;
};
// Kills the processes in the run's control groups and namespaces, then removes both. Files under /run/catsbench are the
// caller's. Throws SystemError when something could not be removed.
Removed remove_run(const std::string& run);

}  // namespace cats::kernel
