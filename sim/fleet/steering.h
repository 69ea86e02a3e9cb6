// Who steers new flows: deciders, each a view of all sites with ages of its own in one cpsel::Selector, and the
// ingresses that carry out what they decide. Without a controller every ingress is its own decider. Or each ingress
// chooses for every flow by what it hears of others.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cpsel/flow_algorithm.h"
#include "cpsel/selector.h"
#include "sim/alarm.h"
#include "sim/engine.h"
#include "sim/fleet/feed.h"
#include "sim/fleet/handler.h"
#include "sim/fleet/picker.h"
#include "sim/fleet/settings.h"

namespace cats::sim::fleet {

class Steering {
 public:
  static constexpr std::uint32_t kNobody = SmoothPicker::kNobody;

  // `idle_loads`: what is known of each site at first. Decides once. The settings outlive this.
  Steering(Engine& engine, const Settings& settings, std::uint64_t seed, const std::vector<double>& idle_loads);
  Steering(const Steering&) = delete;
  Steering& operator=(const Steering&) = delete;

  void publish(const Update& update);  // of a site, now

  // Algorithms that need replies choose for every flow themselves, one at each ingress; there is no decider then. Who
  // is announced there is known to them.
  bool by_replies() const { return !flow_algorithms_.empty(); }
  cpsel::FlowAlgorithm& flow_algorithm(std::uint32_t ingress) { return *flow_algorithms_[ingress]; }

  // The site of a new flow at this ingress, or kNobody: there is none that may be given one. Not by replies.
  std::uint32_t pick(std::uint32_t ingress) {
    Path& path = paths_[ingress];
    const std::uint32_t site = path.multipath ? hashed(path) : path.picker.pick();
    if (counts_flows_ && site != kNobody) count(deciders_[controller_ ? 0 : ingress], site);
    return site;
  }

  // The controller; see Fault::Kind.
  void fail();
  void come_back();

  Feed::Counts updates() const;  // delivered to deciders
  std::uint64_t decisions() const { return decisions_; }
  std::uint64_t orders() const { return orders_made_; }  // of the controller, to all ingresses

 private:
  struct Decider {
    std::vector<std::uint64_t> flows;    // sent, by site: twice as many, and odd for those in `changed`
    std::vector<std::uint32_t> changed;  // sites whose count the selector has not been told
    Alarm age;
  };
  // What an ingress' kernel and router have.
  struct Path {
    explicit Path(std::size_t sites) : picker(sites), hops(sites) {}
    SmoothPicker picker;
    bool multipath = false;
    std::uint64_t hash_seed = 0;
    std::uint64_t flows = 0;
    std::vector<std::uint32_t> hops;  // announced sites, ascending
  };
  using Weights = cpsel::Selector::Weights;
  struct Order {
    std::vector<double> weights;
    bool multipath = false;
  };

  // A hash of the 5-tuple, which is another one for every flow: its number at the ingress stands for it.
  std::uint32_t hashed(Path& path) const {
    __extension__ using Wide = unsigned __int128;
    if (path.hops.empty()) return kNobody;
    const Wide hash = mix64(path.hash_seed + ++path.flows);
    return path.hops[static_cast<std::size_t>(hash * path.hops.size() >> 64)];
  }
  static void count(Decider& decider, std::uint32_t site) {
    std::uint64_t& flows = decider.flows[site];
    flows += 2;
    if ((flows & 1) != 0) return;
    flows |= 1;
    decider.changed.push_back(site);
  }

  void add_deciders(const std::vector<double>& idle_loads);
  void add_flow_algorithms(std::uint64_t seed);
  void add_feeds(std::uint64_t seed);
  bool learn(std::uint32_t decider, const Update& update);  // whether an instance came or went
  void decider_heard(std::uint32_t decider, std::span<const Update> updates);
  void path_heard(std::uint32_t ingress, std::span<const Update> updates);
  void decide(std::uint32_t decider);
  void apply(std::uint32_t decider, const Weights& weights);
  void carry_out(Path& path, std::span<const double> weights, bool multipath);
  void grew_old(std::uint32_t decider);
  void refresh(std::uint32_t decider);
  void order(std::uint32_t);

  Engine& engine_;
  const Settings& settings_;
  const bool controller_;
  bool down_ = false;  // the controller
  bool counts_flows_ = false;
  bool blind_ = false;  // nothing but who is there changes what it chooses
  Duration refresh_{};
  cpsel::Selector selector_;  // a service per decider; places are sites
  std::vector<Decider> deciders_;
  std::vector<Path> paths_;
  std::vector<std::unique_ptr<cpsel::FlowAlgorithm>> flow_algorithms_;  // by ingress; empty for those that weigh
  std::deque<Order> orders_;                                            // on their way
  std::optional<Order> in_force_;
  std::vector<Update> told_;  // by site, the last; for a controller that comes back
  std::vector<double> masked_;
  std::unique_ptr<Feed> to_deciders_;
  std::unique_ptr<Feed> to_paths_;  // announcements alone; with a controller
  std::uint64_t decisions_ = 0;
  std::uint64_t orders_made_ = 0;
  Handler<Steering, &Steering::grew_old> grew_old_;
  Handler<Steering, &Steering::refresh> refresh_due_;
  Handler<Steering, &Steering::order> order_arrives_;
};

}  // namespace cats::sim::fleet
