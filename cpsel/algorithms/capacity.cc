// Weights in proportion to capacity, whatever the load is: what a perfectly informed operator would configure.
#include "cpsel/registry.h"

namespace cats::cpsel::algorithms_of {
namespace {

class Capacity final : public Algorithm {
  Choice choose(const Snapshot& snapshot) override {
    double sum = 0;
    for (const Candidate& one : snapshot.candidates) sum += one.capacity;
    Choice choice;
    for (const Candidate& one : snapshot.candidates) choice.weights.push_back(one.capacity / sum);
    return choice;
  }
};

}  // namespace

AlgorithmInfo capacity() {
  return {.name = "capacity",
          .help = "weights in proportion to the instances' capacities",
          .parameters = {},
          .ignores_metrics = true,
          .make = [](const Parameters&) { return std::make_unique<Capacity>(); }};
}

}  // namespace cats::cpsel::algorithms_of
