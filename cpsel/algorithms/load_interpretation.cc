// Load interpretation (Dahlin): the flows that are expected to have arrived since the board was written, λ·(its age),
// are poured over the reported loads like water over a floor of unequal height, and weights are in proportion to what
// each instance takes. A fresh board gives global-min, an old one gives shares of capacity. The board's age is the mean
// age of its entries; λ is a moving average of the service's own arrivals; a flow's weight in load is FlowCost's.
#include <algorithm>
#include <numeric>
#include <vector>

#include "base/portable_math.h"
#include "cpsel/by_load.h"
#include "cpsel/flow_cost.h"
#include "cpsel/registry.h"

namespace cats::cpsel::algorithms_of {
namespace {

// Water of volume `amount` (load times capacity) over vessels of width cᵢ whose floors are the loads. No water: all of
// it at the lowest floors.
std::vector<double> pour(std::span<const Candidate> vessels, double amount) {
  const std::vector<Ranked> order = by_load(vessels);
  double width = 0;
  const double lowest = order.front().load;
  double level = lowest;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Candidate& vessel = vessels[order[i].candidate];
    if ((vessel.load - level) * width > amount) break;
    amount -= (vessel.load - level) * width;
    level = vessel.load;
    width += vessel.capacity;
  }
  const double floor = level;  // of the highest vessel that gets wet, or would with a drop more
  level += amount / width;
  std::vector<double> taken(vessels.size(), 0.0);
  for (std::size_t i = 0; i < vessels.size(); ++i)
    taken[i] = level > lowest             ? std::max(level - vessels[i].load, 0.0) * vessels[i].capacity
               : vessels[i].load <= floor ? vessels[i].capacity
                                          : 0;
  const double sum = std::accumulate(taken.begin(), taken.end(), 0.0);
  for (double& one : taken) one /= sum;
  return taken;
}

// Weights of the past fall by e in `memory`; divided by what they sum to, so that the beginning is not biased to 0.
class Rate {
 public:
  explicit Rate(double memory_s) : memory_s_(memory_s) {}
  void observe(double events, double dt_s) {
    if (dt_s <= 0) return;
    const double kept = portable::exp(-dt_s / memory_s_);
    sum_ = kept * sum_ + (1 - kept) * events / dt_s;
    weight_ = kept * weight_ + (1 - kept);
  }
  double per_second() const { return weight_ > 0 ? sum_ / weight_ : 0; }

 private:
  double memory_s_;
  double sum_ = 0;
  double weight_ = 0;
};

class LoadInterpretation final : public Algorithm {
 public:
  LoadInterpretation(double smoothing, double memory_s) : cost_(smoothing), rate_(memory_s) {}

 private:
  Choice choose(const Snapshot& snapshot) override {
    cost_.observe(snapshot.candidates);
    rate_.observe(snapshot.arrivals.value(), to_seconds(snapshot.dt));
    double age_s = 0;
    for (const Candidate& one : snapshot.candidates) age_s += to_seconds(one.age);
    age_s /= static_cast<double>(snapshot.candidates.size());
    return {false, pour(snapshot.candidates, rate_.per_second() * age_s * cost_.value())};
  }

  FlowCost cost_;
  Rate rate_;
};

}  // namespace

AlgorithmInfo load_interpretation() {
  return {.name = "load-interpretation",
          .help = "pours the arrivals expected since the board was written over the reported loads",
          .parameters = {smoothing_parameter(),
                         {"memory_s", "s", 5, 0.1, 600, "of the moving average of arrivals"},
                         refresh_parameter()},
          .needs_flow_counts = true,
          .make = [](const Parameters& p) {
            return std::make_unique<LoadInterpretation>(p.at("smoothing"), p.at("memory_s"));
          }};
}

}  // namespace cats::cpsel::algorithms_of
