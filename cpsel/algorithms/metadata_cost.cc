// The example of the BGP metadata draft (draft-ietf-idr-5g-edge-service-metadata): instance i costs
//   w·(dᵢ·cⱼ)/(dⱼ·cᵢ) + (1 − w)·(pⱼ·nᵢ)/(pᵢ·nⱼ)
// relative to a reference instance j, the lowest CSCI-ID; the cheapest gets every flow, the lowest CSCI-ID among
// equals. d is processing_delay, c available_compute, p site_preference. n is the delay of the network, which no metric
// of ours tells: it counts as equal. A metric that some candidate lacks counts as equal too. Values below the floor are
// replaced by it, so that none divides by zero.
//
// The reference scales the two terms differently, so the winner can depend on it: the note says so when it does.
#include <algorithm>

#include "cpsel/registry.h"

namespace cats::cpsel::algorithms_of {
namespace {

// A metric of every candidate, floored; all 1 when a candidate lacks it.
std::vector<double> values_of(const char* metric, std::span<const Candidate> candidates, double floor) {
  std::vector<double> values;
  for (const Candidate& one : candidates) {
    const auto found = one.metrics->find(metric);
    if (found == one.metrics->end()) return std::vector<double>(candidates.size(), 1.0);
    values.push_back(std::max(found->second, floor));
  }
  return values;
}

class MetadataCost final : public Algorithm {
 public:
  MetadataCost(double w, double floor) : w_(w), floor_(floor) {}

 private:
  Choice choose(const Snapshot& snapshot) override {
    const auto& candidates = snapshot.candidates;
    const auto d = values_of("processing_delay", candidates, floor_);
    const auto c = values_of("available_compute", candidates, floor_);
    const auto p = values_of("site_preference", candidates, floor_);
    const auto winner = [&](std::size_t j) {
      std::vector<double> cost;
      for (std::size_t i = 0; i < candidates.size(); ++i)
        cost.push_back(w_ * (d[i] * c[j]) / (d[j] * c[i]) + (1 - w_) * p[j] / p[i]);
      return static_cast<std::size_t>(std::min_element(cost.begin(), cost.end()) - cost.begin());
    };
    const std::size_t best = winner(0);
    Choice choice{false, std::vector<double>(candidates.size(), 0.0), {}};
    choice.weights[best] = 1;
    choice.note = "reference " + candidates[0].id.str();
    for (std::size_t j = 1; j < candidates.size(); ++j)
      if (const std::size_t other = winner(j); other != best) {
        choice.note += fmt::format("; with {} it would be {}", candidates[j].id.str(), candidates[other].id.str());
        break;
      }
    return choice;
  }

  double w_;
  double floor_;
};

}  // namespace

AlgorithmInfo metadata_cost() {
  return {.name = "metadata-cost",
          .help = "the BGP metadata draft's cost of delay, capacity and preference, against a reference instance",
          .parameters = {{"w", "none", 0.5, 0, 1, "weight of delay and capacity against preference"},
                         {"floor", "none", 0.01, 0.000001, 100, "least value of each metric, in its unit"}},
          .needs_values = true,
          .equal_weights = true,
          .make = [](const Parameters& p) { return std::make_unique<MetadataCost>(p.at("w"), p.at("floor")); }};
}

}  // namespace cats::cpsel::algorithms_of
