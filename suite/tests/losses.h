// Parts of the network lost on purpose in mid-trial: the stimulus, and what the runner's log says of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "suite/tests/test.h"
#include "topologies/topology.h"

namespace cats::suite {

// Logs `lost`, then does it.
void lose(const TrialContext& context, const std::string& node, scenarios::Part part);
// Starts it anew, and logs `restored` when it answers.
void restore(const TrialContext& context, const std::string& node, scenarios::Part part);
// Logs `link`, then takes the link down or up.
void set_link(const TrialContext& context, const std::string& a, const std::string& b, bool up);

struct Loss {
  std::string of;    // node
  std::string part;  // "agent", "routing"
  std::int64_t lost_ns = 0;
  std::int64_t started_ns = 0;   // began to be started anew
  std::int64_t restored_ns = 0;  // answered
};

// Those of the trial, by time. Throws MeasurementError for one that was not restored in it.
std::vector<Loss> losses_of(const RunData& data, const Trial& trial);
// The only one. Throws MeasurementError when there is another number of them.
Loss loss_of(const RunData& data, const Trial& trial);

// The node of that role in the scenario's topology; of several, the first. Throws MeasurementError when there is none.
std::string node_with(const scenarios::Scenario& scenario, topologies::Role role);

// Drawn from the trial's seed, uniform within T: what a trial loses is lost at any moment of the distribution interval.
Duration moment_in_interval(const TrialContext& context);

}  // namespace cats::suite
