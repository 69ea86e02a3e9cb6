#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cpsel/by_load.h"

namespace cats::cpsel {
namespace {

// Few candidates and many, loads that meet and loads that do not, of both signs: as a stable sort has it.
RC_GTEST_PROP(ByLoad, IsTheOrderOfLoadsAndThenOfIndices, ()) {
  const std::size_t size = *rc::gen::element<std::size_t>(1, 2, 40, 257, 3000);
  RandomStream random(*rc::gen::arbitrary<std::uint64_t>(), "loads");
  const double scale = *rc::gen::element(1e-300, 1.0, 1e9);
  const bool coarse = *rc::gen::arbitrary<bool>();
  std::vector<Candidate> candidates(size);
  for (Candidate& one : candidates)
    one.load =
        coarse ? scale * static_cast<double>(static_cast<int>(random.below(7)) - 3) : random.uniform(-scale, scale);
  if (size > 1) candidates[1].load = -0.0;
  std::vector<std::uint32_t> order(size);
  for (std::uint32_t i = 0; i < size; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return candidates[a].load < candidates[b].load; });
  const std::vector<Ranked> ranked = by_load(candidates);
  RC_ASSERT(ranked.size() == size);
  for (std::size_t i = 0; i < size; ++i) {
    RC_ASSERT(ranked[i].candidate == order[i]);
    RC_ASSERT(ranked[i].load == candidates[order[i]].load);
  }
}

}  // namespace
}  // namespace cats::cpsel
