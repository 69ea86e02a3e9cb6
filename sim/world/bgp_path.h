// Routes and metric updates on their way by BGP: from an edge server to its egress' FRR, from there to every router
// that peers with it, and from an ingress' FRR to its agent (topologies/routing.h says who peers with whom). What is
// modelled of FRR, and what was measured of it: docs/simulator.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_log.h"
#include "base/random.h"
#include "bgp/edge_metadata.h"
#include "collectors/metric_mapping.h"
#include "sim/world/bgp_wire.h"
#include "sim/world/later.h"
#include "sim/world/model.h"
#include "sim/world/network.h"
#include "topologies/topology.h"

namespace cats::sim {

// A site is a position in Topology::instances. All calls are of things that happen now.
class BgpPath {
 public:
  // From an UPDATE's arrival to its mirror at the tap and its change in the router's table.
  static constexpr Duration kReceipt = std::chrono::microseconds(350);
  // From the return of a router's daemons to its sessions with edge servers and its agent, which try again and again.
  static constexpr Duration kRedial = std::chrono::milliseconds(260);
  // From a session's beginning to the routes that a router tells its neighbour there first.
  static constexpr Duration kFirstTelling = std::chrono::milliseconds(1250);
  // From a link's return to sessions over it.
  static constexpr Duration kLinkReturn = std::chrono::seconds(3);

  // The agent of an ingress; all are called when it hears it. It is not called while its process is lost.
  struct Agent {
    std::string node;
    // `report` is null for a route without metrics. A path has one id for as long as the simulation runs.
    std::function<void(std::size_t site, const collectors::MetricReport* report, std::uint32_t path_id)> heard;
    std::function<void(std::size_t site)> withdrawn;
    // Its session with FRR, which is up at first: all its routes are gone with it, and come anew kFirstTelling after it
    // is up again.
    std::function<void(bool up)> session;
  };
  struct Config {
    std::uint64_t seed = 0;
    bgp::EdgeMetadataCodes codes = {};
    // An edge server's session with its egress, which is up at first: when it is up again the edge server tells anew
    // what it has to tell. Not called for what its own process did.
    std::function<void(std::size_t site, bool up)> site_session = [](std::size_t, bool) {};
  };

  // `tap`: the log of the node "tap". The network outlives this. Throws UsageError for an agent that is not of
  // an ingress.
  BgpPath(Engine& engine, EventLog& tap, const topologies::Topology& topology, Network& network, const Model& model,
          Config config, std::vector<Agent> agents);
  BgpPath(const BgpPath&) = delete;
  BgpPath& operator=(const BgpPath&) = delete;

  // What a site tells its egress: the CS-ID's route with a report, the route without metrics, that it is withdrawn.
  // Without a session it is not told. Throws MeasurementError for a report that no UPDATE carries.
  void send(std::size_t site, const collectors::MetricReport& report) { tell_egress(site, route_of(site, report)); }
  void announce(std::size_t site, bool on) { tell_egress(site, on ? route_of(site, {}) : nullptr); }

  // The process of an edge server or ingress is lost, or there anew: this comes before what it says first.
  void set_agent(const std::string& node, bool up);
  // The routing daemons of a router.
  void set_routing(const std::string& router, bool up);
  // Links or routers of the network went or came: sessions without a way are down at once, others come back after
  // `wait`.
  void network_changed(Duration wait = kLinkReturn) { update_sessions(wait); }

 private:
  struct Route {
    std::size_t site = 0;
    collectors::MetricReport report;
    std::size_t octets = 0;  // of its UPDATE
    bool bare() const { return report == collectors::MetricReport{}; }
  };
  using RoutePtr = std::shared_ptr<const Route>;

  struct Session {
    bool up = true;
    std::uint32_t number = 0;             // what was sent on an earlier one does not arrive
    Instant last{};                       // when the latest message is read: none overtakes it
    std::optional<Instant> returns = {};  // when it will be up again
    bool telling = true;                  // it carries what changes; false until it has carried the first routes
  };
  struct Site {
    std::string node;
    std::string prefix;
    IpAddress csci;
    bool v4 = false;
    std::size_t service = 0;
    std::size_t egress = 0;  // in routers_
    BgpWire wire;
    bool alive = true;
    Session session = {};
  };
  // Whom an egress tells the best of its routes, per service.
  struct Peer {
    std::size_t router = 0;
    RandomStream loss;
    std::vector<bool> told = {};                         // by service: something not withdrawn since
    std::vector<std::optional<std::size_t>> heard = {};  // by service: the site whose route it has from here
    Session session = {};
  };
  struct Router {
    std::string name;
    IpAddress loopback = {};
    IpAddress loopback4 = {};
    bool routing = true;
    std::vector<RoutePtr> table = {};                   // by site
    std::vector<std::size_t> changed = {};              // since the window began, in this order
    std::vector<bool> is_changed = {};                  // by site
    bool window = false;                                // one is open
    std::uint32_t windows = 0;                          // a window of daemons that were lost ends in nothing
    std::vector<std::size_t> own = {};                  // sites behind it
    std::vector<std::optional<std::size_t>> best = {};  // by service, of its own
    std::vector<Peer> peers = {};
    std::optional<Agent> agent = {};
    bool agent_alive = true;
    std::vector<bool> agent_told = {};  // by site
    Session agent_session = {};
  };

  std::size_t router_index(const std::string& name) const;
  RoutePtr route_of(std::size_t site, const collectors::MetricReport& report) const;
  bool has_way(const Session& session, const std::string& from, const std::string& to) const;
  void carry(Session& session, const std::string& from, const std::string& to, std::size_t octets,
             std::function<void()> read);
  void tell_egress(std::size_t site, RoutePtr route);
  void change(std::size_t router, std::size_t site, RoutePtr route);
  void end_window(std::size_t router);
  bool choose_best(Router& router, std::size_t service, const std::vector<std::size_t>& changed) const;
  void tell_peer(std::size_t router, std::size_t peer, std::size_t service);
  void peer_hears(std::size_t router, std::size_t peer, std::size_t service, RoutePtr route);
  void tell_agent(Router& router, std::size_t site);
  void log_hop(const Router& router, const Route& route, const IpAddress& peer);

  void update_sessions(Duration wait);
  void update_session(Session& session, bool possible, Duration wait, const std::function<void()>& down,
                      const std::function<void()>& up);
  void site_down(std::size_t site);
  void peer_down(std::size_t router, std::size_t peer);
  void peer_up(std::size_t router, std::size_t peer);
  void agent_down(Router& router);
  void agent_up(std::size_t router);
  // After kFirstTelling, unless the session has ended by then.
  void tell_first(Session& session, std::function<void()> tell);
  void forget_routes(Router& router);

  EventLog& tap_;
  Network& network_;
  Duration batch_;
  double loss_;
  Config config_;
  std::size_t services_;
  std::vector<std::size_t> withdrawal_octets_;  // by service
  std::vector<Site> sites_;
  std::vector<Router> routers_;
  std::map<std::string, std::size_t> index_;  // of routers_
  Instant return_at_{};                       // when sessions that may come back are looked at next
  Later later_;
};

}  // namespace cats::sim
