#include "suite/faults.h"

namespace cats::suite {
namespace {

bool momentary(const scenarios::Fault& fault) {
  return fault.kind == "lost-update" || fault.kind == "altered-value" || fault.kind == "move-session" ||
         fault.kind == "lost-count";
}
bool commanded(const scenarios::Fault& fault) { return fault.kind != "no-conntrack" && fault.kind != "wrong-tunnel"; }
bool of_the_ingress(const scenarios::Fault& fault) {
  return fault.kind == "stuck-cps" || fault.kind == "move-session" || fault.kind == "bad-hash";
}

std::vector<std::string> nodes_of(const scenarios::Fault& fault, const scenarios::Testbed& testbed) {
  if (!fault.node.empty()) return {fault.node};
  if (of_the_ingress(fault)) return testbed.ingresses();
  std::vector<std::string> nodes;
  for (const auto& site : testbed.sites()) nodes.push_back(site.node);
  return nodes;
}

}  // namespace

void Faults::begin(const scenarios::Scenario& scenario) {
  for (const auto& node : faulty_) testbed_.command(node, {{"do", "fault"}, {"kind", "none"}});
  faulty_.clear();
  inject(scenario, false);
}

void Faults::strike(const scenarios::Scenario& scenario) { inject(scenario, true); }

void Faults::inject(const scenarios::Scenario& scenario, bool moment) {
  for (const auto& fault : scenario.faults) {
    if (!commanded(fault) || momentary(fault) != moment) continue;
    nlohmann::ordered_json request = {{"do", "fault"}, {"kind", fault.kind}};
    request.update(fault.parameters);
    for (const auto& node : nodes_of(fault, testbed_)) {
      testbed_.command(node, request);
      if (!moment) faulty_.insert(node);
    }
  }
}

}  // namespace cats::suite
