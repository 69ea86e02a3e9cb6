#include "scenarios/cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/catalogue.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::string study(const std::string& interval, const std::string& algorithm, const std::string& tests,
                  const std::string& more = "") {
  return fmt::format(R"(name: study
topology: three-sites
interval: {}
metrics:
  steer_by: available_compute
  declared:
    - {{type: available_compute, level: L0, unit: percent, statistics: mean, format: int}}
algorithm: {}
tests: {}
{})",
                     interval, algorithm, tests, more);
}

Scenario parse(const std::string& text) {
  auto scenario = parse_scenario(text, "study.yaml", catalogue());
  EXPECT_TRUE(scenario) << scenario.error().message;
  return scenario ? *scenario : Scenario{};
}

std::string error(const std::string& text) {
  const auto scenario = parse_scenario(text, "study.yaml", catalogue());
  return scenario ? "no error" : scenario.error().message;
}

std::vector<std::string> labels(const Scenario& scenario) {
  std::vector<std::string> all;
  for (const Case& entry : scenario.cases) all.push_back(entry.label);
  return all;
}

TEST(Cases, WithoutListsThereIsOnePerTest) {
  const Scenario scenario = parse(study("1s", "global-min", "[collection, metric-distribution]"));
  EXPECT_THAT(labels(scenario), ElementsAre("collection", "metric-distribution"));
  EXPECT_EQ(scenario.cases[1].scenario->tests.size(), 1U);
  EXPECT_TRUE(scenario.cases[0].combination.empty());
}

TEST(Cases, ListsMakeTheProduct) {
  const Scenario scenario = parse(study("[200ms, 1s]", "[global-min, round-robin, ecmp]", "[metric-distribution]"));
  ASSERT_EQ(scenario.cases.size(), 6U);
  EXPECT_EQ(scenario.cases[4].label, "metric-distribution#5");
  EXPECT_EQ(scenario.cases[4].combination.dump(), R"({"interval":"1s","algorithm":"round-robin"})");
  EXPECT_EQ(scenario.cases[4].scenario->interval, 1s);
  EXPECT_EQ(scenario.cases[4].scenario->algorithm.name, "round-robin");
  EXPECT_EQ(scenario.cases[4].scenario->age_limit, Duration(4s));
  EXPECT_EQ(scenario.cases[0].scenario->age_limit, Duration(800ms));
  EXPECT_EQ(scenario.interval, 200ms);  // as a whole it has the first of each
}

TEST(Cases, RangesHaveEndsThatAreExact) {
  const Scenario scenario = parse(study("{from: 100ms, to: 30s, steps: 4, scale: log}", "global-min", "[collection]"));
  std::vector<std::string> values;
  for (const Case& entry : scenario.cases) values.push_back(entry.combination.at("interval").get<std::string>());
  EXPECT_THAT(values, ElementsAre("100ms", "669ms", "4480ms", "30s"));
}

TEST(Cases, ATestBringsItsOwnValues) {
  const Scenario scenario =
      parse(study("1s", "global-min",
                  "\n  - collection\n  - metric-distribution: {measure: [5s, 6s], interval: 200ms, trials: 9}"));
  EXPECT_THAT(labels(scenario), ElementsAre("collection", "metric-distribution#1", "metric-distribution#2"));
  EXPECT_EQ(scenario.cases[0].scenario->interval, 1s);
  EXPECT_EQ(scenario.cases[0].scenario->trials.min, 5);
  EXPECT_EQ(scenario.cases[2].scenario->interval, 200ms);
  EXPECT_EQ(scenario.cases[2].scenario->trials.min, 9);
  EXPECT_EQ(scenario.cases[2].scenario->tests[0].parameters.dump(), R"({"measure_s":6.0})");
  EXPECT_EQ(scenario.cases[2].combination.dump(), R"({"measure":"6s"})");
}

TEST(Cases, ATestMayBeThereTwiceWhenItsValuesDiffer) {
  const Scenario scenario =
      parse(study("1s", "global-min", "[metric-distribution, metric-distribution: {interval: 200ms}]"));
  EXPECT_THAT(labels(scenario), ElementsAre("metric-distribution#1", "metric-distribution#2"));
  EXPECT_EQ(scenario.tests.size(), 1U);
  EXPECT_THAT(error(study("1s", "global-min", "[collection, collection]")), HasSubstr("asked for twice"));
}

