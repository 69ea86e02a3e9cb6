// Test 5.3 on run directories made by make_latency_run.py: a good one, and each thing that can go wrong.
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "suite/report/json.h"
#include "suite/tests/reaction.h"
#include "suite/trials.h"
#include "tests/suite/fake_run.h"

namespace cats::suite {
namespace {

using testing::HasSubstr;

scenarios::Scenario latency_scenario(const std::string& algorithm = "global-min") {
  scenarios::Scenario scenario = fake_scenario(algorithm);
  scenario.tests = {{"service-latency", {{"steps", 3.0}}}};
  return scenario;
}

struct LatencyRun {
  FakeRun directory;
  RunData data;
  TestResult result;
  std::vector<Warning> warnings;

  explicit LatencyRun(const std::string& fault, const std::string& algorithm = "global-min")
      : directory(fault, "make_latency_run.py"), data(directory.load()) {
    Analysis analysis = analyse(data, latency_scenario(algorithm));
    result = analysis.tests.at(0);
    warnings = analysis.warnings;
  }
};

TEST(ServiceLatency, AGoodRunPasses) {
  const LatencyRun run("none");
  EXPECT_EQ(name(run.result.verdict), "pass") << run.result.reason;
  const Figure& reaction = *run.result.find("reaction_ms");
  EXPECT_EQ(reaction.samples, 9);
  EXPECT_GT(*reaction.max, 1000);  // a step just after a tick waits for the next one
  ASSERT_TRUE(reaction.bound);
  EXPECT_NEAR(reaction.bound->value, 2205, 5);  // W + T + 105 ms through two routers + 100 ms
  EXPECT_GT(*run.result.find("latency_ms.during")->value, 40);
  EXPECT_LT(*run.result.find("latency_ms.after")->value, 5);
  EXPECT_EQ(run.result.find("sla_share.after")->value, 1);
  ASSERT_EQ(run.warnings.size(), 1u);
  EXPECT_THAT(run.warnings[0].text, HasSubstr("9 load steps"));
}

TEST(ServiceLatency, TheStagesOfEveryStepAddUpToItsReaction) {
  const LatencyRun run("none");
  int steps = 0;
  for (const Trial& trial : run.data.trials())
    for (const Reaction& reaction : reactions(run.data, trial)) {
      ++steps;
      ASSERT_TRUE(reaction.stages);
      const auto decisions = decisions_in_force(run.data, trial, reaction.ingress);
      const InForce* after = at(decisions, reaction.step.t_ns + reaction.total_ns());
      ASSERT_NE(after, nullptr);
      EXPECT_EQ(after->from_ns, reaction.step.t_ns + reaction.total_ns());
      EXPECT_TRUE(saw_step(*after, reaction.step));
      for (const std::int64_t stage : *reaction.stages) EXPECT_GT(stage, 0);
    }
  EXPECT_EQ(steps, 9);
  double sum = 0;
  for (const auto stage : kStages) sum += *run.result.find("reaction_ms." + std::string(stage))->value;
  EXPECT_NEAR(sum, *run.result.find("reaction_ms")->value, 1e-9);
}

struct Failing {
  std::string fault;
  std::string figure;
  std::string reason;
};
void PrintTo(const Failing& failing, std::ostream* out) { *out << failing.fault; }

class LatencyFault : public testing::TestWithParam<Failing> {};

TEST_P(LatencyFault, IsFoundForTheRightReason) {
  const LatencyRun run(GetParam().fault);
  EXPECT_EQ(name(run.result.verdict), "fail") << run.result.reason;
  const Figure* figure = run.result.find(GetParam().figure);
  ASSERT_NE(figure, nullptr);
  EXPECT_EQ(figure->verdict, Verdict::fail) << figure->reason;
  EXPECT_THAT(figure->reason, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(Golden, LatencyFault,
                         testing::Values(Failing{"slow-cps", "reaction_ms",
                                                 "7 of 9 reactions took longer than 2204.1 ms"},
                                         Failing{"early-cps", "early_switches", "2 steps over 9 load steps"},
                                         Failing{"blind-cps", "blind_switches", "switches over 9 load steps"},
                                         Failing{"stuck-cps", "missed_switches", "3 steps over 9 load steps"},
                                         Failing{"slow-requests", "sla_share.after", "must be >= 0.99"},
                                         Failing{"failed-requests", "sla_share.after", "must be >= 0.99"}),
                         [](const auto& instance) {
                           std::string name = instance.param.fault;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(ServiceLatency, AnAlgorithmThatIgnoresMetricsCannotReact) {
  const LatencyRun run("round-robin", "round-robin");
  EXPECT_EQ(name(run.result.verdict), "not_applicable") << run.result.reason;
}

TEST(ServiceLatency, AnIndependentRecomputationAgrees) {
  for (const char* fault : {"none", "slow-cps", "early-cps", "blind-cps", "stuck-cps", "failed-requests"}) {
    const LatencyRun run(fault);
    Report report;
    report.tests = {run.result};
    const std::filesystem::path file = run.directory.path() / "report.json";
    write_file(file, write_json(to_json(report)));
    const auto same =
        support::run({"/usr/bin/python3", kTestFolder + "recompute.py", run.directory.path().string(), file.string()});
    EXPECT_EQ(same.status, 0) << fault << ": " << same.output;
  }
}

}  // namespace
}  // namespace cats::suite
