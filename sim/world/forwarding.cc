#include "sim/world/forwarding.h"

#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "sim/world/http_traffic.h"
#include "sim/world/packet_sizes.h"

namespace cats::sim {
namespace {

// From an ingress to a site: SRv6 as far as the egress.
Network::Packet in_tunnel(std::size_t octets) { return {.octets = octets, .tunnel = kTunnelOctets}; }

}  // namespace

Forwarding::Forwarding(Engine& engine, Network& network, const Model& model, std::uint64_t seed,
                       std::vector<Site> sites)
    : later_(engine),
      network_(network),
      overhead_(model.request_overhead),
      loss_(model.link_loss),
      seed_(seed),
      sites_(std::move(sites)) {}

void Forwarding::add_ingress(const std::string& node, Ingress& ingress) {
  Tunnels& tunnels = tunnels_[node];
  tunnels.ingress = &ingress;
  tunnels.leads_to.resize(sites_.size());
  std::iota(tunnels.leads_to.begin(), tunnels.leads_to.end(), std::size_t{0});
}

void Forwarding::misdirect(const std::string& ingress, std::size_t site, std::size_t to) {
  tunnels_.at(ingress).leads_to.at(site) = to;
}

Host::Network Forwarding::network_of(const std::string& node, const std::string& ingress) {
  const Path path{node, ingress};
  return {.connect = [this, path](const FlowTuple& tuple,
                                  std::function<void(bool)> done) { connect(path, tuple, std::move(done)); },
          .request =
              [this, path](const FlowTuple& tuple, Duration work, std::function<void(const Host::HttpReply&)> done) {
                request(path, tuple, work, std::move(done));
              },
          .close = [this, path](const FlowTuple& tuple) { close(path, tuple); }};
}

void Forwarding::add_host(const std::string& node, Host& host) { hosts_[node] = &host; }

void Forwarding::travel(const std::string& from, const std::string& to, const Network::Packet& packet,
                        std::function<void()> there) {
  network_.carry(later_, from, to, packet, std::move(there));
}

void Forwarding::acknowledge(const Path& path, std::size_t site, bool v6) {
  if (!network_.has_rate()) return;
  travel(path.host, path.ingress, {.octets = tcp_octets(0, v6)},
         [this, path, site, v6] { travel(path.ingress, sites_[site].node, in_tunnel(tcp_octets(0, v6)), [] {}); });
}

std::size_t Forwarding::octets_of(const FlowTuple& tuple, Duration work) const {
  return network_.has_rate() ? tcp_octets(request_octets(tuple.destination, work), tuple.destination.is_v6()) : 0;
}

std::size_t Forwarding::octets_of(std::size_t site, const SiteReply& reply, bool v6) const {
  return network_.has_rate() ? tcp_octets(reply_octets(sites_[site].csci.str(), reply), v6) : 0;
}

// Where the packet comes out.
std::optional<std::size_t> Forwarding::steer(const std::string& ingress, const FlowTuple& tuple) {
  const Tunnels& tunnels = tunnels_.at(ingress);
  const auto site = tunnels.ingress->steer(tuple);
  return site ? std::optional(tunnels.leads_to.at(*site)) : std::nullopt;
}

bool Forwarding::lost(const std::string& host, std::size_t site) {
  if (loss_ <= 0) return false;
  auto stream = losses_.find({host, site});
  if (stream == losses_.end())
    stream =
        losses_.try_emplace({host, site}, RandomStream(seed_, fmt::format("link loss/{}/{}", host, sites_[site].node)))
            .first;
  return stream->second.uniform() < loss_;
}

void Forwarding::connect(const Path& path, const FlowTuple& tuple, std::function<void(bool)> done) {
  const bool v6 = tuple.destination.is_v6();
  travel(path.host, path.ingress, {.octets = syn_octets(v6)}, [this, path, tuple, v6, done = std::move(done)] {
    const auto site = steer(path.ingress, tuple);
    // ICMP: no route.
    if (!site) return travel(path.ingress, path.host, {.octets = no_route_octets(v6)}, [done] { done(false); });
    travel(path.ingress, sites_[*site].node, in_tunnel(syn_octets(v6)), [this, path, tuple, v6, done, site = *site] {
      const bool accepted = sites_[site].server->accept(tuple);
      if (accepted) connections_[tuple] = {path.host, site};
      travel(sites_[site].node, path.host, {.octets = accepted ? syn_octets(v6) : reset_octets(v6)},
             [this, path, site, v6, done, accepted] {
               if (accepted) acknowledge(path, site, v6);
               done(accepted);
             });
    });
  });
}

void Forwarding::request(const Path& path, const FlowTuple& tuple, Duration work,
                         std::function<void(const Host::HttpReply&)> done) {
  const std::size_t octets = octets_of(tuple, work);
  const bool v6 = tuple.destination.is_v6();
  travel(path.host, path.ingress, {.octets = octets}, [this, path, tuple, work, octets, v6, done = std::move(done)] {
    const auto site = steer(path.ingress, tuple);
    if (!site || lost(path.host, *site)) return;
    travel(path.ingress, sites_[*site].node, in_tunnel(octets), [this, path, tuple, work, v6, done, site = *site] {
      const auto answer = [this, path, v6, done, site](const SiteReply& reply) {
        travel(sites_[site].node, path.host, {.octets = octets_of(site, reply, v6), .after = overhead_},
               [this, path, v6, done, site,
                http = Host::HttpReply{.status = reply.status,
                                       .instance = sites_[site].csci.str(),
                                       .queued = reply.queued,
                                       .served = reply.served}] {
                 acknowledge(path, site, v6);
                 done(http);
               });
      };
      if (!sites_[site].server->request(tuple, work, answer))
        travel(sites_[site].node, path.host, {.octets = reset_octets(v6)}, [done] { done({.reset = true}); });
    });
  });
}

void Forwarding::close(const Path& path, const FlowTuple& tuple) {
  const std::size_t octets = tcp_octets(0, tuple.destination.is_v6());
  travel(path.host, path.ingress, {.octets = octets}, [this, path, tuple, octets] {
    tunnels_.at(path.ingress).ingress->closed(tuple);
    const auto connection = connections_.find(tuple);
    if (connection == connections_.end()) return;
    travel(path.ingress, sites_[connection->second.site].node, in_tunnel(octets), [this, tuple, octets] {
      const auto open = connections_.find(tuple);
      if (open == connections_.end()) return;
      const Connection closed = open->second;
      sites_[closed.site].server->close(tuple);
      connections_.erase(open);
      if (network_.has_rate()) travel(sites_[closed.site].node, closed.host, {.octets = octets}, [] {});
    });
  });
}

void Forwarding::probe(const std::string& ingress, std::size_t site,
                       std::function<void(const std::string& instance)> answered) {
  const std::size_t end = tunnels_.at(ingress).leads_to.at(site);
  const IpAddress& csci = sites_[end].csci;
  travel(ingress, sites_[end].node, in_tunnel(tcp_octets(request_octets(csci, {}), csci.is_v6())),
         [this, ingress, end, answered = std::move(answered)] {
           if (!sites_[end].server->running()) return;
           const bool v6 = sites_[end].csci.is_v6();
           travel(sites_[end].node, ingress, {.octets = octets_of(end, {}, v6), .after = overhead_},
                  [instance = sites_[end].csci.str(), answered] { answered(instance); });
         });
}

void Forwarding::site_died(std::size_t site) {
  std::erase_if(connections_, [&](const auto& entry) {
    const auto& [tuple, connection] = entry;
    if (connection.site != site) return false;
    travel(sites_[site].node, connection.host, {.octets = reset_octets(tuple.destination.is_v6())},
           [host = hosts_.at(connection.host), tuple = tuple] { host->reset(tuple); });
    return true;
  });
}

}  // namespace cats::sim
