// EXP3 (Auer, Cesa-Bianchi, Freund, Schapire: "The nonstochastic multiarmed bandit problem", 2002), a bandit whose arms
// are the K instances that are there: pᵢ = (1 − γ)·wᵢ/Σw + γ/K. The reward x is 1 when the flow met its SLA, else 0,
// and wᵢ ← wᵢ·exp(γ·(x/p)/K), p being the chance with which that flow was given to i. Rewards come when replies do, so
// picks between are made by older weights. One that comes begins with the mean weight of those that are there.
#include <algorithm>

#include "base/portable_math.h"
#include "cpsel/flow_algorithm.h"
#include "cpsel/sum_tree.h"

namespace cats::cpsel::algorithms_of {
namespace {

class Exp3 final : public FlowAlgorithm {
 public:
  Exp3(const FlowSetting& setting, double gamma, Duration sla)
      : FlowAlgorithm(setting), gamma_(gamma), sla_(sla), weights_(setting.places) {}

 private:
  Pick choose(Instant /*now*/) override {
    const std::uint32_t place = random().uniform() < gamma_ ? any_there() : weights_.at(random().uniform());
    return {place, chance(place)};
  }

  double chance(std::uint32_t place) const {
    return (1 - gamma_) * weights_[place] / weights_.sum() + gamma_ / static_cast<double>(there().size());
  }

  void hear(Instant /*now*/, const Pick& pick, const Reply& reply) override {
    if (!is_there(pick.place) || !reply.served || reply.latency > sla_) return;
    // Above 1 only when K was larger at the pick.
    const double step = std::min(1.0, gamma_ / (pick.note * static_cast<double>(there().size())));
    weights_.set(pick.place, weights_[pick.place] * portable::exp(step));
    if (weights_.sum() > kLargest) rescale();
  }

  // Shares stay as they are, but for those that a double could not tell from 0 next to the others.
  void rescale() {
    const double sum = weights_.sum();
    for (const std::uint32_t place : there()) weights_.set(place, std::max(weights_[place] / sum, kLeast));
  }

  void came(std::uint32_t place) override {
    const auto others = static_cast<double>(there().size() - 1);
    weights_.set(place, others > 0 ? weights_.sum() / others : 1);
  }
  void went(std::uint32_t place) override { weights_.set(place, 0); }

  static constexpr double kLargest = 1e100;
  static constexpr double kLeast = 1e-100;

  double gamma_;
  Duration sla_;
  SumTree weights_;  // by place; 0 of those that are not there
};

}  // namespace

AlgorithmInfo exp3() {
  return {
      .name = "exp3",
      .help = "a bandit over the instances; reward when a flow met its SLA",
      .parameters = {{"gamma", "none", 0.1, 0.001, 1, "share of flows that explore, and the rate of learning"},
                     {"sla_ms", "ms", 20, 0.001, 600000, "a flow answered within this, from its pick, meets the SLA"}},
      .ignores_metrics = true,
      .needs_replies = true,
      .make_for_flows = [](const Parameters& p, const FlowSetting& setting) {
        return std::make_unique<Exp3>(setting, p.at("gamma"), from_seconds(p.at("sla_ms") / 1000));
      }};
}

}  // namespace cats::cpsel::algorithms_of
