#include "suite/faults.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "scenarios/catalogue.h"

namespace cats::suite {
namespace {

bool momentary(const scenarios::Fault& fault) {
  return fault.kind == "lost-update" || fault.kind == "altered-value" || fault.kind == "move-session" ||
         fault.kind == "lost-count";
}
bool commanded(const scenarios::Fault& fault) { return fault.kind != "no-conntrack" && fault.kind != "wrong-tunnel"; }

const scenarios::FaultDeclaration& declaration_of(const scenarios::Fault& fault) {
  static const std::vector<scenarios::FaultDeclaration> declared = scenarios::declared_faults();
  const auto found = std::ranges::find(declared, fault.kind, &scenarios::FaultDeclaration::kind);
  if (found == declared.end()) throw UsageError("no fault is called " + fault.kind);
  return *found;
}

// A fault of the C-PS strikes where an ingress decides: the loader refuses it for a mode in which none does.
std::vector<std::string> nodes_of(const scenarios::Fault& fault, const scenarios::Testbed& testbed) {
  if (!fault.node.empty()) return {fault.node};
  const scenarios::FaultDeclaration& declared = declaration_of(fault);
  std::vector<std::string> nodes;
  if (declared.role == "ingress") {
    for (const std::string& ingress : testbed.ingresses())
      if (!declared.of_the_cps || std::ranges::find(testbed.deciders(), ingress) != testbed.deciders().end())
        nodes.push_back(ingress);
    if (nodes.empty()) throw UsageError(fmt::format("fault {}: no ingress decides in this mode", fault.kind));
    return nodes;
  }
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
