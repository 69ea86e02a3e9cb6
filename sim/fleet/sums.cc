#include "sim/fleet/sums.h"

#include <algorithm>
#include <cmath>

namespace cats::sim::fleet {
namespace {

template <class Share>
Evenness evenness_of(const Sums& sums, Share share) {
  Evenness result;
  if (sums.sites.empty()) return result;
  const auto n = static_cast<double>(sums.sites.size());
  double least = share(sums.sites.front());
  for (const SiteSums& site : sums.sites) {
    result.mean += share(site) / n;
    result.peak = std::max(result.peak, share(site));
    least = std::min(least, share(site));
  }
  result.spread = result.peak - least;
  double squares = 0;
  for (const SiteSums& site : sums.sites) {
    const double off = share(site) - result.mean;
    squares += off * off;
    if (result.mean > 0) result.bias += std::abs(off) / (n * result.mean);
  }
  result.deviation = std::sqrt(squares / n);
  return result;
}

template <class Fair>
double distance(const Sums& sums, Fair fair) {
  double flows = 0;
  for (const SiteSums& site : sums.sites) flows += static_cast<double>(site.flows);
  double sum = 0;
  for (const SiteSums& site : sums.sites) sum += std::abs(static_cast<double>(site.flows) - flows * fair(site));
  return flows > 0 ? sum / flows : 0;
}

}  // namespace

SiteCounts& SiteCounts::operator-=(const SiteCounts& before) {
  flows -= before.flows;
  refused -= before.refused;
  lost -= before.lost;
  offered_s -= before.offered_s;
  used_s -= before.used_s;
  capacity_s -= before.capacity_s;
  return *this;
}

Counts& Counts::operator-=(const Counts& before) {
  flows -= before.flows;
  unsteered -= before.unsteered;
  refused -= before.refused;
  lost -= before.lost;
  updates_sent -= before.updates_sent;
  updates_delivered -= before.updates_delivered;
  updates_replaced -= before.updates_replaced;
  updates_lost -= before.updates_lost;
  decisions -= before.decisions;
  orders -= before.orders;
  probes -= before.probes;
  return *this;
}

Evenness evenness_used(const Sums& sums) {
  return evenness_of(sums, [](const SiteSums& site) { return site.used_s / site.capacity_s; });
}

Evenness evenness_offered(const Sums& sums) {
  return evenness_of(sums, [](const SiteSums& site) { return site.offered_s / site.capacity_s; });
}

double var(const Sums& sums) {
  const double share = 1 / static_cast<double>(sums.sites.size());
  return distance(sums, [share](const SiteSums&) { return share; });
}

double imbalance(const Sums& sums) {
  return distance(sums, [](const SiteSums& site) { return site.weight; });
}

}  // namespace cats::sim::fleet
