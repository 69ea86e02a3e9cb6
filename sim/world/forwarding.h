// What hosts' packets meet on their way: the ingress, which steers them, the tunnel to a site, the edge server there,
// and the way back over the fewest links.
//
// A connection is a SYN and its answer, a request one packet there and its reply one back, a FIN one packet there. What
// the model's `link_loss` takes is a request for good: TCP does not send it again, and the host's timeout decides. A
// FIN finds the site that its connection is at, whatever the ingress would do with it. Where links have a rate, what
// nobody waits for takes its time on them too: acknowledgements and the site's FIN.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/flow_tuple.h"
#include "base/random.h"
#include "sim/world/edge_server.h"
#include "sim/world/host.h"
#include "sim/world/ingress.h"
#include "sim/world/later.h"
#include "sim/world/model.h"
#include "sim/world/network.h"

namespace cats::sim {

class Forwarding {
 public:
  // Whatever is named outlives this. A site is its position here and in Topology::instances.
  struct Site {
    std::string node;
    IpAddress csci;
    EdgeServer* server = nullptr;
  };
  Forwarding(Engine& engine, Network& network, const Model& model, std::uint64_t seed, std::vector<Site> sites);
  Forwarding(const Forwarding&) = delete;
  Forwarding& operator=(const Forwarding&) = delete;

  void add_ingress(const std::string& node, Ingress& ingress);
  // The deliberate fault of a tunnel that leads elsewhere.
  void misdirect(const std::string& ingress, std::size_t site, std::size_t to);

  // What the host at `node`, behind that ingress, sees of the network. The host is named before it uses it.
  Host::Network network_of(const std::string& node, const std::string& ingress);
  void add_host(const std::string& node, Host& host);

  // A request through the tunnel to a site: `answered` is told who answered, or not called.
  void probe(const std::string& ingress, std::size_t site, std::function<void(const std::string& instance)> answered);
  // Its kernel resets the connections of a process that has ended.
  void site_died(std::size_t site);

 private:
  struct Path {  // of the packets of one host
    std::string host;
    std::string ingress;
  };
  struct Tunnels {
    Ingress* ingress = nullptr;
    std::vector<std::size_t> leads_to;  // by site
  };
  struct Connection {
    std::string host;
    std::size_t site = 0;
  };

  void connect(const Path& path, const FlowTuple& tuple, std::function<void(bool)> done);
  void request(const Path& path, const FlowTuple& tuple, Duration work,
               std::function<void(const Host::HttpReply&)> done);
  void close(const Path& path, const FlowTuple& tuple);

  // Calls `there` when a packet that leaves now arrives; not when there is no way.
  void travel(const std::string& from, const std::string& to, const Network::Packet& packet,
              std::function<void()> there);
  void acknowledge(const Path& path, std::size_t site, bool v6);  // by the host
  std::size_t octets_of(const FlowTuple& tuple, Duration work) const;
  std::size_t octets_of(std::size_t site, const SiteReply& reply, bool v6) const;
  std::optional<std::size_t> steer(const std::string& ingress, const FlowTuple& tuple);
  bool lost(const std::string& host, std::size_t site);

  Later later_;
  Network& network_;
  Duration overhead_;
  double loss_;
  std::uint64_t seed_;
  std::vector<Site> sites_;
  std::map<std::string, Tunnels> tunnels_;  // by ingress
  std::map<std::string, Host*> hosts_;
  std::map<FlowTuple, Connection> connections_;
  std::map<std::pair<std::string, std::size_t>, RandomStream> losses_;  // by host and site
};

}  // namespace cats::sim
