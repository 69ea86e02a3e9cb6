#include "suite/tests/test.h"

#include "cpsel/registry.h"
#include "suite/tests/control_plane.h"
#include "suite/tests/workload.h"

namespace cats::suite {

Duration Conditions::duration(const std::string& parameter) const {
  const double value = number(parameter);
  return from_seconds(parameter.ends_with("_ms") ? value / 1000 : value);
}

Conditions conditions_of(const Test& test, const scenarios::Scenario& scenario) {
  Conditions conditions;
  conditions.mode = scenarios::to_string(scenario.mode);
  if (scenario.mode != scenarios::Mode::distributed) {
    conditions.cps = scenarios::to_string(scenario.cps());
    conditions.southbound = scenarios::to_string(scenario.controller.southbound);
  }
  conditions.engine = scenarios::to_string(scenario.engine);
  conditions.algorithm = scenario.algorithm.name;
  const cpsel::AlgorithmInfo* algorithm = cpsel::find_algorithm(conditions.algorithm);
  conditions.uses_metrics = algorithm == nullptr || !algorithm->ignores_metrics;
  conditions.interval = scenario.interval;
  conditions.window = scenario.metrics.window;
  conditions.quick = scenario.quick;
  conditions.parameters = nlohmann::ordered_json::object();
  const scenarios::TestRequest* request = scenario.test(std::string(test.name()));
  for (const scenarios::Parameter& parameter : test.parameters()) {
    const bool given = request != nullptr && request->parameters.contains(parameter.name);
    const double value = given            ? request->parameters[parameter.name].get<double>()
                         : scenario.quick ? parameter.quick
                                          : parameter.value;
    conditions.parameters[parameter.name] = value;
  }
  return conditions;
}

Duration stable_time(Duration interval) { return std::max<Duration>(5 * interval, std::chrono::seconds(5)); }

void quiesce(scenarios::Testbed& testbed) {
  end_load(testbed);
  for (const scenarios::Site& site : testbed.sites()) {
    testbed.command(site.node, {{"do", "background_load"}, {"cores", 0}});
    testbed.command(site.node, {{"do", "background_schedule"}, {"loads", nlohmann::json::array()}});
    testbed.command(site.node, {{"do", "known_sequence"}, {"seed", nullptr}});
  }
  for (const std::string& ingress : testbed.ingresses())
    testbed.command(ingress, {{"do", "watch_flows"}, {"interval_ms", 0}});
  if (has_controller(testbed)) testbed.command(kRestLoad, {{"do", "release"}});
}

}  // namespace cats::suite
