// Global-min that remembers what it did: uᵢ + (flows sent to i since its last report)·(mean cost of a flow)/cᵢ, so that
// between reports the flows do not all go one way. The cost is FlowCost's estimate. Ties by lowest CSCI-ID.
#include "cpsel/flow_cost.h"
#include "cpsel/registry.h"

namespace cats::cpsel::algorithms_of {
namespace {

class GlobalMinLocal final : public Algorithm {
 public:
  explicit GlobalMinLocal(double smoothing) : cost_(smoothing) {}

 private:
  Choice choose(const Snapshot& snapshot) override {
    cost_.observe(snapshot.candidates);
    const auto expected = [&](const Candidate& one) {
      return one.load + one.flows_since_report.value() * cost_.value() / one.capacity;
    };
    std::size_t best = 0;
    for (std::size_t i = 1; i < snapshot.candidates.size(); ++i)
      if (expected(snapshot.candidates[i]) < expected(snapshot.candidates[best])) best = i;
    Choice choice{false, std::vector<double>(snapshot.candidates.size(), 0.0)};
    choice.weights[best] = 1;
    return choice;
  }

  FlowCost cost_;
};

}  // namespace

AlgorithmInfo global_min_local() {
  return {.name = "global-min-local",
          .help = "global-min on the load plus what the flows sent since the report will add to it",
          .parameters = {smoothing_parameter(), refresh_parameter()},
          .needs_flow_counts = true,
          .make = [](const Parameters& p) { return std::make_unique<GlobalMinLocal>(p.at("smoothing")); }};
}

}  // namespace cats::cpsel::algorithms_of
