// BGP sessions that end and come back: of processes, routers and links that are lost.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "sim/world/bgp_path.h"

namespace cats::sim {

void BgpPath::set_agent(const std::string& node, bool up) {
  const auto site = std::ranges::find(sites_, node, &Site::node);
  const auto router = index_.find(node);
  if (site != sites_.end()) {
    site->alive = up;
  } else if (router != index_.end() && routers_[router->second].agent) {
    routers_[router->second].agent_alive = up;
  } else {
    throw MeasurementError(fmt::format("{} has no agent that speaks BGP", node));
  }
  update_sessions(Duration(0));
  // Who starts takes it that there is a session.
  if (site != sites_.end() && up && !site->session.up)
    config_.site_session(static_cast<std::size_t>(site - sites_.begin()), false);
}

// The kernel resets the connections of daemons that are killed: neighbours know at once.
void BgpPath::set_routing(const std::string& router, bool up) {
  Router& r = routers_[router_index(router)];
  if (std::exchange(r.routing, up) == up) return;
  if (!up) forget_routes(r);
  update_sessions(kRedial);
}

void BgpPath::forget_routes(Router& router) {
  router.table.assign(sites_.size(), nullptr);
  router.is_changed.assign(sites_.size(), false);
  router.best.assign(services_, std::nullopt);
  router.changed.clear();
  router.window = false;
}

// What is down and possible is up after `wait`, unless it was to be earlier.
void BgpPath::update_sessions(Duration wait) {
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    Site& site = sites_[i];
    const Router& egress = routers_[site.egress];
    const bool possible = site.alive && egress.routing && network_.delay(site.node, egress.name).has_value();
    update_session(
        site.session, possible, wait, [&] { site_down(i); }, [&] { config_.site_session(i, true); });
  }
  for (std::size_t i = 0; i < routers_.size(); ++i) {
    Router& router = routers_[i];
    for (std::size_t j = 0; j < router.peers.size(); ++j) {
      Peer& peer = router.peers[j];
      const Router& other = routers_[peer.router];
      const bool possible = router.routing && other.routing && network_.delay(other.name, router.name).has_value();
      update_session(
          peer.session, possible, wait, [&] { peer_down(i, j); }, [&] { peer_up(i, j); });
    }
    if (router.agent)
      update_session(
          router.agent_session, router.agent_alive && router.routing, wait, [&] { agent_down(router); },
          [&] { agent_up(i); });
  }
}

void BgpPath::update_session(Session& session, bool possible, Duration wait, const std::function<void()>& down,
                             const std::function<void()>& up) {
  if (!possible) {
    session.returns.reset();
    if (!std::exchange(session.up, false)) return;
    ++session.number;
    return down();
  }
  if (session.up) return;
  const Instant now = later_.now();
  if (!session.returns) {
    session.returns = now + wait;
    if (wait > Duration(0) && std::exchange(return_at_, now + wait) != now + wait)
      later_.at(now + wait, [this] { update_sessions(kLinkReturn); });
  }
  if (*session.returns > now) return;
  session.returns.reset();
  session.up = true;
  up();
}

void BgpPath::site_down(std::size_t site) {
  const Site& s = sites_[site];
  if (routers_[s.egress].routing) change(s.egress, site, nullptr);
  if (s.alive) config_.site_session(site, false);
}

void BgpPath::peer_down(std::size_t router, std::size_t peer) {
  Peer& p = routers_[router].peers[peer];
  p.told.assign(services_, false);
  const auto heard = std::exchange(p.heard, std::vector<std::optional<std::size_t>>(services_));
  if (!routers_[p.router].routing) return;
  for (const auto& site : heard)
    if (site) change(p.router, *site, nullptr);
}

// FRR waits for neighbours that it may tell the same before it tells a new one anything.
void BgpPath::tell_first(Session& session, std::function<void()> tell) {
  session.telling = false;
  later_.at(later_.now() + kFirstTelling, [&session, number = session.number, tell = std::move(tell)] {
    if (session.number != number) return;
    session.telling = true;
    tell();
  });
}

void BgpPath::peer_up(std::size_t router, std::size_t peer) {
  tell_first(routers_[router].peers[peer].session, [this, router, peer] {
    for (std::size_t service = 0; service < services_; ++service) tell_peer(router, peer, service);
  });
}

void BgpPath::agent_down(Router& router) {
  router.agent_told.assign(sites_.size(), false);
  if (router.agent_alive) router.agent->session(false);
}

void BgpPath::agent_up(std::size_t router) {
  routers_[router].agent->session(true);
  tell_first(routers_[router].agent_session, [this, router] {
    for (std::size_t site = 0; site < sites_.size(); ++site)
      if (routers_[router].table[site]) tell_agent(routers_[router], site);
  });
}

}  // namespace cats::sim
