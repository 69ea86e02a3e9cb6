#include "emulator/roles/ingress_multipath.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "emulator/kernel/netlink.h"
#include "emulator/kernel/sysctl.h"

namespace cats::roles {
namespace {

constexpr const char* kSeed = "net.ipv4.fib_multipath_hash_seed";
constexpr const char* kFiveTuple = "1";     // of fib_multipath_hash_policy
constexpr const char* kChosenFields = "3";  // of the same: those of fib_multipath_hash_fields
constexpr const char* kAddresses = "3";     // of fib_multipath_hash_fields: source and destination

std::string hash_key(const IpAddress& cs_id, const char* name) {
  return fmt::format("net.{}.fib_multipath_hash_{}", cs_id.is_v6() ? "ipv6" : "ipv4", name);
}

void set(const kernel::Namespace& ns, const std::string& key, const std::string& value) {
  kernel::set_sysctl(ns, key, value);
  if (const std::string now = kernel::get_sysctl(ns, key); now != value)
    throw UsageError(fmt::format("{} in ns {} is {} after it was set to {}", key, ns.name(), now, value));
}

bool has_seed() {
  std::error_code none;
  return std::filesystem::exists("/proc/sys/net/ipv4/fib_multipath_hash_seed", none);
}

}  // namespace

Multipath set_multipath(const kernel::Namespace& ns, const IpAddress& cs_id, std::uint32_t seed) {
  Multipath multipath;
  set(ns, hash_key(cs_id, "policy"), kFiveTuple);
  if (has_seed()) {
    set(ns, kSeed, std::to_string(seed));
    multipath.seed = seed;
  }
  kernel::Netlink netlink(ns);
  for (const kernel::Route& route : netlink.routes(cs_id.is_v6(), kernel::kMainTable))
    if (route.destination == IpPrefix::host(cs_id)) multipath.next_hops += route.next_hops.size();
  return multipath;
}

void spoil_multipath(const kernel::Namespace& ns, const IpAddress& cs_id) {
  set(ns, hash_key(cs_id, "fields"), kAddresses);
  set(ns, hash_key(cs_id, "policy"), kChosenFields);
}

}  // namespace cats::roles
