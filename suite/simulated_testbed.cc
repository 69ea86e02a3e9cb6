#include "suite/simulated_testbed.h"

#include <utility>

#include "sim/fleet/testbed.h"

namespace cats::suite {
namespace {

template <class Testbed>
SimulatedTestbed owned(typename Testbed::Options options) {
  auto testbed = std::make_unique<Testbed>(std::move(options));
  Testbed* const own = testbed.get();
  return {std::move(testbed), &own->clock(), [own] { own->stop(); }};
}

}  // namespace

SimulatedTestbed simulated_testbed(const scenarios::Scenario& scenario, sim::SimulatedTestbed::Options options) {
  if (scenario.fleet)
    return owned<sim::fleet::FleetTestbed>({.run_directory = std::move(options.run_directory),
                                            .stage = std::move(options.stage),
                                            .checked = std::move(options.checked),
                                            .begins = options.begins});
  return owned<sim::SimulatedTestbed>(std::move(options));
}

}  // namespace cats::suite
