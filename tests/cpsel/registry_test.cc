#include "cpsel/registry.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::cpsel {
namespace {

using testing::HasSubstr;

TEST(Registry, EveryAlgorithmDeclaresItself) {
  std::set<std::string> names;
  for (const AlgorithmInfo& info : algorithms()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.help.empty()) << info.name;
    for (const Parameter& p : info.parameters) {
      EXPECT_LE(p.lo, p.default_value) << info.name << " " << p.name;
      EXPECT_LE(p.default_value, p.hi) << info.name << " " << p.name;
      EXPECT_FALSE(p.help.empty() || p.unit.empty()) << info.name << " " << p.name;
    }
    const bool refreshes = std::ranges::any_of(info.parameters, [](const Parameter& p) { return p.name == kRefresh; });
    EXPECT_EQ(refreshes, info.needs_flow_counts) << info.name;
    const auto made = make_algorithm(info.name, {});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_NE(*made, nullptr);
  }
  EXPECT_THAT(algorithm_names(),
              testing::ElementsAre("bounded-hash", "capacity", "ecmp", "global-min", "global-min-local", "inverse-load",
                                   "load-interpretation", "metadata-cost", "p2c", "pid", "pid-a80", "round-robin"));
}

TEST(Registry, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(complete("globl-min", {}).error().message, HasSubstr("did you mean \"global-min\""));
  EXPECT_THAT(complete("global-min", {{"kp", 1}}).error().message, HasSubstr("no parameter \"kp\""));
}

}  // namespace
}  // namespace cats::cpsel
