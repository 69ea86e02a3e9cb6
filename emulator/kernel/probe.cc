#include "emulator/kernel/probe.h"

#include <fcntl.h>
#include <functional>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fd.h"
#include "emulator/kernel/cgroup.h"
#include "emulator/kernel/conntrack.h"
#include "emulator/kernel/flow_table.h"
#include "emulator/kernel/netlink.h"
#include "emulator/kernel/socket.h"
#include "emulator/kernel/sysctl.h"

namespace cats::kernel {
namespace {

constexpr const char* kDev = "probe0";

// A namespace with a veth pair and addresses, gone when this object is.
class Scratch {
 public:
  Scratch() : ns_(Namespace::anonymous("probe")), netlink_(ns_) {
    netlink_.set_up("lo");
    netlink_.add_veth({ns_, kDev}, {ns_, "probe1"});
    netlink_.set_up(kDev);
    netlink_.set_up("probe1");
    netlink_.add_address(kDev, IpPrefix::of("2001:2::1/64"));
    netlink_.add_address(kDev, IpPrefix::of("198.18.0.1/24"));
  }
  const Namespace& ns() const { return ns_; }
  Netlink& netlink() { return netlink_; }

 private:
  Namespace ns_;
  Netlink netlink_;
};

// Tries `attempt`, which returns what it found and throws when the feature is not there.
Feature tried(Feature feature, const std::function<std::string()>& attempt) {
  try {
    feature.detail = attempt();
    feature.available = true;
  } catch (const std::exception& error) {
    feature.detail = error.what();
  }
  return feature;
}

Route encap_route(const char* destination, Encap encap) {
  return {.destination = IpPrefix::of(destination), .next_hops = {{.dev = kDev}}, .encap = std::move(encap)};
}

std::string add_and_read_back(Netlink& netlink, const Route& route) {
  netlink.add_route(route);
  for (const Route& found : netlink.routes(route.destination.address.is_v6(), kMainTable)) {
    if (found.destination == route.destination && found.encap == route.encap) {
      return "accepted";
    }
  }
  throw MeasurementError(describe(route) + ": accepted, but not in the table");
}

std::string try_queueing(const Namespace& ns, Netlink& netlink, const char* kind) {
  NetlinkSocket socket(ns, NETLINK_ROUTE);
  tcmsg header{};
  header.tcm_ifindex = netlink.index_of(kDev);
  header.tcm_parent = TC_H_ROOT;
  Message message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
  message.header(header).put(TCA_KIND, std::string_view(kind));
  try {
    socket.request(std::move(message), fmt::format("tc qdisc add dev {} root {}", kDev, kind));
  } catch (const SystemError& error) {
    // The kernel that knows the discipline asks for its parameters.
    if (error.code().value() != EINVAL) {
      throw;
    }
  }
  return "known";
}

std::string try_tun(const Namespace& ns) {
  const Fd tun(check(::open("/dev/net/tun", O_RDWR | O_CLOEXEC), "open /dev/net/tun"));
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  within(ns, [&] { check(::ioctl(tun.get(), TUNSETIFF, &request), "create a TAP device"); });
  return "/dev/net/tun";
}

std::string try_quota() {
  Cgroup group = Cgroup::create(fmt::format("catsbench/probe{}", ::getpid()));
  group.set_quota(0.2);
  if (group.quota() != 0.2) {
    throw MeasurementError("a quota of 20 % does not read back");
  }
  const CgroupLayout& layout = CgroupLayout::of_this_machine();
  return fmt::format("cgroup {} at {}", layout.v2 ? "v2" : "v1", layout.cpu.string());
}

std::string try_lwtunnel_hooks() {
  const MachineSettings settings = machine_settings();
  if (::access("/proc/sys/net/netfilter/nf_hooks_lwtunnel", F_OK) != 0) {
    throw UsageError("no net.netfilter.nf_hooks_lwtunnel");
  }
  return fmt::format("nf_hooks_lwtunnel={}, nf_conntrack_max={}{}", settings.hooks_lwtunnel ? 1 : 0,
                     settings.conntrack_max, settings.hooks_lwtunnel ? "" : " (the first run sets it, for good)");
}

Feature required(std::string name, std::string without, std::string remedy) {
  return {.name = std::move(name), .required = true, .without = std::move(without), .remedy = std::move(remedy)};
}

Feature helpful(std::string name, std::string without, std::string remedy) {
  return {.name = std::move(name), .without = std::move(without), .remedy = std::move(remedy)};
}

std::string kernel_release() {
  utsname name{};
  ::uname(&name);
  return fmt::format("Linux {} {}", name.release, name.machine);
}

void probe_data_plane(std::vector<Feature>& features, Scratch& scratch) {
  Netlink& netlink = scratch.netlink();
  const IpAddress sid = IpAddress::of("2001:2::9");
  features.push_back(tried(required("SRv6 H.Encaps", "no steering to an egress", "CONFIG_IPV6_SEG6_LWTUNNEL=y"), [&] {
    add_and_read_back(netlink, encap_route("198.18.9.1/32", HEncaps{{sid}}));
    return add_and_read_back(netlink, encap_route("2001:2:9::1/128", HEncaps{{sid}}));
  }));
  features.push_back(
      tried(required("SRv6 End.DX6, End.DX4", "no egress: packets for an instance are not decapsulated",
                     "CONFIG_IPV6_SEG6_LWTUNNEL=y"),
            [&] {
              using Action = Seg6Local::Action;
              add_and_read_back(
                  netlink, encap_route("2001:2:9::4/128", Seg6Local{Action::kEndDx4, IpAddress::of("198.18.0.2")}));
              return add_and_read_back(
                  netlink, encap_route("2001:2:9::6/128", Seg6Local{Action::kEndDx6, IpAddress::of("2001:2::2")}));
            }));
  features.push_back(tried(required("nf_tables flow table", "no steering of flows: only ECMP",
                                    "CONFIG_NF_TABLES, NFT_CT, NFT_NUMGEN; apt install nftables"),
                           [&] {
                             const auto table = make_nft_flow_table(scratch.ns(), {IpAddress::of("2001:2::c")});
                             const std::vector<std::uint32_t> marks(table->slot_count(), 1);
                             table->set_slots(0, marks);
                             if (table->slots(0) != marks) {
                               throw MeasurementError("slots do not read back");
                             }
                             return std::string("slots written and read back over netlink");
                           }));
  features.push_back(tried(required("connection tracking", "sessions would not stay on their instance",
                                    "CONFIG_NF_CONNTRACK, CONFIG_NF_CT_NETLINK"),
                           [&] {
                             (void)Conntrack(scratch.ns()).dump();
                             return std::string("table readable over netlink");
                           }));
  features.push_back(
      tried(required("nf_hooks_lwtunnel", "TCP sessions through SRv6 break: their packets are never confirmed",
                     "Linux 5.15 or later"),
            try_lwtunnel_hooks));
}

void probe_impairments(std::vector<Feature>& features, Scratch& scratch) {
  const auto queueing = [&](const char* kind) { return try_queueing(scratch.ns(), scratch.netlink(), kind); };
  features.push_back(tried(helpful("netem", "delay, jitter and loss come from a user-space relay (about 50 µs more)",
                                   "CONFIG_NET_SCH_NETEM; modprobe sch_netem"),
                           [&] { return queueing("netem"); }));
  features.push_back(
      tried(helpful("tbf", "no rate limits on links without a relay", "CONFIG_NET_SCH_TBF; modprobe sch_tbf"),
            [&] { return queueing("tbf"); }));
  features.push_back(tried(
      helpful("TUN/TAP", "no user-space relay: links without netem cannot have delay", "CONFIG_TUN; modprobe tun"),
      [&] { return try_tun(scratch.ns()); }));
}

}  // namespace

std::vector<Feature> probe_features() {
  std::vector<Feature> features;
  features.push_back(tried(required("kernel", "", ""), kernel_release));
  features.push_back(tried(required("root", "only --help, validate, topology show and unit tests work", "sudo"), [] {
    if (::geteuid() != 0) {
      throw UsageError(fmt::format("user id {}; what needs root cannot be tried", ::geteuid()));
    }
    return std::string("user id 0");
  }));
  if (!features.back().available) {
    return features;
  }
  features.push_back(tried(required("network namespaces", "no emulated network", "CONFIG_NET_NS=y, CAP_SYS_ADMIN"), [] {
    (void)Namespace::anonymous("probe");
    return std::string("created one");
  }));
  std::optional<Scratch> scratch;
  features.push_back(tried(required("veth links", "no emulated network", "CONFIG_VETH, CAP_NET_ADMIN"), [&] {
    scratch.emplace();
    return std::string("created a pair with addresses");
  }));
  if (!scratch) {
    return features;
  }
  probe_data_plane(features, *scratch);
  features.push_back(
      tried(required("CPU quotas", "edge servers could not be given a capacity, nor be loaded to a share of it",
                     "mount cgroup2, or the v1 hierarchies cpu and cpuacct; CONFIG_CFS_BANDWIDTH"),
            try_quota));
  probe_impairments(features, *scratch);
  return features;
}

}  // namespace cats::kernel
