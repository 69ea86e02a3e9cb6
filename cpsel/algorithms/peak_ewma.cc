// Peak EWMA (Finagle): of two distinct instances drawn at random the one of lower cost, which is latency · (flows in
// flight + 1). A latency above the average takes its place at once, one below draws it down by 1 − exp(−t/decay) after
// t without a reply; what is not heard of is forgotten alike, so that an instance that was slow is tried again. One
// that is not known is tried with one flow at a time.
#include <vector>

#include "base/portable_math.h"
#include "cpsel/flow_algorithm.h"

namespace cats::cpsel::algorithms_of {
namespace {

class PeakEwma final : public FlowAlgorithm {
 public:
  PeakEwma(const FlowSetting& setting, double decay_s, double failure_s)
      : FlowAlgorithm(setting), decay_s_(decay_s), failure_s_(failure_s), known_(setting.places) {}

 private:
  struct Known {
    double latency_s = 0;  // at the last reply; 0: there was none
    Instant at;
  };

  Pick choose(Instant now) override {
    const auto all = there();
    if (all.size() == 1) return {all[0]};
    const std::uint64_t first = random().below(all.size());
    std::uint64_t second = random().below(all.size() - 1);
    if (second >= first) ++second;
    return {cost(now, all[second]) < cost(now, all[first]) ? all[second] : all[first]};
  }

  double cost(Instant now, std::uint32_t place) const {
    constexpr double kUntried = 1e18;
    const double flows = in_flight(place);
    if (known_[place].latency_s <= 0) return kUntried * flows;
    return decayed(now, known_[place]) * (flows + 1);
  }

  double kept(Instant now, const Known& one) const { return portable::exp(-to_seconds(now - one.at) / decay_s_); }
  double decayed(Instant now, const Known& one) const { return one.latency_s * kept(now, one); }

  void hear(Instant now, const Pick& pick, const Reply& reply) override {
    Known& one = known_[pick.place];
    const double heard_s = latency_s(reply, failure_s_);
    const double old_s = decayed(now, one);
    one.latency_s = heard_s > old_s ? heard_s : old_s + (1 - kept(now, one)) * heard_s;
    one.at = now;
  }
  void came(std::uint32_t place) override { known_[place] = {}; }

  double decay_s_;
  double failure_s_;
  std::vector<Known> known_;  // by place
};

}  // namespace

AlgorithmInfo peak_ewma() {
  return {.name = "peak-ewma",
          .help = "of two instances at random the lower of latency, peaks at once, times flows in flight",
          .parameters = {{"decay_s", "s", 10, 0.01, 3600, "in which what is known of an instance falls by e"},
                         failure_parameter()},
          .ignores_metrics = true,
          .needs_replies = true,
          .make_for_flows = [](const Parameters& p, const FlowSetting& setting) {
            return std::make_unique<PeakEwma>(setting, p.at("decay_s"), p.at("failure_ms") / 1000);
          }};
}

}  // namespace cats::cpsel::algorithms_of
