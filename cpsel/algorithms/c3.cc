// C3 (Suresh, Canini, Schmid, Feldmann: "C3: Cutting tail latency in cloud data stores via adaptive replica selection",
// NSDI 2015): the least of R̄ − 1/μ̄ + q̂³/μ̄ over all instances, q̂ = 1 + outstanding · clients + q̄. R̄ is the latency as it
// is seen here, q̄ the queue and 1/μ̄ the time of service that replies carry, each a moving average. C3's rate control
// and its waiting when all instances are at their limits are left out: flows are sent at once. An instance that has not
// replied yet is tried first, with one flow at a time. Of equal ones the first counts, from a place drawn by the
// ingress.
#include <limits>
#include <vector>

#include "cpsel/flow_algorithm.h"
#include "cpsel/least_of.h"

namespace cats::cpsel::algorithms_of {
namespace {

class C3 final : public FlowAlgorithm {
 public:
  C3(const FlowSetting& setting, double smoothing, double failure_s)
      : FlowAlgorithm(setting),
        smoothing_(smoothing),
        failure_s_(failure_s),
        clients_(static_cast<double>(setting.clients)),
        known_(setting.places),
        scores_(setting.places),
        begin_(setting.places == 0 ? 0 : static_cast<std::uint32_t>(random().below(setting.places))) {}

 private:
  struct Known {
    double latency_s = 0;
    double service_s = 0;
    double queue = 0;
    bool heard = false;
  };

  Pick choose(Instant /*now*/) override {
    const std::uint32_t place = scores_.least() + begin_;
    return {place < known_.size() ? place : place - static_cast<std::uint32_t>(known_.size())};
  }

  void hear(Instant /*now*/, const Pick& pick, const Reply& reply) override {
    Known& one = known_[pick.place];
    const double share = one.heard ? smoothing_ : 1;
    const double heard_s = latency_s(reply, failure_s_);
    one.latency_s += share * (heard_s - one.latency_s);
    if (reply.served) {
      one.service_s += share * (to_seconds(reply.service) - one.service_s);
      one.queue += share * (static_cast<double>(reply.queue) - one.queue);
    } else if (!one.heard) {
      one.service_s = heard_s;
    }
    one.heard = true;
  }

  double score(std::uint32_t place) const {
    constexpr double kUntried = 1e30;
    const Known& one = known_[place];
    const double flows = in_flight(place);
    if (!one.heard) return flows > 0 ? kUntried * flows : -kUntried;
    const double queue = 1 + flows * clients_ + one.queue;
    return one.latency_s - one.service_s + queue * queue * queue * one.service_s;
  }
  void set(std::uint32_t place, double key) {
    const auto size = static_cast<std::uint32_t>(known_.size());
    scores_.set(place >= begin_ ? place - begin_ : place + size - begin_, key);
  }

  void came(std::uint32_t place) override {
    known_[place] = {};
    set(place, score(place));
  }
  void went(std::uint32_t place) override { set(place, std::numeric_limits<double>::infinity()); }
  void in_flight_changed(std::uint32_t place) override {
    if (is_there(place)) set(place, score(place));
  }

  double smoothing_;
  double failure_s_;
  double clients_;
  std::vector<Known> known_;  // by place
  LeastOf scores_;            // by place from begin_ on, around
  std::uint32_t begin_;
};

}  // namespace

AlgorithmInfo c3() {
  return {.name = "c3",
          .help = "least score of latency, time of service and the cube of the queue that is expected",
          .parameters = {{"smoothing", "none", 0.3, 0.001, 1, "share of a new reply in each moving average"},
                         failure_parameter()},
          .ignores_metrics = true,
          .needs_replies = true,
          .make_for_flows = [](const Parameters& p, const FlowSetting& setting) {
            return std::make_unique<C3>(setting, p.at("smoothing"), p.at("failure_ms") / 1000);
          }};
}

}  // namespace cats::cpsel::algorithms_of
