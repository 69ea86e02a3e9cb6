// Fleets that tests run, and their sums.
#pragma once

#include <string>
#include <vector>

#include "sim/fleet/fleet.h"

namespace cats::sim::fleet {

using namespace std::chrono_literals;

// Equal sites of one worker and one core; Poisson arrivals of `rate` in all. Demands: Settings' 10 ms.
inline Settings equal_sites(std::size_t sites, std::size_t ingresses, double rate) {
  Settings settings;
  settings.sites.resize(sites);
  settings.ingresses.resize(ingresses);
  const double share = rate / static_cast<double>(ingresses);
  for (Ingress& ingress : settings.ingresses)
    ingress.arrivals = [share](RandomStream random) { return load::poisson_arrivals(share, random); };
  return settings;
}

inline Sums run(const Settings& settings, Duration warm_up, Duration measure, std::uint64_t seed = 1) {
  Fleet fleet(settings, seed);
  fleet.run_until(Instant(warm_up));
  fleet.begin_measuring();
  fleet.run_until(Instant(warm_up + measure));
  return fleet.sums();
}

inline Sums run_with(Settings settings, const std::string& algorithm, Duration warm_up, Duration measure) {
  settings.algorithm = algorithm;
  return run(settings, warm_up, measure);
}

}  // namespace cats::sim::fleet
