// Which mark, table and SID each instance of an ingress has. Tunnels of instances whose SID the configuration names are
// already there; others are installed here when a route names their SID. Those stay when the agent ends: one that is
// started anew gives a SID the mark that it had, because sessions have that mark.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/ip.h"
#include "cpsel/instance.h"
#include "emulator/kernel/netlink.h"
#include "emulator/roles/ingress.h"

namespace cats::roles {

struct Tunnel {
  std::uint32_t mark = 0;
  std::uint32_t table = 0;
  std::optional<IpAddress> sid;  // nothing steers to an instance without one
  bool learnt = false;           // from a route; else configured
};

class Tunnels {
 public:
  Tunnels(const IngressConfig& config, const kernel::Namespace& ns);

  // The instance's tunnel, once a route to it named `route_sid` (or none). `changed`: it is new, or its SID is. Throws
  // SystemError when the kernel refuses the route or rule, UsageError when a service has more than 255 instances.
  struct Result {
    const Tunnel& tunnel;
    bool changed = false;
  };
  Result announced(std::size_t service, const cpsel::InstanceId& instance, const std::optional<IpAddress>& route_sid);

  const Tunnel* find(std::size_t service, const cpsel::InstanceId& instance) const;
  // The instance of a mark, as logs name it; "" when there is none.
  std::string instance_of(std::uint32_t mark) const;

 private:
  using Key = std::pair<std::size_t, cpsel::InstanceId>;

  void find_left();
  Tunnel& slot_for(const Key& key, const std::optional<IpAddress>& route_sid, bool& is_new);
  void install(const Key& key, const Tunnel& tunnel, const IpAddress& sid);

  std::vector<IpAddress> cs_ids_;
  kernel::Netlink netlink_;
  std::map<Key, Tunnel> tunnels_;
  std::map<std::uint32_t, IpAddress> left_;  // SIDs by mark, of tunnels that an agent before this one installed
  std::set<std::uint32_t> rules_;            // marks that have their rule
};

}  // namespace cats::roles
