// What a fleet is made of: sites of one service, ingresses, what sites tell of themselves, and who decides on the
// strength of it. docs/simulator.md, "At scale".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "cpsel/metrics.h"
#include "cpsel/registry.h"
#include "load/arrival_process.h"
#include "load/distribution.h"
#include "sim/station.h"

namespace cats::sim::fleet {

struct Site {
  Station::Settings station = {};  // capacity.cores > 0 is what algorithms know as its capacity
};

struct Ingress {
  // Called once, with the ingress' own stream.
  std::function<std::unique_ptr<load::ArrivalProcess>(RandomStream)> arrivals;
  Duration delay = std::chrono::milliseconds(5);  // between any site and this ingress' router, one way
};

// The metric that algorithms steer by.
struct Metric {
  enum class Raw : std::uint8_t {
    utilisation,  // cpu_utilisation: CPU time used in the sampling window ÷ (window · capacity), in percent
    queue,        // queue_length: jobs at the site when the window ends
  };
  Raw raw = Raw::utilisation;
  // l0: the raw value. l1: its score. l2: the mean of the scores of both, weighted.
  cpsel::Level level = cpsel::Level::l0;
  cpsel::Normalisation utilisation = {cpsel::NormalisationKind::minmax, 0, 100, cpsel::Better::less};
  cpsel::Normalisation queue = {cpsel::NormalisationKind::minmax, 0, 20, cpsel::Better::less};
  double queue_weight = 0.5;  // in l2, 0 … 1
  bool quantised = true;      // scores are whole numbers 0 … 10; false: what quantisation loses is kept
};

struct Updates {
  enum class Phases : std::uint8_t {
    spread,    // each site begins its first window at a time drawn from the interval
    together,  // all at once
  };
  Duration interval = std::chrono::seconds(1);       // T, between the ends of sampling windows
  Duration window = std::chrono::milliseconds(100);  // ≤ interval
  Phases phases = Phases::spread;
  // Threshold: what a window shows is sent only when the load that it means is more than this away from what was sent
  // last. Nothing: every window's.
  std::optional<double> threshold = {};
  Duration hold = Duration(0);           // dampening: nor sooner than this after what was sent last
  std::optional<Duration> silence = {};  // but always when nothing was sent for so long
};

// A router's batch window: the first update opens it, at its end all that came goes on, a newer one of a site in the
// place of an older. 0: each goes on at once.
inline constexpr Duration kFrrBatch = std::chrono::milliseconds(50);

// One decider for all ingresses. Not for algorithms that need replies, which only the ingress hears.
struct Controller {
  Duration delay = std::chrono::milliseconds(5);        // of updates to it
  Duration batch = std::chrono::milliseconds(50);       // in which it collects them before it decides
  Duration order_delay = std::chrono::milliseconds(5);  // from a decision to its weights in force at all ingresses
};

struct Fault {
  enum class Kind : std::uint8_t {
    site_fails,          // its jobs are lost; it is withdrawn `failure_detection` later
    site_returns,        // idle, and announced at once
    site_withdraws,      // it goes on serving what it has and what still comes
    site_announces,      //
    controller_fails,    // knows nothing any more; ingresses keep the weights that they have
    controller_returns,  // is told what sites told last
  };
  Instant at;
  Kind kind = Kind::site_fails;
  std::uint32_t site = 0;
};

struct Settings {
  std::vector<Site> sites;
  std::vector<Ingress> ingresses;
  load::Distribution demand = load::Distribution::exponential(0.01);  // CPU time of a flow, in seconds
  std::string algorithm = "global-min";
  cpsel::Parameters parameters = {};
  std::optional<Duration> age_limit = {};  // from the end of the sampling window; not for those that need replies
  Metric metric = {};
  Updates updates = {};
  Duration batch = kFrrBatch;                 // at each ingress' router
  double update_loss = 0;                     // share of the updates to each ingress, or the controller
  std::optional<Controller> controller = {};  // nothing: each ingress decides for itself
  Duration failure_detection = Duration(0);
  std::vector<Fault> faults = {};
  Duration watch = std::chrono::seconds(1);  // windows of peak utilisation; also how often active flows are looked at
};

// Throws std::invalid_argument that names what cannot be.
void check(const Settings& settings);

}  // namespace cats::sim::fleet
