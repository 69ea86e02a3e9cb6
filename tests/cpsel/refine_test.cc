#include "cpsel/refine.h"

#include <gtest/gtest.h>

#include "tests/cpsel/known_here.h"

namespace cats::cpsel {
namespace {

TEST(Refine, MultipliesWhatBothSay) {
  const auto weights = refine({0.5, 0.5, 0}, known_here({0.5, 0, 0}));
  EXPECT_NEAR(weights[0], 1.0 / 3, 1e-12);
  EXPECT_NEAR(weights[1], 2.0 / 3, 1e-12);
  EXPECT_EQ(weights[2], 0);
}

TEST(Refine, LeavesOutWhatMayNotBeUsedHere) {
  Decision local = known_here({0, 0});
  local.inputs[0].eligible = false;
  EXPECT_EQ(refine({0.9, 0.1}, local), (std::vector<double>{0, 1}));
}

TEST(Refine, WhatIgnoresMetricsIsNotRefinedByOne) {
  Decision local = known_here({0.5, 0, 0.2});
  EXPECT_EQ(refine({0.5, 0.25, 0.25}, local, false), (std::vector<double>{0.5, 0.25, 0.25}));
  local.inputs[0].eligible = false;
  EXPECT_EQ(refine({0.5, 0.25, 0.25}, local, false), (std::vector<double>{0, 0.5, 0.5}));
}

TEST(Refine, FallsBackOnTheLocalChoiceWhenNoCandidateIsLeft) {
  Decision local = known_here({1, 1});
  local.weights = {0.25, 0.75};
  EXPECT_EQ(refine({1, 0}, local), local.weights);
  EXPECT_EQ(refine({0, 0}, known_here({0, 0})), (std::vector<double>{0.5, 0.5}));
}

}  // namespace
}  // namespace cats::cpsel
