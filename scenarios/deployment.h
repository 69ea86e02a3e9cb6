// What a scenario makes of its topology, the same in the emulator and in the simulator: who decides, who hears what,
// when sites publish.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bgp/edge_metadata.h"
#include "cpsel/chosen_algorithm.h"
#include "cpsel/ingress_selection.h"
#include "scenarios/scenario.h"
#include "scenarios/testbed.h"

namespace cats::scenarios {

Deployment deployment_of(const Scenario& scenario);

// Names of the metrics that go this way; nothing: all of them.
std::optional<std::set<std::string>> metrics_by(Via via, const Scenario& scenario);

// The numbers that attribute 42 is written and read with.
bgp::EdgeMetadataCodes codes_of(const Attribute& attribute);

// As a C-PS is told it.
cpsel::ChosenAlgorithm chosen(const Algorithm& algorithm);
cpsel::IngressCps ingress_cps(const Scenario& scenario);
// What the ingress' own C-PS does: all; where a controller decides, nothing but know which routes there are; between
// the two, choose by what comes over BGP.
struct OwnSelection {
  std::string steer_by;
  cpsel::ChosenAlgorithm algorithm;
};
OwnSelection selection_at_ingress(const Scenario& scenario);

// How long an ended session stays in an ingress' session table: the kernel's defaults are minutes to days, and ageing
// is measured.
Duration session_timer(const Scenario& scenario);

// The scenario has this fault, at this node.
bool has_fault(const Scenario& scenario, const std::string& kind, const std::string& node);

// When each source publishes within T: seeded, at least 120 ms apart when T allows, else evenly spread (cats-tests.md,
// common rules). One per edge server, in the topology's order.
std::vector<Duration> publishing_phases(std::size_t sources, Duration interval, std::uint64_t seed);

// The middle of the longest time without a report of one of the sources, within T: the manager publishes then, so that
// each of its updates has one report of each source.
Duration quiet_phase(std::vector<Duration> phases, Duration interval);

// Slots of a flow table, per service: about 64, as many as give every instance of a service equally many, so that equal
// weights are equal to the last flow.
std::size_t flow_table_slots(const topologies::Topology& topology);

}  // namespace cats::scenarios
