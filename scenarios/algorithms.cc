#include "cpsel/registry.h"
#include "scenarios/catalogue.h"

namespace cats::scenarios {

std::vector<AlgorithmDeclaration> declared_algorithms() {
  std::vector<AlgorithmDeclaration> declared;
  for (const auto& info : cpsel::algorithms()) {
    AlgorithmDeclaration& entry = declared.emplace_back(
        AlgorithmDeclaration{info.name, info.help, {}, info.needs_replies, info.needs_flow_counts, info.equal_weights});
    // An algorithm has no quick variant.
    for (const auto& p : info.parameters)
      entry.parameters.push_back({p.name, p.unit, p.default_value, p.default_value, p.lo, p.hi, p.help});
  }
  return declared;
}

}  // namespace cats::scenarios
