// The draft's algorithm: every new flow to the instance with the least load; the lowest CSCI-ID among equals.
#include <algorithm>

#include "cpsel/registry.h"

namespace cats::cpsel::algorithms_of {
namespace {

class GlobalMin final : public Algorithm {
  Choice choose(const Snapshot& snapshot) override {
    const auto best = std::min_element(snapshot.candidates.begin(), snapshot.candidates.end(),
                                       [](const Candidate& a, const Candidate& b) { return a.load < b.load; });
    Choice choice{false, std::vector<double>(snapshot.candidates.size(), 0.0)};
    choice.weights[static_cast<std::size_t>(best - snapshot.candidates.begin())] = 1;
    return choice;
  }
};

}  // namespace

AlgorithmInfo global_min() {
  return {.name = "global-min",
          .help = "weight 1 on the instance with the best metric; ties by lowest CSCI-ID",
          .parameters = {},
          .equal_weights = true,
          .make = [](const Parameters&) { return std::make_unique<GlobalMin>(); }};
}

}  // namespace cats::cpsel::algorithms_of
