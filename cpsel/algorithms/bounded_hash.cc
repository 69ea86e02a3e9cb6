// Consistent hashing with bounded loads, as weights: an instance owns the arcs of the ring before its points, and takes
// at most `bound` times the average 1/N of all flows; what lands on the arc of a full one goes on clockwise to the next
// instance with room.
//
// The definition decides per flow: hash the 5-tuple to the ring, go clockwise past instances that hold
// ⌈bound·average⌉ flows. Here are the shares of that process when keys are uniform and flows many: all arcs fill at
// rates equal to their length until an owner is full, then its arcs' rate goes to the next with room, until all flows
// are placed. So weights depend on who is there alone, and one instance that goes moves its own share and what the caps
// then push on. What weights cannot carry is affinity: that equal keys meet equal instances.
#include <algorithm>
#include <limits>

#include "cpsel/registry.h"

namespace cats::cpsel::algorithms_of {
namespace {

struct Point {
  std::uint64_t position;
  std::size_t owner;
  bool operator<(const Point& other) const { return position < other.position; }
};

std::vector<Point> ring(std::span<const Candidate> candidates, std::size_t points) {
  std::vector<Point> all;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    std::uint64_t key = mix64(candidates[i].id.path_id);
    for (const std::byte octet : candidates[i].id.csci.bytes()) key = mix64(key ^ static_cast<std::uint64_t>(octet));
    for (std::size_t k = 0; k < points; ++k) all.push_back({mix64(key + k), i});
  }
  std::stable_sort(all.begin(), all.end());
  return all;
}

// Share of all flows that reaches each instance per unit of time: the arcs before its points, and those that full ones
// pass on.
std::vector<double> rates(const std::vector<Point>& ring, const std::vector<bool>& full) {
  std::vector<double> rate(full.size(), 0.0);
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const std::uint64_t before = ring[(i + ring.size() - 1) % ring.size()].position;
    const double arc = static_cast<double>(ring[i].position - before) * 0x1p-64;  // wraps at 0
    std::size_t at = i;
    while (full[ring[at].owner]) at = (at + 1) % ring.size();
    rate[ring[at].owner] += arc;
  }
  return rate;
}

class BoundedHash final : public Algorithm {
 public:
  BoundedHash(double bound, double points) : bound_(bound), points_(static_cast<std::size_t>(points)) {}

 private:
  Choice choose(const Snapshot& snapshot) override {
    const std::size_t n = snapshot.candidates.size();
    const double cap = bound_ / static_cast<double>(n);
    const std::vector<Point> points = ring(snapshot.candidates, points_);
    Choice choice{false, std::vector<double>(n, 0.0)};
    std::vector<bool> full(n, false);
    // One instance is always left: the caps sum to bound > 1.
    for (double left = 1; left > 0;) {
      const std::vector<double> rate = rates(points, full);
      double step = left;
      std::size_t fills = n;
      for (std::size_t i = 0; i < n; ++i) {
        if (rate[i] <= 0 || (cap - choice.weights[i]) / rate[i] >= step) continue;
        step = std::max((cap - choice.weights[i]) / rate[i], 0.0);
        fills = i;
      }
      for (std::size_t i = 0; i < n; ++i) choice.weights[i] += rate[i] * step;
      left -= step;
      if (fills == n) break;
      choice.weights[fills] = cap;
      full[fills] = true;
    }
    double sum = 0;
    for (const double weight : choice.weights) sum += weight;
    for (double& weight : choice.weights) weight /= sum;
    return choice;
  }

  double bound_;
  std::size_t points_;
};

}  // namespace

AlgorithmInfo bounded_hash() {
  return {.name = "bounded-hash",
          .help = "consistent hash ring with a bound on each instance's share, overflow clockwise",
          .parameters = {{"bound", "none", 1.25, 1.01, 100, "largest share of an instance, in averages"},
                         {"points", "none", 100, 1, 1000, "of each instance on the ring"}},
          .ignores_metrics = true,
          .make = [](const Parameters& p) { return std::make_unique<BoundedHash>(p.at("bound"), p.at("points")); }};
}

}  // namespace cats::cpsel::algorithms_of
