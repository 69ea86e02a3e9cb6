#include "emulator/kernel/sysctl.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fd.h"
#include "emulator/kernel/process.h"

namespace cats::kernel {
namespace {

constexpr const char* kHooksLwtunnel = "/proc/sys/net/netfilter/nf_hooks_lwtunnel";
constexpr const char* kConntrackMax = "/proc/sys/net/netfilter/nf_conntrack_max";

std::string path_of(std::string_view key) {
  std::string path(key);
  if (path.find('/') == std::string::npos) {
    std::replace(path.begin(), path.end(), '.', '/');
  }
  return "/proc/sys/" + path;
}

void write_value(const std::string& path, std::string_view value, const std::string& where) {
  const Fd file(check(::open(path.c_str(), O_WRONLY | O_CLOEXEC), "set {} to {}{}", path, value, where));
  check(::write(file.get(), value.data(), value.size()), "set {} to {}{}", path, value, where);
}

std::string read_value(const std::string& path, const std::string& where) {
  const Fd file(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "read {}{}", path, where));
  std::array<char, 4096> buffer;
  const ssize_t size = check(::read(file.get(), buffer.data(), buffer.size()), "read {}{}", path, where);
  std::string value(buffer.data(), static_cast<std::size_t>(size));
  while (!value.empty() && value.back() == '\n') {
    value.pop_back();
  }
  return value;
}

std::string in_ns(const Namespace& ns) { return " in ns " + ns.name(); }

}  // namespace

void set_sysctls(const Namespace& ns, const Settings& settings) {
  within(ns, [&] {
    for (const auto& [key, value] : settings) {
      write_value(path_of(key), value, in_ns(ns));
    }
  });
}

void set_sysctl(const Namespace& ns, std::string_view key, std::string_view value) {
  within(ns, [&] { write_value(path_of(key), value, in_ns(ns)); });
}

std::string get_sysctl(const Namespace& ns, std::string_view key) {
  return within(ns, [&] { return read_value(path_of(key), in_ns(ns)); });
}

MachineSettings machine_settings() {
  MachineSettings settings;
  std::error_code none;
  if (std::filesystem::exists(kHooksLwtunnel, none)) {
    settings.hooks_lwtunnel = read_value(kHooksLwtunnel, "") == "1";
  }
  if (std::filesystem::exists(kConntrackMax, none)) {
    settings.conntrack_max = std::stoull(read_value(kConntrackMax, ""));
  }
  return settings;
}

void raise_machine_settings(std::uint64_t conntrack_max) {
  if (::access(kConntrackMax, F_OK) != 0) {
    (void)run_program({"modprobe", "nf_conntrack"});
  }
  if (::access(kConntrackMax, F_OK) != 0) {
    throw UsageError("this kernel has no connection tracking (nf_conntrack): load or build the module");
  }
  if (::access(kHooksLwtunnel, F_OK) != 0) {
    throw UsageError("this kernel has no net.netfilter.nf_hooks_lwtunnel (Linux 5.15 and later, CONFIG_LWTUNNEL)");
  }
  // The lock keeps another run from raising the value between our reading and our writing.
  const Fd lock(check(::open(kConntrackMax, O_RDONLY | O_CLOEXEC), "open {}", kConntrackMax));
  check(::flock(lock.get(), LOCK_EX), "lock {}", kConntrackMax);
  const MachineSettings now = machine_settings();
  if (!now.hooks_lwtunnel) {
    write_value(kHooksLwtunnel, "1", "");
  }
  if (now.conntrack_max < conntrack_max) {
    write_value(kConntrackMax, std::to_string(conntrack_max), "");
  }
}

void set_conntrack_timeouts(const Namespace& ns, const ConntrackTimeouts& timeouts) {
  const auto key = [](std::string_view state) {
    return fmt::format("net.netfilter.nf_conntrack_tcp_timeout_{}", state);
  };
  set_sysctls(ns, {{key("established"), std::to_string(timeouts.established_s)},
                   {key("close"), std::to_string(timeouts.close_s)},
                   {key("time_wait"), std::to_string(timeouts.time_wait_s)},
                   {key("fin_wait"), std::to_string(timeouts.fin_wait_s)},
                   {key("close_wait"), std::to_string(timeouts.close_wait_s)},
                   {key("last_ack"), std::to_string(timeouts.last_ack_s)}});
}

}  // namespace cats::kernel
