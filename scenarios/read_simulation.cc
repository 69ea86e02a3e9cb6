#include "scenarios/read_simulation.h"

#include <algorithm>

#include "base/diagnostics.h"
#include "scenarios/read_sections.h"
#include "scenarios/values.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;

// A share of what is sent: all of it would leave nothing to measure.
double read_loss(const yaml::Reader& reader) {
  const double loss = reader.share(0);
  if (loss < 1) return loss;
  reader.complain(fmt::format("{} is out of range: allowed is less than 100%", reader.text()));
  return 0;
}

// Unlimited has a word, so that a study may name it beside rates.
std::optional<double> read_link_rate(const yaml::Reader& reader) {
  if (!reader.present() || reader.text() == "unlimited") return std::nullopt;
  return read_bit_rate(reader, 0);
}

// What the emulator alone has is to be left out, or to be run there.
void check_tests(const yaml::Reader& tests, const Catalogue& catalogue) {
  if (!tests.is_list()) return;
  const auto declared = [&](const yaml::Reader& element) {
    return std::ranges::find(catalogue.tests, test_of(element), &TestDeclaration::name);
  };
  std::string others;
  for (const yaml::Reader& element : tests.list())
    if (const auto test = declared(element); test != catalogue.tests.end() && test->emulator_only.empty())
      others += (others.empty() ? "" : ", ") + test->name;
  std::vector<std::string> simulated;
  for (const TestDeclaration& test : catalogue.tests)
    if (test.emulator_only.empty() && !test.of_fleets) simulated.push_back(test.name);
  const std::string remedy = others.empty() ? fmt::format("take {}", one_of(simulated))
                                            : fmt::format("leave it out (--set 'tests=[{}]' takes the others)", others);
  for (const yaml::Reader& element : tests.list())
    if (const auto test = declared(element); test != catalogue.tests.end() && !test->emulator_only.empty())
      element.complain(fmt::format("\"{}\" measures {}, which the simulator has not: {}, or \"engine: emulator\"",
                                   test->name, test->emulator_only, remedy));
}

}  // namespace

Engine read_engine(const yaml::Reader& reader, Engine fallback) {
  return read_choice(reader, {Engine::emulator, Engine::sim}, fallback);
}

Simulation read_simulation(const yaml::Reader& reader) {
  const yaml::Map map = reader.map({"link_delay", "link_rate", "bgp_batch", "collecting", "deciding", "programming",
                                    "rest_processing", "request_overhead", "cpus", "link_loss", "update_loss"});
  Simulation model;
  model.link_delay = read_duration(map.get("link_delay"), model.link_delay, 0s, 10s);
  model.link_rate = read_link_rate(map.get("link_rate"));
  model.bgp_batch = read_duration(map.get("bgp_batch"), model.bgp_batch, 0s, 1min);
  model.collecting = read_duration(map.get("collecting"), model.collecting, 0s, 10s);
  model.deciding = read_duration(map.get("deciding"), model.deciding, 0s, 10s);
  model.programming = read_duration(map.get("programming"), model.programming, 0s, 10s);
  model.rest_processing = read_duration(map.get("rest_processing"), model.rest_processing, 0s, 10s);
  model.request_overhead = read_duration(map.get("request_overhead"), model.request_overhead, 0s, 10s);
  model.cpus = static_cast<int>(map.get("cpus").integer(model.cpus, 1, 1024));
  model.link_loss = read_loss(map.get("link_loss"));
  model.update_loss = read_loss(map.get("update_loss"));
  return model;
}

void check_simulation(const yaml::Map& map, const Scenario& scenario, const Catalogue& catalogue) {
  if (scenario.engine != Engine::sim || scenario.fleet) return;  // of a fleet check_fleet() says more
  if (scenario.steered_by_frr())
    map.get("controller")
        .open_map()
        .get("southbound")
        .complain(fmt::format("\"{}\" orders FRRouting, which the simulator does not run: "
                              "write \"southbound: agent\", or \"engine: emulator\"",
                              to_string(scenario.controller.southbound)));
  if (scenario.metrics.prometheus)
    map.get("metrics")
        .open_map()
        .get("prometheus")
        .complain("the simulator has no exporter to ask: leave it away, or write \"engine: emulator\"");
  check_tests(map.get("tests"), catalogue);
}

}  // namespace cats::scenarios
