// The three modes on run directories made by make_modes_run.py, whose figures are known beforehand: who decides on the
// strength of what, the two ways of hybrid mode apart, and what goes wrong on one of them alone.
#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "scenarios/bounds.h"
#include "suite/report/json.h"
#include "suite/report/modes_table.h"
#include "suite/tests/reaction.h"
#include "suite/tests/test.h"
#include "suite/trials.h"
#include "tests/suite/fake_run.h"

namespace cats::suite {
namespace {

using scenarios::Mode;
using testing::HasSubstr;

constexpr std::array kModes{Mode::distributed, Mode::centralized, Mode::hybrid};
constexpr const char* kMetrics = "metric-distribution";
constexpr const char* kLatency = "service-latency";

scenarios::Scenario modes_scenario() {
  scenarios::Scenario scenario = fake_scenario();
  scenario.trials = {2, 2, 0};
  scenario.tests = {{kMetrics, {{"measure_s", 10.0}}}, {kLatency, {{"steps", 1.0}}}};
  const scenarios::Scenario plain = scenario;
  for (const scenarios::TestRequest& test : plain.tests) {
    int number = 0;
    for (const Mode mode : kModes) {
      auto own = std::make_shared<scenarios::Scenario>(plain);
      own->mode = mode;
      own->tests = {test};
      scenario.cases.push_back(
          {test.name, fmt::format("{}#{}", test.name, ++number), {{"mode", scenarios::to_string(mode)}}, own});
    }
  }
  return scenario;
}

struct ModesRun {
  FakeRun directory;
  RunData data;
  Analysis analysis;

  explicit ModesRun(const std::string& fault = "none")
      : directory(fault, "make_modes_run.py"), data(directory.load()), analysis(analyse(data, modes_scenario())) {}

