#include <algorithm>

#include "cpsel/registry.h"
#include "scenarios/catalogue.h"
#include "scenarios/read_sections.h"

namespace cats::scenarios {

std::vector<AlgorithmDeclaration> declared_algorithms() {
  std::vector<AlgorithmDeclaration> declared;
  for (const auto& info : cpsel::algorithms()) {
    AlgorithmDeclaration& entry = declared.emplace_back(AlgorithmDeclaration{
        info.name, info.help, {}, info.needs_replies, info.needs_flow_counts, info.equal_weights, info.needs_values});
    // An algorithm has no quick variant.
    for (const auto& p : info.parameters)
      entry.parameters.push_back({p.name, p.unit, p.default_value, p.default_value, p.lo, p.hi, p.help});
  }
  return declared;
}

void check_algorithm(const yaml::Reader& reader, const Scenario& scenario, const Catalogue& catalogue) {
  const auto known = std::ranges::find(catalogue.algorithms, scenario.algorithm.name, &AlgorithmDeclaration::name);
  if (known == catalogue.algorithms.end() || !known->needs_replies || scenario.fleet) return;
  (reader.is_map() ? reader.open_map().get("name") : reader)
      .complain(fmt::format(
          "\"{}\" needs replies or requests in flight, which an ingress at layer 3 does not see, and which the "
          "simulator's is not told yet: take another one of `catsbench algorithms`, or a \"fleet\"",
          scenario.algorithm.name));
}

}  // namespace cats::scenarios
