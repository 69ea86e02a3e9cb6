// Scenarios with a fleet, as a file would say them.
#pragma once

#include "scenarios/scenario.h"

namespace cats::sim::fleet {

using namespace std::chrono_literals;

inline scenarios::Scenario described(int sites, int ingresses) {
  scenarios::Scenario scenario;
  scenario.name = "described";
  scenario.engine = scenarios::Engine::sim;
  scenario.interval = 1s;
  scenario.metrics.window = 200ms;
  scenario.algorithm.name = "round-robin";
  scenarios::Fleet& fleet = scenario.fleet.emplace();
  fleet.sites = sites;
  fleet.ingresses = ingresses;
  return scenario;
}

}  // namespace cats::sim::fleet
