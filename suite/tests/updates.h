// What became of the metric updates of a trial: where each was sent, seen on its way and received, and how old what a
// receiver knows was. Spec 5.1; docs/tests.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "suite/report/run_data.h"

namespace cats::suite {

struct Update {
  const Event* sent = nullptr;
  std::map<std::string, std::vector<const Event*>> received;  // by receiver, in time
  std::map<std::string, std::int64_t> hops;                   // router or manager → first sight
};

// The updates that went one way ("bgp", "rest") in a trial's phase `measure`. What went both ways is two updates.
struct WayUpdates {
  std::string via;
  std::vector<std::string> receivers;                             // nodes
  std::map<std::string, std::map<std::int64_t, Update>> sources;  // by source, then sequence
};

// Of every way that has a receiver, that of the listeners first: what the C-PS reads arrives by it. Throws
// MeasurementError when a site logged no update of a way, or the log names no listener.
std::vector<WayUpdates> updates_of(const RunData& data, const Trial& trial);

struct UpdateCounts {
  std::int64_t sent = 0;        // updates × receivers
  std::int64_t received = 0;    // distinct
  std::int64_t duplicated = 0;  // copies beyond the first on one path
  std::int64_t reordered = 0;
  std::int64_t altered = 0;
};
UpdateCounts count_updates(const WayUpdates& updates, const Trial& trial);

// In ms. |Δ − T|, Δ between receipts of updates that follow each other.
std::vector<double> interval_errors(const WayUpdates& updates, Duration interval);
// From sending to receipt.
std::vector<double> delays_of(const WayUpdates& updates);

// Age of information: now − end of the sampling window of the newest update that is there. It rises with time and
// drops at arrivals.
struct Age {
  std::vector<double> averages;  // ms, of each source at each receiver over the phase `measure`
  std::vector<double> peaks;     // ms, just before each arrival and at the end of the phase
};
Age ages_of(const RunData& data, const Trial& trial, const WayUpdates& updates);

// What an update of `site` passes by BGP: its egress, then each receiver.
std::vector<std::string> routers_of(const WayUpdates& updates, const SiteInfo& site);

struct HopDelays {
  std::vector<double> ms;  // from sending to the sight at the hop
  int missing = 0;         // updates that arrived without a sight there
};
// Of the updates that pass `hop`: by BGP those of sites behind it, by REST all.
HopDelays hop_delays(const RunData& data, const WayUpdates& updates, const std::string& hop);

}  // namespace cats::suite
