#include "scenarios/deployment.h"

#include <gtest/gtest.h>

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;

TEST(QuietPhase, IsInTheMiddleOfTheLongestPause) {
  EXPECT_EQ(quiet_phase({0ms, 100ms, 200ms}, 1s), 600ms);
  EXPECT_EQ(quiet_phase({700ms, 100ms, 200ms}, 1s), 450ms);
  EXPECT_EQ(quiet_phase({900ms, 300ms, 600ms}, 1s), Duration(100ms));
  EXPECT_EQ(quiet_phase({}, 1s), Duration(0));
}

}  // namespace
}  // namespace cats::scenarios
