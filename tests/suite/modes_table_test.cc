#include "suite/report/modes_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suite/report/summary.h"
#include "tests/suite/entries.h"

namespace cats::suite {
namespace {

using testing::HasSubstr;

// One trial's values of one test in one mode.
TestResult of(const std::string& test, const std::string& mode, const std::map<std::string, double>& values) {
  Series series;
  for (const auto& [figure, value] : values) series.push_back({figure, {value}});
  TestResult result = entry("global-min", series);
  result.name = test;
  result.mode = mode;
  result.study = {{"mode", mode}};
  return result;
}

std::vector<TestResult> three_modes() {
  return {of("service-latency", "distributed",
             {{"delta_t_ms", 340.8},
              {"reaction_ms", 800},
              {"reaction_ms.sampling", 600},
              {"reaction_ms.waiting", 0.5},
              {"reaction_ms.distribution", 102},
              {"reaction_ms.decision", 0.5},
              {"reaction_ms.programming", 97}}),
          of("service-latency", "centralized",
             {{"delta_t_ms", 1002},
              {"reaction_ms", 1600.4},
              {"reaction_ms.sampling", 600},
              {"reaction_ms.waiting", 1},
              {"reaction_ms.distribution", 900},
              {"reaction_ms.decision", 0.4},
              {"reaction_ms.programming", 99}}),
          of("utilization", "distributed", {{"bias_ratio", 0.41234}}),
          of("utilization", "centralized", {}),
          of("metric-distribution", "distributed", {{"age_ms", 600}}),
          of("metric-distribution", "centralized", {{"age_ms", 1071}})};
}

TEST(ModesTable, HasAColumnPerModeAndEachStagesShare) {
  EXPECT_EQ(modes_table(three_modes()),
            "                    distributed  centralized\n"
            "  service-latency, global-min, T = 1000 ms\n"
            "    delta_t_ms      340.8        1002\n"
            "    reaction_ms     800          1600\n"
            "      sampling      600 (75 %)   600 (37 %)\n"
            "      waiting       0.5 (0 %)    1 (0 %)\n"
            "      distribution  102 (13 %)   900 (56 %)\n"
            "      decision      0.5 (0 %)    0.4 (0 %)\n"
            "      programming   97 (12 %)    99 (6 %)\n"
            "  utilization, global-min, T = 1000 ms\n"
            "    bias_ratio      0.4123       not measured\n");
}

TEST(ModesTable, IsEmptyWhereNothingDiffersByModeAlone) {
  EXPECT_EQ(modes_table({}), "");
  auto entries = three_modes();
  for (TestResult& result : entries)
    if (result.mode == "centralized") result.algorithm = "round-robin";
  EXPECT_EQ(modes_table(entries), "");
  entries = three_modes();
  for (TestResult& result : entries) result.mode = "hybrid";
  EXPECT_EQ(modes_table(entries), "");
}

TEST(ModesTable, EveryCombinationHasABlockOfItsOwn) {
  std::vector<TestResult> entries;
  for (const double interval : {200.0, 1000.0})
    for (const char* mode : {"distributed", "centralized", "hybrid"}) {
      entries.push_back(of("lb-variance", mode, {{"var", interval / 10000}}));
      entries.back().interval_ms = interval;
      entries.back().study["workload.work"] = "1ms";
    }
  EXPECT_EQ(modes_table(entries),
            "         distributed  centralized  hybrid\n"
            "  lb-variance, global-min, T = 200 ms, workload.work 1ms\n"
            "    var  0.02         0.02         0.02\n"
            "  lb-variance, global-min, T = 1000 ms, workload.work 1ms\n"
            "    var  0.1          0.1          0.1\n");
}

TEST(ModesTable, StandsInTheSummaryOfARunThatHasThem) {
  Report report;
  report.tests = three_modes();
  EXPECT_THAT(summary(report, {}), HasSubstr("\nModes (means; of a stage also its share of the reaction)\n"));
  report.tests.resize(1);
  EXPECT_THAT(summary(report, {}), testing::Not(HasSubstr("Modes (")));
}

}  // namespace
}  // namespace cats::suite
