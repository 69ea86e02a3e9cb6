#include <array>

#include "suite/tests/tests.h"

namespace cats::suite {

std::span<const Test* const> all_tests() {
  static const std::array<const Test*, 5> tests{&collection_test(), &metric_distribution_test(),
                                                &session_continuity_test(), &utilization_test(), &lb_variance_test()};
  return tests;
}

const Test* find_test(std::string_view name) {
  for (const Test* test : all_tests())
    if (test->name() == name) return test;
  return nullptr;
}

}  // namespace cats::suite
