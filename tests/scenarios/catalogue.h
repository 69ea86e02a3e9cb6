// The catalogue that the program uses.
#pragma once

#include "scenarios/scenario.h"
#include "suite/tests/test.h"

namespace cats::scenarios {

inline Catalogue catalogue() {
  return {declared_algorithms(), declared_tests(suite::all_tests()), declared_faults(), CATS_SOURCE_DIR "/topologies"};
}

}  // namespace cats::scenarios
