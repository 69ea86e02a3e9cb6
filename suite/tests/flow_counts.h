// Flows as the sites counted them: 5.5 `lb-variance` (docs/tests.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "suite/report/run_data.h"

namespace cats::suite {

// A trial's flows. Vectors by site are in the order of `sites`: those of the CS-ID that the flows went to.
struct Round {
  const Trial* trial = nullptr;
  std::vector<const SiteInfo*> sites;
  std::vector<std::int64_t> flows;  // accepted connections by site
  // CPU time that the requests of its flows asked for, answered or not. A flow that several sites counted is the
  // last's.
  std::vector<std::int64_t> asked_us;
  std::int64_t asking_ns = 0;   // from the first request that was due to the last
  std::int64_t expected = 0;    // F
  std::int64_t miscounted = 0;  // flows not counted exactly once, and connections that are no flow
  std::string first_miscount;
  std::vector<std::pair<std::int64_t, std::size_t>> accepted;  // when, at which site; by time
  std::int64_t from_ns = 0, to_ns = 0;                         // first accepted to last closed

  // Σ|aᵢ − A/N| over Σ A, both integrated over the round: the spread of active flows, weighted by how many there are.
  double spread_over_time() const;
  // Σ|aᵢ − A·wᵢ| over Σ A in the same way.
  double imbalance_over_time(const std::vector<double>& weights) const;
  // Mean of what uniform hashing would make of spread_over_time, with as many active flows at each time.
  double hashed_over_time() const;

  // From one opening or closing to the next: for how long, and how many flows each site had.
  struct Step {
    std::int64_t length_ns = 0;
    std::vector<std::int64_t> active;
    std::int64_t all = 0;
  };
  std::vector<Step> steps;
};

// Capacities of the sites, summing to 1.
std::vector<double> capacity_shares(const std::vector<const SiteInfo*>& sites);
// Σ|nᵢ − F·wᵢ| / F.
double imbalance(const std::vector<std::int64_t>& flows, const std::vector<double>& weights);

// `expected` is how many flows the load had. Throws MeasurementError when the trial has no phase "measure", or no flow
// was counted.
Round count_flows(const RunData& data, const Trial& trial, std::int64_t expected);

}  // namespace cats::suite
