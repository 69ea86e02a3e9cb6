// What a fleet did while it was measured, as running sums; and the figures over sites that follow from them, by the
// names and definitions of docs/tests.md (5.4, 5.5).
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"

namespace cats::sim::fleet {

// What is counted at a site.
struct SiteCounts {
  std::uint64_t flows = 0;    // that ingresses sent
  std::uint64_t refused = 0;  // of them, because the queue was full
  std::uint64_t lost = 0;     // with the site
  double offered_s = 0;       // CPU time that they asked for
  double used_s = 0;          // CPU time used
  double capacity_s = 0;      // cores · time

  SiteCounts& operator-=(const SiteCounts& before);
};

// What is counted in the whole fleet.
struct Counts {
  std::uint64_t flows = 0;      // that came to ingresses
  std::uint64_t unsteered = 0;  // of them, without a site to go to
  std::uint64_t refused = 0;
  std::uint64_t lost = 0;
  std::uint64_t updates_sent = 0;       // by sites
  std::uint64_t updates_delivered = 0;  // to deciders, of which there may be many
  std::uint64_t updates_replaced = 0;   // by newer ones in a batch window
  std::uint64_t updates_lost = 0;
  std::uint64_t decisions = 0;
  std::uint64_t orders = 0;
  std::uint64_t probes = 0;  // sent by ingresses

  Counts& operator-=(const Counts& before);
};

struct SiteSums : SiteCounts {
  double weight = 0;  // share of all sites' capacity when none is lost
};

struct Sums : Counts {
  Duration time{};
  std::vector<SiteSums> sites;
  std::uint64_t there_before = 0;  // flows at sites when the time began, and at its end
  std::uint64_t there_after = 0;
  Histogram latency;         // of flows that were served in the time: from their arrival at the site to their end
  double latency_sum_s = 0;  // of these

  // By windows of Settings::watch that lie within the time: the most that a site used of its capacity in one, and was
  // asked for.
  std::uint64_t windows = 0;
  double peak_used = 0;
  double peak_offered = 0;
  // Active flows as they were at the ends of these windows, aᵢ at site i, A in all: sums of A, Σ|aᵢ − A/N| and
  // Σ|aᵢ − A·wᵢ|.
  double active = 0;
  double active_var = 0;
  double active_imbalance = 0;

  std::uint64_t served() const { return latency.count(); }
  double mean_latency_s() const { return served() == 0 ? 0 : latency_sum_s / static_cast<double>(served()); }
  double var_time_averaged() const { return active > 0 ? active_var / active : 0; }
  double imbalance_time_averaged() const { return active > 0 ? active_imbalance / active : 0; }
};

// One window of Settings::watch.
struct Window : Counts {
  Instant end;
  Histogram latency;  // of flows that were served in it
  double latency_sum_s = 0;
  double peak_used = 0;
  double peak_offered = 0;
  // At its end; as in Sums.
  double active = 0;
  double active_var = 0;
  double active_imbalance = 0;
};

// Of uᵢ, what the sites used of their capacity, or what they were asked for.
struct Evenness {
  double mean = 0;       // ū
  double bias = 0;       // Σ|uᵢ − ū| ÷ (N·ū)
  double spread = 0;     // largest − smallest
  double deviation = 0;  // over the sites
  double peak = 0;       // largest
};
Evenness evenness_used(const Sums& sums);
Evenness evenness_offered(const Sums& sums);

// Of flow counts nᵢ of F flows: Σ|nᵢ − F/N| ÷ F, the draft's var_alg, and Σ|nᵢ − F·wᵢ| ÷ F. 0 of no flows.
double var(const Sums& sums);
double imbalance(const Sums& sums);

}  // namespace cats::sim::fleet