  const TestResult& entry(std::string_view test, std::string_view mode) const {
    for (const TestResult& result : analysis.tests)
      if (result.name == test && result.mode == mode) return result;
    throw std::out_of_range(fmt::format("{} {}", test, mode));
  }
};

double value(const TestResult& result, const std::string& name) {
  const Figure* figure = result.find(name);
  if (figure == nullptr || !figure->value) {
    ADD_FAILURE() << result.mode << " has no value of " << name;
    return std::numeric_limits<double>::quiet_NaN();
  }
  return *figure->value;
}

Verdict verdict(const TestResult& result, const std::string& name) {
  const Figure* figure = result.find(name);
  return figure != nullptr ? figure->verdict.value_or(Verdict::not_applicable) : Verdict::not_applicable;
}

TEST(Modes, AGoodRunPassesInEach) {
  const ModesRun run;
  ASSERT_EQ(run.analysis.tests.size(), 6U);
  for (const TestResult& result : run.analysis.tests)
    EXPECT_EQ(name(result.verdict), "pass") << result.name << ", " << result.mode << ": " << result.reason;
}

TEST(Modes, FiguresAreThoseOfTheWayThatTheCpsReads) {
  const ModesRun run;
  const TestResult& distributed = run.entry(kMetrics, "distributed");
  EXPECT_NEAR(value(distributed, "distribution_delay_ms"), 102, 1e-9);
  EXPECT_NEAR(value(distributed, "distribution_delay_ms.r1"), 51, 1e-9);
  EXPECT_NEAR(value(distributed, "distribution_delay_ms.r3"), 0.5, 1e-9);
  EXPECT_NEAR(value(distributed, "age_ms"), 602.5, 1e-9);
  EXPECT_EQ(distributed.find("interval_error_ms")->bound->value, 60);
  EXPECT_EQ(distributed.find("distribution_delay_ms.bgp"), nullptr);

  // An update waits for the manager's tick: 897, 567 or 237 ms after it came in.
  const TestResult& centralized = run.entry(kMetrics, "centralized");
  EXPECT_NEAR(value(centralized, "distribution_delay_ms"), 570, 1e-9);
  EXPECT_NEAR(value(centralized, "distribution_delay_ms.esm"), 2, 1e-9);
  EXPECT_NEAR(value(centralized, "age_ms"), 1071, 1e-9);
  EXPECT_NEAR(value(centralized, "age_ms.max"), 1901, 1e-9);
  EXPECT_EQ(centralized.find("interval_error_ms")->bound->value, 50);  // 5 % of T; no router holds anything
  EXPECT_EQ(centralized.find("distribution_delay_ms.r1"), nullptr);
  EXPECT_EQ(centralized.find("distribution_delay_ms.rest"), nullptr);
}

TEST(Modes, TheTwoWaysOfHybridAreCountedApart) {
  const ModesRun run;
  const TestResult& hybrid = run.entry(kMetrics, "hybrid");
  EXPECT_NEAR(value(hybrid, "distribution_delay_ms"), 570, 1e-9);
  EXPECT_NEAR(value(hybrid, "distribution_delay_ms.rest"), 570, 1e-9);
  EXPECT_NEAR(value(hybrid, "distribution_delay_ms.bgp"), 102, 1e-9);
  EXPECT_NEAR(value(hybrid, "distribution_delay_ms.esm"), 2, 1e-9);
  EXPECT_NEAR(value(hybrid, "distribution_delay_ms.r1"), 51, 1e-9);
  EXPECT_NEAR(value(hybrid, "age_ms.rest"), 1071, 1e-9);
  EXPECT_NEAR(value(hybrid, "age_ms.bgp"), 602.5, 1e-9);
  EXPECT_NEAR(value(hybrid, "age_ms.bgp.max"), 1102.5, 1e-9);
  EXPECT_EQ(hybrid.find("interval_error_ms.rest")->bound->value, 50);
  EXPECT_EQ(hybrid.find("interval_error_ms.bgp")->bound->value, 60);
  for (const char* way : {"bgp", "rest"}) {
    const Figure& lost = *hybrid.find(std::string("lost.") + way);
    EXPECT_EQ(lost.theory.at("n"), 60);  // 2 trials, 3 sites, 10 s
    EXPECT_EQ(lost.labels.at("way"), way);
  }
  EXPECT_EQ(hybrid.find("lost")->labels.at("way"), "rest");
}

struct Known {
  const char* decider;
  std::int64_t programming_us;
  std::array<double, kStages.size()> stages_ms;
  double bound_ms;
};

const std::map<std::string, Known> kExpected{
    {"distributed", {"r1", 800, {600, 0.5, 102, 0.3, 0.8}, 2202}},
    {"centralized", {"sdn", 2000, {600, 1, 900, 0.4, 2}, 3000}},
    {"hybrid", {"r1", 800, {600, 1, 900, 1.8, 0.8}, 3000}},
};

// Ids of r1 and sdn begin at 1 in every trial here, so that those of another mode would be taken for these.
TEST(Modes, WhatTheIngressInstalledIsMatchedWithTheDecisionOfItsDecider) {
  const ModesRun run;
  for (const Trial& trial : run.data.trials()) {
    const std::string mode = trial.conditions.at("mode");
    const RunData own = run.data.in(trial);
    const auto decisions = decisions_in_force(own, trial, "r1");
    ASSERT_GT(decisions.size(), 10U) << mode;
    for (const InForce& decision : decisions) {
      EXPECT_EQ(decision.decision->node, kExpected.at(mode).decider);
      EXPECT_EQ(decision.from_ns - decision.decision->t_ns, 1000 * kExpected.at(mode).programming_us) << mode;
      EXPECT_GE(decision.from_ns, own.steered_since(trial));
      EXPECT_EQ(decision.heard.empty(), mode != "hybrid");
    }
  }
}

// With the drivers frr-* the controller reads the router back and logs what the ingress would.
TEST(Modes, AControllerThatSteersByFrrLogsForTheIngress) {
  const ModesRun agent, frr("by-frr");
  for (const Event* installed : frr.data.events("route_installed", 0, std::numeric_limits<std::int64_t>::max()))
    EXPECT_EQ(installed->fields.value("router", ""), installed->node == "sdn" ? "r1" : "");
  for (const Trial& trial : frr.data.trials()) {
    const auto seen = decisions_in_force(frr.data.in(trial), trial, "r1");
    const auto same = decisions_in_force(agent.data.in(trial), trial, "r1");
    ASSERT_EQ(seen.size(), same.size()) << trial.id;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      EXPECT_EQ(seen[i].from_ns, same[i].from_ns);
      EXPECT_EQ(seen[i].weights, same[i].weights);
      EXPECT_EQ(seen[i].ingress, "r1");
    }
  }
  EXPECT_EQ(value(frr.entry(kLatency, "centralized"), "reaction_ms"),
            value(agent.entry(kLatency, "centralized"), "reaction_ms"));
}

TEST(Modes, StagesAddUpToTheReactionAndAreKnown) {
  const ModesRun run;
  for (const auto& [mode, expected] : kExpected) {
    const TestResult& result = run.entry(kLatency, mode);
    double sum = 0;
    for (std::size_t i = 0; i < kStages.size(); ++i) {
      const double stage = value(result, "reaction_ms." + std::string(kStages[i]));
      EXPECT_NEAR(stage, expected.stages_ms[i], 1e-9) << mode << " " << kStages[i];
      sum += stage;
    }
    EXPECT_NEAR(value(result, "reaction_ms"), sum, 1e-9) << mode;
    EXPECT_NEAR(result.find("reaction_ms")->bound->value, expected.bound_ms, 1e-9) << mode;
  }
  EXPECT_NEAR(value(run.entry(kLatency, "centralized"), "delta_t_ms"), 1002, 1e-9);
}

struct Fault {
  std::string fault;
  std::string mode;
  std::vector<std::string> fail;
  std::vector<std::string> pass;
};
void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.fault << " " << fault.mode; }

class OneWay : public testing::TestWithParam<Fault> {};

TEST_P(OneWay, FailsAloneAndFailsTheTest) {
  const ModesRun run(GetParam().fault);
  const TestResult& result = run.entry(kMetrics, GetParam().mode);
  EXPECT_EQ(name(result.verdict), "fail") << result.reason;
  for (const std::string& figure : GetParam().fail) EXPECT_EQ(verdict(result, figure), Verdict::fail) << figure;
  for (const std::string& figure : GetParam().pass) EXPECT_EQ(verdict(result, figure), Verdict::pass) << figure;
  EXPECT_EQ(name(run.entry(kMetrics, "distributed").verdict), "pass");
}

