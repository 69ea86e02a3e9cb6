#include "emulator/environment.h"

#include <sstream>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "emulator/frr/router.h"
#include "emulator/kernel/cgroup.h"
#include "emulator/kernel/process.h"

namespace cats {
namespace {

using nlohmann::ordered_json;

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  const std::size_t start = text.find_first_not_of(" \t\"");
  return start == std::string::npos ? "" : text.substr(start);
}

ordered_json content(const std::filesystem::path& path) {
  try {
    return trimmed(read_file(path));
  } catch (const SystemError&) {
    return nullptr;
  }
}

// The value of the first "key<separator>value" line of a file.
ordered_json field(const std::filesystem::path& path, const std::string& key, char separator) {
  const ordered_json text = content(path);
  if (!text.is_string()) return nullptr;
  std::istringstream lines(text.get<std::string>());
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(separator);
    if (at == std::string::npos || trimmed(line.substr(0, at)) != key) continue;
    std::string value = trimmed(line.substr(at + 1));
    if (value.ends_with('"')) value.pop_back();
    return value;
  }
  return nullptr;
}

ordered_json first_line(const std::vector<std::string>& argv) {
  try {
    const auto output = kernel::run_program(argv);
    const std::string text = output.out.empty() ? output.err : output.out;
    return text.empty() ? ordered_json(nullptr) : ordered_json(trimmed(text.substr(0, text.find('\n'))));
  } catch (const SystemError&) {
    return nullptr;
  }
}

ordered_json or_null(const std::string& text) { return text.empty() ? ordered_json(nullptr) : ordered_json(text); }

ordered_json tools_of(bool simulated) {
  if (simulated) return {{"frr", nullptr}, {"nft", nullptr}, {"iproute2", nullptr}};
  return {{"frr", or_null(frr::installed_version())},
          {"nft", first_line({"nft", "--version"})},
          {"iproute2", first_line({"ip", "-V"})}};
}

// What keeps one site's use of the machine from another's; in virtual time nothing has to.
ordered_json isolation_of(const scenarios::Scenario& scenario, bool simulated) {
  ordered_json cgroup;
  if (!simulated) cgroup = kernel::CgroupLayout::of_this_machine().v2 ? "v2" : "v1";
  if (scenario.fleet) return {{"cgroup", cgroup}, {"pinning", "none"}};  // its sites have cores, not quotas
  return {{"cgroup", cgroup},
          {"service_quota_cores", scenario.service.quota_cores},
          {"quota_period_ms", to_ms(scenario.service.quota_period)},
          {"pinning", "none"}};
}

}  // namespace

ordered_json environment(const scenarios::Scenario& scenario) {
  const bool simulated = !scenarios::runs_on(scenario, scenarios::Engine::emulator);
  utsname names{};
  ::uname(&names);
  const ordered_json flags = field("/proc/cpuinfo", "flags", ':');
  ordered_json sysctls = ordered_json::object();
  for (const char* key : {"net/netfilter/nf_hooks_lwtunnel", "net/netfilter/nf_conntrack_max", "net/core/rmem_max",
                          "net/core/wmem_max", "net/core/somaxconn"})
    sysctls[key] = content(std::filesystem::path("/proc/sys") / key);
  return {
      {"cpu_model", field("/proc/cpuinfo", "model name", ':')},
      {"cpus", ::sysconf(_SC_NPROCESSORS_ONLN)},
      {"memory_bytes", static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE)},
      {"kernel", fmt::format("{} {}", names.release, names.version)},
      {"distribution", field("/etc/os-release", "PRETTY_NAME", '=')},
      {"virtualised", flags.is_string() ? ordered_json(flags.get<std::string>().find("hypervisor") != std::string::npos)
                                        : ordered_json(nullptr)},
      {"clock_source", content("/sys/devices/system/clocksource/clocksource0/current_clocksource")},
      {"tools", tools_of(simulated)},
      {"sysctls", sysctls},
      {"isolation", isolation_of(scenario, simulated)},
      {"load_before", content("/proc/loadavg")},
  };
}

std::string boot_id() {
  std::string id = read_file("/proc/sys/kernel/random/boot_id");
  while (id.ends_with('\n')) id.pop_back();
  return id;
}

}  // namespace cats
