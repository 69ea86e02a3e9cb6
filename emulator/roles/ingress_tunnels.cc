#include "emulator/roles/ingress_tunnels.h"

#include <algorithm>

#include "emulator/kernel/flow_table.h"

namespace cats::roles {

Tunnels::Tunnels(const IngressConfig& config, const kernel::Namespace& ns) : netlink_(ns) {
  for (std::size_t i = 0; i < config.services.size(); ++i) {
    cs_ids_.push_back(config.services[i].cs_id);
    for (const auto& instance : config.services[i].instances)
      tunnels_[{i, {instance.csci, 0}}] = {instance.mark, instance.table, instance.sid, false};
  }
  find_left();
}

void Tunnels::find_left() {
  std::set<std::uint32_t> configured;
  for (const auto& [key, tunnel] : tunnels_) configured.insert(tunnel.mark);
  for (const bool v6 : {true, false}) {
    for (const kernel::Rule& rule : netlink_.rules(v6))
      if (rule.priority == kernel::kMarkRulePriority && rule.fwmark) rules_.insert(*rule.fwmark);
    for (const kernel::Route& route : netlink_.routes(v6)) {
      const auto* encap = std::get_if<kernel::HEncaps>(&route.encap);
      const auto service = std::ranges::find(cs_ids_, route.destination.address);
      if (encap == nullptr || encap->segments.size() != 1 || service == cs_ids_.end()) continue;
      const auto index = static_cast<std::uint32_t>(service - cs_ids_.begin());
      const std::uint32_t mark = route.table - kernel::instance_table(0);
      const bool of_service = mark > kernel::instance_mark(index, 0) && mark < kernel::instance_mark(index + 1, 0);
      if (of_service && !configured.contains(mark)) left_[mark] = encap->segments.front();
    }
  }
}

Tunnels::Result Tunnels::announced(std::size_t service, const cpsel::InstanceId& instance,
                                   const std::optional<IpAddress>& route_sid) {
  const Key key{service, instance};
  bool changed = false;
  Tunnel& tunnel = slot_for(key, route_sid, changed);
  const bool configured = tunnel.sid && !tunnel.learnt;
  if (!configured && route_sid && tunnel.sid != route_sid) {
    install(key, tunnel, *route_sid);
    tunnel.sid = route_sid;
    tunnel.learnt = true;
    changed = true;
  }
  return {tunnel, changed};
}

Tunnel& Tunnels::slot_for(const Key& key, const std::optional<IpAddress>& route_sid, bool& is_new) {
  const auto found = tunnels_.find(key);
  if (found != tunnels_.end()) return found->second;
  is_new = true;
  const auto service = static_cast<std::uint32_t>(key.first);
  const std::uint32_t end = kernel::instance_mark(service + 1, 0);
  std::uint32_t mark = kernel::instance_mark(service, 0);
  for (const auto& [other, tunnel] : tunnels_)
    if (other.first == key.first) mark = std::max(mark, tunnel.mark);
  for (auto left = left_.lower_bound(kernel::instance_mark(service, 0)); left != left_.end() && left->first < end;
       ++left) {
    if (left->second != route_sid) {
      mark = std::max(mark, left->first);
      continue;
    }
    mark = left->first;
    left_.erase(left);
    return tunnels_[key] = {mark, kernel::instance_table(mark), std::nullopt, false};
  }
  if (++mark >= end)
    throw UsageError(fmt::format("{}: no mark is left for instance {}", cs_ids_[key.first], key.second.str()));
  return tunnels_[key] = {mark, kernel::instance_table(mark), std::nullopt, false};
}

void Tunnels::install(const Key& key, const Tunnel& tunnel, const IpAddress& sid) {
  const IpAddress& cs_id = cs_ids_[key.first];
  const auto links = netlink_.links();
  const auto out =
      std::find_if(links.begin(), links.end(), [](const kernel::Link& l) { return l.up && l.name != "lo"; });
  if (out == links.end()) throw UsageError(fmt::format("{}: no link is up for a tunnel to {}", cs_id, sid));
  // Where the packet leaves is decided by the SID; the kernel only wants a device named.
  netlink_.replace_route({.destination = IpPrefix::host(cs_id),
                          .next_hops = {{.dev = out->name}},
                          .table = tunnel.table,
                          .encap = kernel::HEncaps{{sid}}});
  if (!rules_.insert(tunnel.mark).second) return;
  netlink_.add_rule(
      {.v6 = cs_id.is_v6(), .priority = kernel::kMarkRulePriority, .fwmark = tunnel.mark, .table = tunnel.table});
}

const Tunnel* Tunnels::find(std::size_t service, const cpsel::InstanceId& instance) const {
  const auto found = tunnels_.find({service, instance});
  return found == tunnels_.end() ? nullptr : &found->second;
}

std::string Tunnels::instance_of(std::uint32_t mark) const {
  for (const auto& [key, tunnel] : tunnels_)
    if (tunnel.mark == mark) return key.second.str();
  return "";
}

}  // namespace cats::roles
