// Ways through a topology and how long a packet takes on them: the links' delay, and with a `link_rate` the time that
// its octets take on each link after what came there before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sim/world/later.h"
#include "sim/world/link_queue.h"
#include "sim/world/model.h"
#include "topologies/topology.h"

namespace cats::sim {

class Network {
 public:
  Network(const topologies::Topology& topology, const Model& model);

  // One way, over the fewest links that are up and routers that have routes, of a packet without octets where nothing
  // else is under way; nothing: there is no way. Zero from a node to itself. Throws std::out_of_range for a name that
  // no node has.
  std::optional<Duration> delay(std::string_view from, std::string_view to) const;

  // Without a rate a packet's octets do not matter.
  bool has_rate() const { return queues_.has_value(); }
  struct Packet {
    std::size_t octets = 0;
    std::size_t tunnel = 0;  // more on all links but the last: of a tunnel that ends at the router before
    Duration after{};        // from its arrival to the call
    // Of a stream of which none overtakes another: when the latest that has passed the last link is called.
    Instant* stream = nullptr;
  };
  // Calls `there` when a packet that leaves now has arrived. It keeps its way, whatever becomes of links meanwhile.
  // False: there is no way, and no call. `later` and the stream outlive the packet.
  bool carry(Later& later, std::string_view from, std::string_view to, const Packet& packet,
             std::function<void()> there);

  // All links between the two nodes. Throws MeasurementError when there are none.
  void set_link(std::string_view a, std::string_view b, bool up);
  // Whether packets to and through the router find a way, but for those between it and hosts, servers and others that
  // have their only link to it: who loses its routing daemons says here when neighbours know
  // and when they have its routes again. Throws MeasurementError for a node that is no router.
  void set_routing(std::string_view node, bool up);

 private:
  static constexpr std::uint32_t kNoWay = 0xffffffff;

  struct Neighbor {
    std::size_t node = 0;
    std::size_t link = 0;       // in link_up_
    std::size_t direction = 0;  // there, in queues_; that back differs in the lowest bit
  };
  struct Node {
    bool forwards = false;  // a router
    bool routing = true;
    std::vector<Neighbor> neighbors = {};
  };

  struct Journey {
    Packet packet;
    std::vector<std::size_t> way;  // directions of links
    std::size_t passed = 0;
    std::function<void()> there;
  };

  std::size_t index_of(std::string_view name) const;
  static bool has_one_way_out(const Node& node) { return !node.forwards && node.neighbors.size() == 1; }
  const std::vector<std::uint32_t>& links_from(std::size_t source) const;
  std::vector<std::size_t> way(std::size_t from, std::size_t to) const;  // when there is one
  void pass(Later& later, const std::shared_ptr<Journey>& journey);
  static void deliver(Later& later, const Packet& packet, Instant arrival, std::function<void()> there);

  Duration link_delay_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<Node> nodes_;
  std::vector<bool> link_up_;
  std::optional<LinkQueues> queues_;                            // none: no link has a rate
  mutable std::vector<std::vector<std::uint32_t>> links_from_;  // by node; empty: not looked for yet
};

}  // namespace cats::sim
