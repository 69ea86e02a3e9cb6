#include "cpsel/registry.h"

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
    const auto made = make_algorithm(info.name, {});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_NE(*made, nullptr);
  }
  EXPECT_THAT(algorithm_names(), testing::IsSupersetOf({"ecmp", "global-min", "round-robin"}));
}

TEST(Registry, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(complete("globl-min", {}).error().message, HasSubstr("did you mean \"global-min\""));
  EXPECT_THAT(complete("global-min", {{"kp", 1}}).error().message, HasSubstr("no parameter \"kp\""));
}

}  // namespace
}  // namespace cats::cpsel
