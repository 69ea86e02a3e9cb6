// Algorithms that choose for every flow by what they hear of earlier ones: replies, requests in flight, answers to
// probes. An ingress at layer 3 sees none of these; a fleet of the simulator tells them (sim/fleet/replies.h). One
// object per ingress. An instance goes by its place, a number that is kept while it comes and goes. No clock: calls say
// what time it is, and times never go back.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "cpsel/registry.h"

namespace cats::cpsel {

struct FlowSetting {
  std::size_t places = 0;   // below kNobody
  std::size_t clients = 1;  // ingresses that send to these instances, this one included
  RandomStream random;
};

// What the ingress hears of a flow at last.
struct Reply {
  bool served = true;  // or the instance refused it, or was lost with it
  Duration latency{};  // from the pick until now
  // What an instance adds to the reply of a flow that it served:
  std::size_t queue = 0;  // flows there, waiting or in service, when this one had left
  Duration service{};     // from the beginning of its service to its end
};

struct ProbeAnswer {
  std::size_t in_flight = 0;  // flows at the instance, waiting or in service
  Duration latency{};         // what flows that found about as many there took lately; 0: there were none
};

class FlowAlgorithm {
 public:
  static constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();
  struct Pick {
    std::uint32_t place = kNobody;
    double note = 0;  // the algorithm's own: comes back with the reply
  };

  // Nobody may be picked yet.
  explicit FlowAlgorithm(const FlowSetting& setting);
  virtual ~FlowAlgorithm() = default;
  FlowAlgorithm(const FlowAlgorithm&) = delete;
  FlowAlgorithm& operator=(const FlowAlgorithm&) = delete;

  // An instance may be picked from now on, and nothing is known of it, whatever was before. Again: nothing changes.
  void announce(std::uint32_t place);
  void withdraw(std::uint32_t place);

  // For a new flow, which is in flight from now on: an announced instance, or kNobody when there is none.
  Pick pick(Instant now);
  // Instances to be probed together with the flow that was picked last; until the next call that is not const.
  virtual std::span<const std::uint32_t> probes() const { return {}; }

  // Once for every flow that was picked, also of an instance that has been withdrawn meanwhile.
  void ended(Instant now, const Pick& pick, const Reply& reply);
  virtual void probed(Instant /*now*/, std::uint32_t /*place*/, const ProbeAnswer& /*answer*/) {}

 protected:
  std::span<const std::uint32_t> there() const { return there_; }  // announced, in an order that means nothing
  bool is_there(std::uint32_t place) const { return index_[place] != kNobody; }
  std::uint32_t in_flight(std::uint32_t place) const { return in_flight_[place]; }  // from this ingress
  std::size_t places() const { return index_.size(); }
  std::uint32_t any_there() { return there_[random_.below(there_.size())]; }  // somebody is
  RandomStream& random() { return random_; }

 private:
  virtual Pick choose(Instant now) = 0;  // somebody is there
  virtual void hear(Instant now, const Pick& pick, const Reply& reply) = 0;
  virtual void came(std::uint32_t place) = 0;
  virtual void went(std::uint32_t /*place*/) {}
  virtual void in_flight_changed(std::uint32_t /*place*/) {}  // after hear()

  RandomStream random_;
  std::vector<std::uint32_t> there_;
  std::vector<std::uint32_t> index_;  // by place: where in there_, or kNobody
  std::vector<std::uint32_t> in_flight_;
};

// How long a flow counts as having taken that was not served: those who prefer fast replies would run into an instance
// that refuses at once.
inline Parameter failure_parameter() {
  return {"failure_ms", "ms", 1000, 0, 600000, "what a flow that was refused or lost counts as its latency, at least"};
}
double latency_s(const Reply& reply, double failure_s);

// Error: complete()'s, or it is none that needs replies.
Expected<std::unique_ptr<FlowAlgorithm>> make_flow_algorithm(std::string_view name, const Parameters& given,
                                                             const FlowSetting& setting);

}  // namespace cats::cpsel
