#include "suite/stats/hashing.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/random.h"
#include "suite/stats/statistics.h"

namespace cats::suite::stats {
namespace {

constexpr double kMostOutcomes = 2e6;
constexpr std::int64_t kMostDraws = 40'000'000;
constexpr std::int64_t kMostRounds = 20'000;
constexpr std::uint64_t kSeed = 1;

double log_choose(double n, double k) { return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1); }

// Σ|N·nᵢ − F|: what divided by N·F is the spread.
std::int64_t scaled_deviation(std::span<const std::int64_t> counts, std::int64_t flows) {
  std::int64_t sum = 0;
  for (const std::int64_t count : counts) sum += std::abs(std::ssize(counts) * count - flows);
  return sum;
}

double as_spread(std::int64_t deviation, std::int64_t flows, std::int64_t sites) {
  return static_cast<double>(deviation) / static_cast<double>(sites * flows);
}

// Every way to put F flows on N sites, with its probability under uniform hashing, by scaled deviation.
class Outcomes {
 public:
  Outcomes(std::int64_t flows, std::int64_t sites)
      : flows_(flows),
        counts_(static_cast<std::size_t>(sites)),
        probability_(static_cast<std::size_t>(sites * 2 * flows) + 1, 0.0) {
    for (std::int64_t n = 0; n <= flows; ++n) log_factorial_.push_back(std::lgamma(static_cast<double>(n) + 1));
    place(0, flows, log_factorial_.back() - static_cast<double>(flows) * std::log(static_cast<double>(sites)));
  }
  const std::vector<double>& probability() const { return probability_; }

 private:
  void place(std::size_t site, std::int64_t left, double log_probability) {
    if (site + 1 == counts_.size()) {
      counts_[site] = left;
      const double p = std::exp(log_probability - log_factorial_[static_cast<std::size_t>(left)]);
      probability_[static_cast<std::size_t>(scaled_deviation(counts_, flows_))] += p;
      return;
    }
    for (std::int64_t n = 0; n <= left; ++n) {
      counts_[site] = n;
      place(site + 1, left - n, log_probability - log_factorial_[static_cast<std::size_t>(n)]);
    }
  }

  std::int64_t flows_;
  std::vector<std::int64_t> counts_;
  std::vector<double> probability_;  // by scaled deviation
  std::vector<double> log_factorial_;
};

HashBand exact_band(std::int64_t flows, std::int64_t sites) {
  const Outcomes outcomes(flows, sites);
  const std::vector<double>& probability = outcomes.probability();
  const double mean = hash_mean(flows, sites);
  HashBand band{.method = "exact"};
  double variance = 0;
  double below = 0;
  for (std::size_t d = 0; d < probability.size(); ++d) {
    const double value = as_spread(static_cast<std::int64_t>(d), flows, sites);
    variance += probability[d] * (value - mean) * (value - mean);
    const double up_to = below + probability[d];
    if (below < 0.05 && up_to >= 0.05) band.p5 = value;
    if (below < 0.95 && up_to >= 0.95) band.p95 = value;
    below = up_to;
  }
  band.sd = std::sqrt(variance);
  return band;
}

HashBand simulated_band(std::int64_t flows, std::int64_t sites) {
  const std::int64_t rounds = std::clamp<std::int64_t>(kMostDraws / flows, 1000, kMostRounds);
  RandomStream random(kSeed, "hash-band");
  std::vector<double> spreads;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(sites));
  for (std::int64_t round = 0; round < rounds; ++round) {
    std::fill(counts.begin(), counts.end(), 0);
    for (std::int64_t i = 0; i < flows; ++i) ++counts[random.below(counts.size())];
    spreads.push_back(spread(counts));
  }
  return {.sd = standard_deviation(spreads),
          .p5 = percentile(spreads, 0.05),
          .p95 = percentile(spreads, 0.95),
          .method = fmt::format("{} simulated rounds", rounds)};
}

}  // namespace

double spread(std::span<const std::int64_t> counts) {
  const std::int64_t flows = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  return flows == 0 ? 0 : as_spread(scaled_deviation(counts, flows), flows, std::ssize(counts));
}

double hash_mean(std::int64_t flows, std::int64_t sites) {
  if (sites < 2 || flows < 1) return 0;
  const auto f = static_cast<double>(flows);
  const double p = 1 / static_cast<double>(sites);
  const std::int64_t above_mean = flows / sites + 1;
  const auto v = static_cast<double>(above_mean);
  // cppcheck-suppress invalidFunctionArg ; p is below 1: fewer than two sites have returned
  return 2 * v / (f * p) * std::exp(log_choose(f, v) + v * std::log(p) + (f - v + 1) * std::log1p(-p));
}

double round_robin_floor(std::int64_t flows, std::int64_t sites) {
  const std::int64_t rest = flows % sites;
  return as_spread(2 * rest * (sites - rest), flows, sites);
}

double worst_spread(std::int64_t sites) { return static_cast<double>(2 * (sites - 1)) / static_cast<double>(sites); }

HashBand hash_band(std::int64_t flows, std::int64_t sites) {
  const double outcomes = std::exp(log_choose(static_cast<double>(flows + sites - 1), static_cast<double>(sites - 1)));
  return outcomes <= kMostOutcomes ? exact_band(flows, sites) : simulated_band(flows, sites);
}

double hash_imbalance_mean(std::int64_t flows, std::span<const double> weights) {
  const auto f = static_cast<double>(flows);
  const double p = 1 / static_cast<double>(weights.size());
  double sum = 0;
  for (std::int64_t n = 0; n <= flows && weights.size() > 1; ++n) {
    const auto k = static_cast<double>(n);
    const double probability = std::exp(log_choose(f, k) + k * std::log(p) + (f - k) * std::log1p(-p));
    for (const double weight : weights) sum += probability * std::abs(k - f * weight) / f;
  }
  return sum;
}

}  // namespace cats::suite::stats
