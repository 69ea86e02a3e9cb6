// Equal weights: the flow table's smooth sequence makes them take turns.
#include "cpsel/registry.h"

namespace cats::cpsel::algorithms_of {
namespace {

class RoundRobin final : public Algorithm {
  Choice choose(const Snapshot& snapshot) override {
    const std::size_t n = snapshot.candidates.size();
    return {false, std::vector<double>(n, 1.0 / static_cast<double>(n))};
  }
};

}  // namespace

AlgorithmInfo round_robin() {
  return {.name = "round-robin",
          .help = "smooth weighted round robin with equal weights",
          .parameters = {},
          .ignores_metrics = true,
          .equal_weights = true,
          .make = [](const Parameters&) { return std::make_unique<RoundRobin>(); }};
}

}  // namespace cats::cpsel::algorithms_of
