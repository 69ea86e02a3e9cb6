// The scenario's workload as hosts are told it, and the pause between loads.
#pragma once

#include <nlohmann/json.hpp>

#include "load/patterns.h"
#include "suite/tests/test.h"

namespace cats::suite {

inline constexpr Duration kSchedulingMargin = std::chrono::milliseconds(500);  // between accepting a load and its start

enum class Sessions { all, brief };  // `brief`: without those that stay

// `do: load` with the scenario's sessions, by the trial's seed.
nlohmann::json load_request(const TrialContext& context, Instant start, Duration length,
                            Sessions which = Sessions::all);

// The same with a trace as hosts know it, by its copy in the run directory.
load::ArrivalPattern for_hosts(load::ArrivalPattern arrivals);
load::RandomDuration for_hosts(load::RandomDuration duration);

void begin_load(scenarios::Testbed& testbed, const nlohmann::json& request);
// Hosts end their sessions, and give up what has no answer.
void end_load(scenarios::Testbed& testbed);

// In which a test that follows sessions to their end has them ended.
inline constexpr std::string_view kClosePhase = "close";
void close_load(const TrialContext& context);

// Every ingress empties its session table of the services' flows.
void forget_flows(scenarios::Testbed& testbed);

// Returns when no site has a connection left. Throws MeasurementError when one has after 15 s.
void wait_until_idle(scenarios::Testbed& testbed);

}  // namespace cats::suite
