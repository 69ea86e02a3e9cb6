#include "emulator/roles/ingress_paths.h"

#include <algorithm>

namespace cats::roles {

std::vector<PathChange> PathTable::apply(const bgp::DecodedUpdate& update) {
  std::vector<PathChange> changes;
  const bgp::RouteChanges routes = bgp::route_changes(update);
  for (const bgp::Nlri& nlri : routes.withdrawn)
    if (const auto path = paths_.find(nlri); path != paths_.end()) changes.push_back(withdraw(path));
  for (const auto& route : routes.announced) {
    const auto service = service_of(route.nlri.prefix);
    if (!service) continue;
    const std::uint32_t key = services_[*service].key_by_path ? route.nlri.path_id : 0;
    const cpsel::InstanceId instance{route.next_hop, key};
    const auto path = paths_.find(route.nlri);
    if (path != paths_.end() && path->second.instance != instance) changes.push_back(withdraw(path));
    paths_[route.nlri] = {*service, instance};
    changes.push_back({PathChange::Kind::announced, *service, instance, route.nlri.path_id, false});
  }
  return changes;
}

std::vector<PathChange> PathTable::clear() {
  std::vector<PathChange> changes;
  while (!paths_.empty()) changes.push_back(withdraw(paths_.begin()));
  return changes;
}

std::optional<std::size_t> PathTable::service_of(const IpPrefix& prefix) const {
  for (std::size_t i = 0; i < services_.size(); ++i)
    if (prefix == IpPrefix::host(services_[i].cs_id)) return i;
  return std::nullopt;
}

PathChange PathTable::withdraw(Paths::iterator path) {
  const Path gone = path->second;
  const std::uint32_t path_id = path->first.path_id;
  paths_.erase(path);
  const bool left = std::any_of(paths_.begin(), paths_.end(), [&](const auto& other) {
    return other.second.service == gone.service && other.second.instance == gone.instance;
  });
  return {PathChange::Kind::withdrawn, gone.service, gone.instance, path_id, !left};
}

std::optional<IpAddress> service_sid(const bgp::PathAttributes& attributes) {
  if (!attributes.prefix_sid) return std::nullopt;
  for (const bgp::Srv6Sid& sid : attributes.prefix_sid->sids)
    if (sid.service == 5) return sid.sid;
  return std::nullopt;
}

}  // namespace cats::roles