INSTANTIATE_TEST_SUITE_P(
    Golden, OneWay,
    testing::Values(Fault{"lost-bgp", "hybrid", {"lost.bgp", "coverage.bgp"}, {"lost", "lost.rest", "coverage"}},
                    Fault{"lost-rest", "hybrid", {"lost", "lost.rest", "coverage"}, {"lost.bgp", "coverage.bgp"}},
                    Fault{"late", "hybrid", {"interval_error_ms", "interval_error_ms.rest"}, {"interval_error_ms.bgp"}},
                    Fault{"late", "centralized", {"interval_error_ms"}, {"lost"}}),
    [](const auto& instance) {
      std::string name = instance.param.fault + "_" + instance.param.mode;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(Modes, WithoutTheManagersLogItsHopIsAnError) {
  const ModesRun run("no-manager");
  const TestResult& result = run.entry(kMetrics, "centralized");
  EXPECT_EQ(name(result.verdict), "error");
  EXPECT_THAT(result.reason, HasSubstr("60 updates that arrived were not seen at manager"));
}

std::string warnings_of(const ModesRun& run, std::string_view test) {
  std::string text;
  for (const Warning& warning : run.analysis.warnings)
    if (warning.test == test && warning.figure.empty()) text += warning.text + "\n";
  return text;
}

// The ingress goes on with what comes by BGP; the causal chain is that way's, and the report says since when.
TEST(Modes, AnIngressThatLosesTheControllerGoesOnAlone) {
  const ModesRun run("controller-lost");
  const TestResult& result = run.entry(kLatency, "hybrid");
  EXPECT_EQ(name(result.verdict), "pass") << result.reason;
  EXPECT_NEAR(value(result, "reaction_ms"), 703.6, 1e-9);
  EXPECT_NEAR(value(result, "reaction_ms.distribution"), 102, 1e-9);
  const std::string said = warnings_of(run, kLatency);
  EXPECT_THAT(said, HasSubstr("trial service-latency#3.1.0 (hybrid): r1 lost the controller 6.000 s after the trial "
                              "began, for 10.000 s (no order for 2 s); it decided by what came by BGP alone"));
  EXPECT_THAT(said, testing::Not(HasSubstr("service-latency#2")));
  EXPECT_EQ(warnings_of(run, kMetrics), "");
}

TEST(Modes, AControllerThatLosesTheManagerIsWarnedOf) {
  const ModesRun run("manager-back");
  EXPECT_EQ(warnings_of(run, kMetrics),
            "trial metric-distribution#2.0.0 (centralized): sdn lost the edge server manager 7.910 s after the trial "
            "began, for 0.500 s (connection reset); metrics did not reach it\n");
}

TEST(Modes, AreComparedInPairsAndShownSideBySide) {
  const ModesRun run;
  std::vector<std::string> pairs;
  for (const Comparison& comparison : run.analysis.comparisons) {
    if (comparison.figure != "reaction_ms") continue;
    pairs.push_back(fmt::format("{}/{} {} {:.1f}", comparison.a, comparison.b, comparison.pairs, *comparison.effect));
    EXPECT_EQ(comparison.conditions.at("algorithm"), "global-min");
  }
  EXPECT_EQ(pairs, (std::vector<std::string>{"distributed/centralized 2 799.8", "distributed/hybrid 2 800.0",
                                             "centralized/hybrid 2 0.2"}));
  const std::string table = modes_table(run.analysis.tests);
  EXPECT_THAT(table, HasSubstr("service-latency, global-min, T = 1000 ms\n"));
  EXPECT_THAT(table, HasSubstr("102 (14 %)   900 (60 %)   900 (60 %)"));
}

TEST(Modes, EveryFigureIsDeclaredWithItsUnit) {
  const ModesRun run;
  for (const TestResult& result : run.analysis.tests)
    for (const auto& [figure, ignored] : result.figures) {
      const std::string unit = result.find(figure)->unit;
      const auto bound =
          scenarios::parse_bound(fmt::format("{}.{} <= 1{}", result.name, figure, unit == "1" ? "" : unit),
                                 scenarios::declared_tests(all_tests()));
      EXPECT_TRUE(bound) << bound.error().message;
    }
}

// Other code, in another language, arrives at the same digits.
TEST(Modes, AnIndependentRecomputationAgrees) {
  for (const char* fault : {"none", "lost-bgp", "lost-rest", "late", "controller-lost"}) {
    const ModesRun run(fault);
    Report report;
    report.tests = run.analysis.tests;
    const std::filesystem::path file = run.directory.path() / "report.json";
    write_file(file, write_json(to_json(report)));
    const auto same =
        support::run({"/usr/bin/python3", kTestFolder + "recompute.py", run.directory.path().string(), file.string()});
    EXPECT_EQ(same.status, 0) << fault << ": " << same.output;
  }
}

}  // namespace
}  // namespace cats::suite
