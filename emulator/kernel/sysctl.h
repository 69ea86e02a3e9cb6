// Kernel settings under /proc/sys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/kernel/namespace.h"

namespace cats::kernel {

// Keys as sysctl(8) writes them ("net.ipv6.conf.all.forwarding"); with slashes instead of dots when an interface name
// contains a dot. Throws SystemError naming key, value and namespace.
using Settings = std::vector<std::pair<std::string, std::string>>;
void set_sysctls(const Namespace& ns, const Settings& settings);
void set_sysctl(const Namespace& ns, std::string_view key, std::string_view value);
std::string get_sysctl(const Namespace& ns, std::string_view key);

// Machine-wide settings, read and written in the first namespace, only ever raised so that two runs do not collide.
struct MachineSettings {
  bool hooks_lwtunnel = false;      // net.netfilter.nf_hooks_lwtunnel: conntrack confirms encapsulated flows
  std::uint64_t conntrack_max = 0;  // net.netfilter.nf_conntrack_max
};
MachineSettings machine_settings();
// Sets nf_hooks_lwtunnel=1 (it cannot be set back before a reboot) and nf_conntrack_max to at least `conntrack_max`.
// Throws UsageError saying what the kernel lacks.
void raise_machine_settings(std::uint64_t conntrack_max);

// TCP timers of the namespace's session table, seconds. Values for a run; the kernel's defaults are minutes to days.
struct ConntrackTimeouts {
  unsigned established_s = 432000;
  unsigned close_s = 10;
  unsigned time_wait_s = 120;
  unsigned fin_wait_s = 120;
  unsigned close_wait_s = 60;
  unsigned last_ack_s = 30;
};
void set_conntrack_timeouts(const Namespace& ns, const ConntrackTimeouts& timeouts);

}  // namespace cats::kernel
