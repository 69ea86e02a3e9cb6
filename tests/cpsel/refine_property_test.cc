#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cpsel/refine.h"
#include "tests/cpsel/known_here.h"

namespace cats::cpsel {
namespace {

RC_GTEST_PROP(RefineProperty, SumsToOneAndNeverRewardsLoad, ()) {
  const auto size = *rc::gen::inRange<std::size_t>(2, 9);
  const auto shares = *rc::gen::container<std::vector<int>>(size, rc::gen::inRange(1, 100));
  const auto loads = *rc::gen::container<std::vector<int>>(size, rc::gen::inRange(0, 99));
  std::vector<double> candidate(size);
  std::vector<double> load(size);
  for (std::size_t i = 0; i < size; ++i) {
    candidate[i] = shares[i] / 100.0;
    load[i] = loads[i] / 100.0;
  }
  const auto before = refine(candidate, known_here(load));
  double sum = 0;
  for (const double weight : before) sum += weight;
  RC_ASSERT(std::abs(sum - 1) < 1e-9);
  load[0] = (load[0] + 1) / 2;
  RC_ASSERT(refine(candidate, known_here(load))[0] <= before[0] + 1e-12);
}

}  // namespace
}  // namespace cats::cpsel
