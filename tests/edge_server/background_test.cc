#include "load/background.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::load {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

nlohmann::json load(const char* shape) {
  return {{"shape", shape}, {"start_ns", 2'000'000'000}, {"end_ns", 6'000'000'000},   {"cores", 0.2},
          {"from", 0.1},    {"neighbour", false},        {"period_ns", 1'000'000'000}};
}

ScheduledLoad parsed(const nlohmann::json& one) {
  const auto loads = parse_schedule({{"do", "background_schedule"}, {"start_ns", 5}, {"loads", {one}}});
  if (!loads) throw std::runtime_error(loads.error().message);
  return loads->front();
}

TEST(ScheduledLoad, StepRampAndSquareWave) {
  const ScheduledLoad step = parsed(load("step"));
  const ScheduledLoad ramp = parsed(load("ramp"));
  const ScheduledLoad square = parsed(load("square"));
  for (const ScheduledLoad& one : {step, ramp, square}) {
    EXPECT_EQ(one.at(1999ms), 0);
    EXPECT_EQ(one.at(6s), 0);
  }
  EXPECT_EQ(step.at(2s), 0.2);
  EXPECT_DOUBLE_EQ(ramp.at(2s), 0.1);
  EXPECT_DOUBLE_EQ(ramp.at(4s), 0.15);
  EXPECT_EQ(square.at(2s), 0.2);
  EXPECT_EQ(square.at(2500ms), 0);
  EXPECT_EQ(square.at(3100ms), 0.2);
}

TEST(ScheduledLoad, WithoutAnEndItGoesOn) {
  auto json = load("step");
  json["end_ns"] = nullptr;
  EXPECT_EQ(parsed(json).at(24h), 0.2);
}

TEST(ScheduledLoad, WhatIsWrongIsNamed) {
  auto wrong = load("ramp");
  wrong["end_ns"] = nullptr;
  wrong["cores"] = -1;
  const auto loads = parse_schedule({{"loads", {wrong, load("zigzag")}}});
  ASSERT_FALSE(loads);
  for (const char* part : {"cores is below 0", "end_ns is missing", "is \"zigzag\", not step, ramp or square"})
    EXPECT_THAT(loads.error().message, HasSubstr(part));
}

}  // namespace
}  // namespace cats::load
