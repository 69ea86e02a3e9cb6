// What all entities of the simulated world share: how they answer commands, the model's parameters, the wall clock,
// where algorithms come from.
#pragma once

#include <functional>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "collectors/metric_mapping.h"
#include "cpsel/chosen_algorithm.h"
#include "scenarios/simulation.h"

namespace cats::sim {

// Virtual time when a world is built: so that nothing that is reckoned backwards from it is negative.
inline constexpr Instant kWorldBegins{std::chrono::seconds(1000)};

// The same in every run, so that logs of one seed are the same to the octet.
inline const collectors::WallClock kWallClock{1'700'000'000LL * 1'000'000'000LL};

using Model = scenarios::Simulation;

// How a C-PS makes its algorithm where nobody says otherwise. Throws UsageError for a library of the user's.
inline cpsel::MadeAlgorithm make_of_the_registry(const cpsel::ChosenAlgorithm& chosen,
                                                 const std::function<void(const std::string&)>& /*on_failure*/) {
  return cpsel::make_registered(chosen);
}

// Called once, at the virtual time of the answer: the fields of the reply without "ok", or why not (docs/control.md).
using CommandReply = std::function<void(Expected<nlohmann::ordered_json>)>;

}  // namespace cats::sim
