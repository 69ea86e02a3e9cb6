// Which report the CS-ID's route carries and when the peer is told: with each publication, and the latest one again on
// every session that comes up, unless the route is withdrawn. Without I/O, for the publisher and for the simulator.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "base/error.h"
#include "collectors/metric_mapping.h"
#include "collectors/publisher_fault.h"

namespace cats::collectors {

class RouteReports {
 public:
  struct Telling {
    const MetricReport& report;   // as it is said to be sent, quantised; empty: the route without attribute 42
    const MetricReport* on_wire;  // what is sent; null: nothing is, by a deliberate fault
    bool again = false;           // the report was told before
  };
  struct Callbacks {
    std::function<bool()> has_session;
    std::function<Expected<void>(const Telling&)> tell;
  };

  RouteReports(WallClock wall, Callbacks callbacks) : wall_(wall), callbacks_(std::move(callbacks)) {}

  // Error: what to_edge_metadata() refuses, or what `tell` says.
  Expected<void> publish(const MetricReport& report);
  Expected<void> announce_bare();
  // From now on nothing is told; publish() only remembers.
  void withdraw() { withdrawn_ = true; }
  Expected<void> announce();
  // A session came up.
  Expected<void> established() { return tell(); }

  bool withdrawn() const { return withdrawn_; }
  // For the next `updates` tellings.
  void inject(PublisherFault fault, unsigned updates) { faulty_.inject(fault, updates); }

 private:
  Expected<void> tell();

  WallClock wall_;
  Callbacks callbacks_;
  std::optional<MetricReport> latest_;
  bool told_ = false;  // latest_ has gone out at least once
  bool withdrawn_ = false;
  FaultyUpdates faulty_;
};

}  // namespace cats::collectors