TEST(Cases, ListsThatAreListsStayLists) {
  const Scenario scenario = parse(study("1s", "global-min", "[collection]", "faults: [{kind: lost-update}]"));
  ASSERT_EQ(scenario.cases.size(), 1U);
  EXPECT_EQ(scenario.cases[0].scenario->faults.size(), 1U);
}

TEST(Cases, ValuesInsideAChosenValueAreStudiedToo) {
  const Scenario scenario = parse(study("1s", "global-min", "[collection]",
                                        "workload: {short: {rate: [5/s, 10/s], arrivals: [poisson, constant]}}"));
  ASSERT_EQ(scenario.cases.size(), 4U);
  EXPECT_EQ(scenario.cases[3].combination.dump(),
            R"({"workload.short.rate":"10/s","workload.short.arrivals":"constant"})");
  EXPECT_EQ(scenario.cases[3].scenario->workload.brief->rate, 10);
}

TEST(Cases, MistakesAreReportedOnceWithTheirPlace) {
  EXPECT_EQ(error(study("[200ms, 1x]", "[global-min, ecmp]", "[collection]")),
            "study.yaml:3:19: interval: \"1x\" is not a duration: write a number with ns, us, ms, s, min or h, such as "
            "200ms");
  EXPECT_THAT(error(study("{from: 1s, to: 5, steps: 2}", "ecmp", "[collection]")),
              HasSubstr("study.yaml:3:11: interval: \"1s\" and \"5\" are no two values of one unit"));
  EXPECT_THAT(error(study("[]", "ecmp", "[collection]")), HasSubstr("interval: a study of no values"));
  EXPECT_THAT(error(study("{from: 10ms, to: 1s, steps: 100}", "ecmp", "[collection]",
                          "cool_down: {from: 1s, to: 2s, steps: 100}")),
              HasSubstr("more than 1000 cases"));
}

TEST(Cases, AKeyThatIsGivenTwiceIsReportedWhateverItsValues) {
  EXPECT_THAT(error(study("1s", "ecmp", "[collection]", "interval: [1s, 2s]\n")), HasSubstr("interval: given twice"));
  EXPECT_THAT(error(study("[1s, 2s]", "ecmp", "[collection]", "interval: 1s\n")), HasSubstr("interval: given twice"));
}

TEST(Cases, TrialsMayBeAdaptive) {
  const Scenario scenario = parse(study("1s", "ecmp", "[collection]", "trials: {min: 8, max: 50, ci_width: 5%}"));
  EXPECT_EQ(scenario.trials.min, 8);
  EXPECT_EQ(scenario.trials.max, 50);
  EXPECT_DOUBLE_EQ(scenario.trials.ci_width, 0.05);
  EXPECT_THAT(error(study("1s", "ecmp", "[collection]", "trials: {min: 8, max: 5, ci_width: 5%}")),
              HasSubstr("5 is less than min: 8"));
}

TEST(Cases, AssignmentsTakeThePlaceOfValues) {
  const auto text = with_values(study("1s", "global-min", "[collection]"),
                                {"interval=[1s, 2s]", "algorithm=ecmp", "workload.work=1ms"});
  ASSERT_TRUE(text) << text.error().message;
  const Scenario scenario = parse(*text);
  EXPECT_EQ(scenario.cases.size(), 2U);
  EXPECT_EQ(scenario.algorithm.name, "ecmp");
  EXPECT_EQ(scenario.workload.work.mean, 1ms);
  EXPECT_THAT(with_values("name: x", {"interval"}).error().message, HasSubstr("no KEY=VALUE"));
  EXPECT_THAT(with_values("name: x", {"name.y=1"}).error().message, HasSubstr("name is no map"));
  EXPECT_THAT(with_values("name: x", {"a=[1"}).error().message, HasSubstr("\"a=[1\""));
}

}  // namespace
}  // namespace cats::scenarios
