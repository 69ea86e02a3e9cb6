// What ingresses hear of their flows, for algorithms that choose by it (cpsel/flow_algorithm.h): replies, with what the
// site adds to them, refusals, losses, and answers to probes.
//
// A flow is at its site at once, as everywhere in a fleet. What became of it reaches the ingress the way there and back
// (twice Ingress::delay) after it happened, so a latency is the time at the site and both ways. A flow that is refused,
// or lost with its site, is told as a reset connection would be: there are no timeouts. A probe takes one way to the
// site and one back; a site that is down does not answer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cpsel/flow_algorithm.h"
#include "sim/engine.h"
#include "sim/fleet/handler.h"
#include "sim/fleet/latency_near.h"
#include "sim/fleet/settings.h"
#include "sim/fleet/sites.h"
#include "sim/fleet/steering.h"
#include "sim/ring.h"

namespace cats::sim::fleet {

// Memory: flows at sites, replies and probes on their way; and what sites remember for probes.
class Replies final : private FlowEnds {
 public:
  Replies(Engine& engine, const Settings& settings, Steering& steering, Sites& sites);
  Replies(const Replies&) = delete;
  Replies& operator=(const Replies&) = delete;

  // A new flow of so much CPU time goes where the ingress' algorithm says, with probes. Whether there was a site.
  bool steer(std::uint32_t ingress, Duration work);

  std::uint64_t probes() const { return probes_; }  // sent since the beginning

 private:
  struct Flight {  // a flow at a site; its tag there is its number
    cpsel::FlowAlgorithm::Pick pick;
    std::uint32_t ingress = 0;
    std::uint32_t found = 0;  // flows that were at the site before it
  };
  struct Told {
    cpsel::FlowAlgorithm::Pick pick;
    cpsel::Reply reply;
  };
  struct Answer {
    std::uint32_t site = 0;
    cpsel::ProbeAnswer answer;
  };
  // What is on its way is in the order in which it arrives, since all of it takes as long.
  struct Way {
    Duration delay;  // one way
    Ring<Told> replies;
    Ring<std::uint32_t> probes;  // sites
    Ring<Answer> answers;
  };

  void served(std::uint32_t site, const Job& flow) override;
  void failed(std::uint32_t site, std::span<const Job> flows) override;
  std::uint64_t keep(const Flight& flight);
  Flight leave(std::uint64_t tag);
  void tell(std::uint32_t ingress, const cpsel::FlowAlgorithm::Pick& pick, cpsel::Reply reply, Instant sent);
  void probe(std::uint32_t ingress, std::uint32_t site);
  void reply_arrives(std::uint32_t ingress);
  void probe_arrives(std::uint32_t ingress);
  void answer_arrives(std::uint32_t ingress);

  Engine& engine_;
  Steering& steering_;
  Sites& sites_;
  std::vector<Way> ways_;  // by ingress
  std::vector<Flight> flights_;
  std::vector<std::uint32_t> free_;     // numbers of flights_ that are not in use
  std::vector<LatencyNear> latencies_;  // by site; empty when nobody probes
  std::uint64_t probes_ = 0;
  Handler<Replies, &Replies::reply_arrives> reply_arrives_;
  Handler<Replies, &Replies::probe_arrives> probe_arrives_;
  Handler<Replies, &Replies::answer_arrives> answer_arrives_;
};

}  // namespace cats::sim::fleet
