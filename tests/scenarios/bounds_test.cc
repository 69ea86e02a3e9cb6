#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/catalogue.h"

namespace cats::scenarios {
namespace {

using testing::HasSubstr;

FigureBound bound(const std::string& text) {
  const auto parsed = parse_bound(text, catalogue().tests);
  if (!parsed) throw std::invalid_argument(parsed.error().message);
  return *parsed;
}

std::string problem(const std::string& text) {
  const auto parsed = parse_bound(text, catalogue().tests);
  return parsed ? "" : parsed.error().message;
}

TEST(Bounds, AreInTheFiguresUnit) {
  const FigureBound delay = bound("session-continuity.steering_delay_ms <= 2 s");
  EXPECT_EQ(delay.test, "session-continuity");
  EXPECT_EQ(delay.figure, "steering_delay_ms");
  EXPECT_EQ(delay.op, "<=");
  EXPECT_EQ(delay.value, 2000);
  EXPECT_EQ(bound("session-continuity.steering_delay_ms<250ms").value, 250);
  EXPECT_DOUBLE_EQ(bound("session-continuity.table_match_share >= 99.5%").value, 0.995);
  EXPECT_EQ(bound("session-continuity.loaded_share > 0.5").value, 0.5);
  EXPECT_EQ(bound("metric-distribution.lost == 0").value, 0);
  EXPECT_EQ(bound("metric-distribution.lost <= 3 updates").value, 3);
  EXPECT_EQ(bound("collection.collection_error_points <= 2.5 points").value, 2.5);
}

TEST(Bounds, OneFigurePerHopIsKnownByItsStem) {
  EXPECT_EQ(bound("metric-distribution.distribution_delay_ms.r2 < 1ms").figure, "distribution_delay_ms.r2");
  EXPECT_THAT(problem("metric-distribution.distribution_delay_ms. < 1ms"), HasSubstr("has no figure"));
}

TEST(Bounds, SayWhatIsWrongAndWhatIsAllowed) {
  EXPECT_THAT(problem("session-continuity.steering_delay_ms"), HasSubstr("has no comparison"));
  EXPECT_THAT(problem("steering_delay_ms < 1s"), HasSubstr("\"steering_delay_ms\" is not TEST.FIGURE"));
  EXPECT_THAT(problem("session-continuity.steering_delay_ms => 1s"), HasSubstr("\"=>\" is no comparison"));
  EXPECT_THAT(problem("session-continuty.steering_delay_ms < 1s"), HasSubstr("did you mean \"session-continuity\"?"));
  EXPECT_THAT(problem("session-continuity.steering_delay < 1s"), HasSubstr("has no figure \"steering_delay\""));
  EXPECT_THAT(problem("session-continuity.loaded_shar < 1s"), HasSubstr("did you mean \"loaded_share\"?"));
  EXPECT_THAT(problem("session-continuity.steering_delay_ms < 2"), HasSubstr("is not a duration"));
  EXPECT_THAT(problem("session-continuity.steering_delay_ms < 2 %"), HasSubstr("is not a duration"));
  EXPECT_THAT(problem("session-continuity.loaded_share < 1s"), HasSubstr("a share such as 20%"));
  EXPECT_THAT(problem("metric-distribution.lost <= 3 ms"), HasSubstr("write updates"));
  EXPECT_THAT(problem("metric-distribution.lost <="), HasSubstr("has no value"));
  EXPECT_THAT(problem("metric-distribution.lost <= inf"), HasSubstr("is not a number"));
}

}  // namespace
}  // namespace cats::scenarios
