#include "cpsel/registry.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpsel/chosen_algorithm.h"
#include "cpsel/flow_algorithm.h"

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
    const auto weighs = make_algorithm(info.name, {});
    const auto for_flows = make_flow_algorithm(info.name, {}, {.places = 3, .random = RandomStream(1, "test")});
    EXPECT_EQ(weighs.has_value(), !info.needs_replies) << info.name;
    EXPECT_EQ(for_flows.has_value(), info.needs_replies) << info.name;
    EXPECT_FALSE(weighs && *weighs == nullptr) << info.name;
    EXPECT_FALSE(for_flows && *for_flows == nullptr) << info.name;
  }
  EXPECT_THAT(algorithm_names(),
              testing::ElementsAre("bounded-hash", "c3", "capacity", "ecmp", "exp3", "global-min", "global-min-local",
                                   "inverse-load", "load-interpretation", "metadata-cost", "p2c", "peak-ewma", "pid",
                                   "pid-a80", "prequal", "round-robin"));
}

TEST(Registry, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(complete("globl-min", {}).error().message, HasSubstr("did you mean \"global-min\""));
  EXPECT_THAT(complete("global-min", {{"kp", 1}}).error().message, HasSubstr("no parameter \"kp\""));
}

TEST(Registry, WhatNeedsRepliesIsNotForAnIngress) {
  for (const char* name : {"c3", "exp3", "peak-ewma", "prequal"})
    EXPECT_THAT(check_algorithm(name, {}).value(), HasSubstr("it runs in fleets of the simulator")) << name;
  EXPECT_FALSE(check_algorithm("p2c", {}));
  EXPECT_THAT(make_flow_algorithm("p2c", {}, {.random = RandomStream(1, "test")}).error().message,
              HasSubstr("does not choose for every flow"));
  EXPECT_THAT(make_flow_algorithm("c3", {{"smoothing", 2}}, {.random = RandomStream(1, "test")}).error().message,
              HasSubstr("only 0.001 to 1"));
}

}  // namespace
}  // namespace cats::cpsel
