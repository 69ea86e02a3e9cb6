// Ten thousand sites, a hundred ingresses, a hundred million flows: a service of the simulator at a scale at which
// sessions, HTTP and logs would cost too much. What is modelled and what is not: docs/simulator.md, "At scale".
//
//   Fleet fleet(settings, seed);
//   fleet.run_until(Instant(10s));
//   fleet.begin_measuring();
//   fleet.run_until(Instant(110s));
//   const Sums sums = fleet.sums();
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "sim/engine.h"
#include "sim/fleet/handler.h"
#include "sim/fleet/replies.h"
#include "sim/fleet/settings.h"
#include "sim/fleet/sites.h"
#include "sim/fleet/steering.h"
#include "sim/fleet/sums.h"

namespace cats::sim::fleet {

// Time is from 0. Of the same settings and seed the same to the bit. Memory: sites, sites · deciders, sites ·
// ingresses, flows at sites, updates and replies on their way; nothing of what has passed.
class Fleet {
 public:
  // All sites are idle, and known so to all deciders. Throws std::invalid_argument (settings.h: check()).
  Fleet(Settings settings, std::uint64_t seed);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  void run_until(Instant end) { engine_.run_until(end); }
  Instant now() const { return engine_.now(); }
  std::uint64_t events() const { return engine_.handled(); }  // since the beginning

  // To be set before begin_measuring(): called at the end of each window of Settings::watch since then.
  void on_window(std::function<void(const Window&)> told) { window_told_ = std::move(told); }

  // What was so far does not count; again, too.
  void begin_measuring();
  // Since begin_measuring(), or from the beginning.
  Sums sums() const;

 private:
  struct Source {
    std::unique_ptr<load::ArrivalProcess> arrivals;
    load::Distribution demand;
    RandomStream demands;
  };

  void arrive(std::uint32_t ingress);
  Duration draw_work(std::uint32_t ingress);
  void watch(std::uint32_t);
  void schedule(const Fault& fault);
  void happen(const Fault& fault);
  void withdraw_later(std::uint32_t site);
  Counts counts() const;  // since the beginning
  std::uint64_t flows_at_sites() const;
  void tell(Window window);

  Settings settings_;
  Engine engine_;
  Steering steering_;
  Sites sites_;
  std::unique_ptr<Replies> replies_;  // for algorithms that need them
  std::vector<Source> sources_;
  std::uint64_t flows_ = 0;
  std::uint64_t unsteered_ = 0;
  // Of the sites.
  std::vector<double> weights_;          // shares of all capacity
  std::vector<SiteCounts> site_begin_;   // when measuring began
  std::vector<SiteCounts> before_;       // when the window began
  std::vector<std::uint32_t> failures_;  // how often each failed
  // When measuring began.
  Instant begun_;
  Counts begin_;
  Sums windows_;               // what watch() sums up, and how many flows were there before
  std::uint32_t watched_ = 0;  // a window that began before begin_measuring() does not count
  std::function<void(const Window&)> window_told_;
  // Up to the last window.
  Counts told_;
  Histogram told_latency_;
  double told_latency_sum_s_ = 0;
  Handler<Fleet, &Fleet::arrive> arrive_;
  Handler<Fleet, &Fleet::watch> watch_;
};

}  // namespace cats::sim::fleet
