// The section `fleet` of a scenario (docs/scenario-format.md): sites and ingresses by their numbers, in the place of a
// topology. Only the simulator has so many: docs/simulator.md, "At scale".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cpsel/metrics.h"
#include "load/patterns.h"

namespace cats::scenarios {

struct Fleet {
  enum class Raw : std::uint8_t { utilisation, queue };
  enum class Phases : std::uint8_t { spread, together };
  enum class Lost : std::uint8_t { sites, routes, controller };

  // What sites tell of themselves.
  struct Metric {
    Raw raw = Raw::utilisation;  // of l2 it is both
    cpsel::Level level = cpsel::Level::l0;
    bool quantised = true;   // scores are whole numbers 0 … 10
    double full_queue = 20;  // the length of a queue that scores 0
  };
  // When they tell it; the first three with `refresh: on-change`.
  struct Updates {
    double threshold = 0;  // a load that moved by no more is not told
    Duration hold{};
    std::optional<Duration> silence = {};
    Phases phases = Phases::spread;
  };
  // Times of these two are since measuring began.
  struct Crowd {
    Duration at{};
    Duration length{};
    double factor = 1;  // of the arrivals' pace
  };
  struct Outage {
    Lost of = Lost::sites;
    double share = 0;  // of the sites; 0 of the controller
    Duration at{};
    std::optional<Duration> length = {};  // nothing: for good
    Duration detection{};                 // from a site's failure to its withdrawal
  };

  int sites = 0;
  int ingresses = 1;
  std::vector<double> capacity = {1};  // cores of the sites, in turn
  double load = 0.7;                   // CPU time that is asked for, of all capacity; shared evenly by the ingresses
  load::ArrivalPattern arrivals = load::Arrivals::poisson;
  load::RandomDuration work = load::RandomDuration::exponential(std::chrono::milliseconds(10));  // CPU time of a flow
  std::optional<int> workers = {};                   // nothing: one per core
  Duration delay = std::chrono::milliseconds(5);     // of updates, to the first ingress' router and the controller
  Duration delay_spread{};                           // to the last one's it is so much more
  Duration collect = std::chrono::milliseconds(50);  // of the controller: updates that it decides on together
  Metric metric = {};
  Updates updates = {};
  std::optional<Crowd> crowd = {};
  std::optional<Outage> outage = {};

  double cores_of(std::size_t site) const { return capacity[site % capacity.size()]; }
  double cores() const;               // of all sites
  double flows_per_second() const;    // at each ingress, the mean
  std::string capacity_text() const;  // "4:2:1"

  // The metric as section 4 of draft-yl-bmwg-cats-02 has it declared; the first is what the C-PS steers by.
  std::vector<cpsel::Declaration> declared() const;

  // From the beginning of the first disturbance to the end of the last, since measuring began; nothing: there is none.
  struct Disturbance {
    Duration from{};
    std::optional<Duration> to = {};  // nothing: it does not end
  };
  std::optional<Disturbance> disturbance() const;
};

const char* to_string(Fleet::Raw raw);        // "utilisation"
const char* to_string(Fleet::Phases phases);  // "spread"
const char* to_string(Fleet::Lost lost);      // "sites"

}  // namespace cats::scenarios
