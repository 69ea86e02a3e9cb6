// The power of two choices (Mitzenmacher): of two distinct instances drawn at random the less loaded wins. All draws
// see one board, so the chance of rank r = 1 … N (least loaded first) is 2(N−r)/(N(N−1)), and that is its weight. Equal
// loads share the weights of the ranks that they fill, as a fair coin between them would.
#include <vector>

#include "cpsel/by_load.h"
#include "cpsel/registry.h"

namespace cats::cpsel::algorithms_of {
namespace {

class P2c final : public Algorithm {
  Choice choose(const Snapshot& snapshot) override {
    const auto& candidates = snapshot.candidates;
    const std::size_t n = candidates.size();
    if (n == 1) return {false, {1}};
    const std::vector<Ranked> order = by_load(candidates);
    Choice choice{false, std::vector<double>(n, 0.0)};
    for (std::size_t first = 0; first < n;) {
      std::size_t end = first;
      double sum = 0;
      for (; end < n && order[end].load == order[first].load; ++end)
        sum += 2 * static_cast<double>(n - 1 - end) / static_cast<double>(n * (n - 1));
      for (std::size_t i = first; i < end; ++i)
        choice.weights[order[i].candidate] = sum / static_cast<double>(end - first);
      first = end;
    }
    return choice;
  }
};

}  // namespace

AlgorithmInfo p2c() {
  return {.name = "p2c",
          .help = "two instances at random, the less loaded wins: weights by rank",
          .parameters = {},
          .make = [](const Parameters&) { return std::make_unique<P2c>(); }};
}

}  // namespace cats::cpsel::algorithms_of
