// Parts of the world that are lost on purpose while it runs, and come back.
#include <algorithm>

#include "base/error.h"
#include "sim/world/world.h"

namespace cats::sim {

using scenarios::Part;

void World::lose(const std::string& node, Part part) {
  if (lost_.contains({node, part})) return;
  if (part == Part::agent)
    stop_agent(node);
  else
    stop_routing(node);
  lost_.emplace(node, part);
}

void World::restore(const std::string& node, Part part) {
  if (lost_.erase({node, part}) == 0) return;
  if (part == Part::agent)
    start_agent(node);
  else
    start_routing(node);
}

void World::stop_agent(const std::string& node) {
  if (const auto ingress = ingresses_.find(node); ingress != ingresses_.end()) {
    ingress->second->stop();
    bgp_->set_agent(node, false);
  } else if (control_plane_ && control_plane_->has(node)) {
    control_plane_->stop(node);
  } else {
    const std::size_t site = site_of(node);
    edge_servers_[site]->stop();
    bgp_->set_agent(node, false);
    forwarding_->site_died(site);
  }
}

void World::start_agent(const std::string& node) {
  if (const auto ingress = ingresses_.find(node); ingress != ingresses_.end()) {
    ingress->second->start();
    bgp_->set_agent(node, true);
  } else if (control_plane_ && control_plane_->has(node)) {
    control_plane_->start(node);
  } else {
    bgp_->set_agent(node, true);
    edge_servers_[site_of(node)]->start();
  }
}

// The kernel closes the daemons' sessions at once; packets pass until OSPF's neighbours miss them.
void World::stop_routing(const std::string& router) {
  bgp_->set_routing(router, false);
  later_.at(now() + kDeadInterval, [this, router, turn = ++routing_turn_[router]] {
    if (routing_turn_[router] != turn) return;
    network_.set_routing(router, false);
    bgp_->network_changed();
  });
}

// A zebra that starts removes the routes that FRR had installed; they come back with what the router learns anew.
void World::start_routing(const std::string& router) {
  network_.set_routing(router, false);
  bgp_->set_routing(router, true);
  later_.at(now() + kAdjacency, [this, router, turn = ++routing_turn_[router]] {
    if (routing_turn_[router] != turn) return;
    network_.set_routing(router, true);
    bgp_->network_changed(Duration(0));  // it has waited already
  });
}

void World::set_link(const std::string& a, const std::string& b, bool up) {
  network_.set_link(a, b, up);
  if (up)
    std::erase_if(down_, [&](const auto& link) { return link == std::pair(a, b) || link == std::pair(b, a); });
  else
    down_.emplace(a, b);
  bgp_->network_changed();
}

void World::restore_all() {
  for (const auto& [a, b] : std::set(down_)) set_link(a, b, true);
  for (const Part part : {Part::routing, Part::agent})
    for (const auto& [node, of] : std::set(lost_))
      if (of == part) restore(node, of);
}

}  // namespace cats::sim
