// The catalogue that the program uses, and a scenario that says no more than it must.
#pragma once

#include <string>

#include "scenarios/scenario.h"
#include "suite/tests/test.h"

namespace cats::scenarios {

inline Catalogue catalogue() {
  return {declared_algorithms(), declared_tests(suite::all_tests()), declared_faults(), CATS_SOURCE_DIR "/topologies"};
}

inline std::string minimal(const std::string& more = "", const std::string& algorithm = "global-min") {
  return R"(name: small
topology: three-sites
interval: 1s
metrics:
  steer_by: available_compute
  declared:
    - {type: available_compute, level: L0, unit: percent, statistics: mean, format: int}
tests: [collection]
algorithm: )" +
         algorithm + "\n" + more;
}

}  // namespace cats::scenarios
