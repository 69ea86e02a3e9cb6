// lb-variance and utilization from run directories: figures and verdicts of good runs, and each thing that can go wrong
// against the verdict, reason or warning that it must produce.
#include <algorithm>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "suite/report/json.h"
#include "suite/stats/hashing.h"
#include "suite/trials.h"
#include "tests/suite/fake_run.h"

namespace cats::suite {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kLb = "lb-variance";
constexpr const char* kUtilization = "utilization";

std::string algorithm_of(const std::string& variant) {
  if (variant == "round-robin" || variant == "off-floor") return "round-robin";
  for (const char* one : {"ecmp", "bad-hash", "no-seed", "no-multipath", "two-next-hops"})
    if (variant == one) return "ecmp";
  return "global-min";
}

scenarios::Scenario flows_scenario(const std::string& variant) {
  scenarios::Scenario scenario = fake_scenario(algorithm_of(variant));
  scenario.interval = scenario.metrics.window = 200ms;
  scenario.workload.persistent.reset();
  scenario.workload.work = load::RandomDuration::fixed(1ms);
  if (variant.starts_with("two-trials")) scenario.trials = {2, 2, 0};
  scenario.tests = {{kLb, {{"rounds", 12.0}}}, {kUtilization, {{"measure_s", 6.0}, {"settle_s", 2.0}}}};
  return scenario;
}

Report report_of(const FakeRun& run, const std::string& variant) {
  const Analysis analysis = analyse(run.load(), flows_scenario(variant));
  Report report;
  report.tests = analysis.tests;
  report.warnings = analysis.warnings;
  return report;
}

const TestResult& result_of(const Report& report, std::string_view test) {
  for (const TestResult& result : report.tests)
    if (result.name == test) return result;
  throw std::out_of_range(std::string(test));
}

std::string warnings_of(const Report& report, std::string_view test, std::string_view figure) {
  std::string text;
  for (const Warning& warning : report.warnings)
    if (warning.test == test && warning.figure == figure) text += warning.text + "\n";
  return text;
}

struct Outcome {
  std::string variant;
  std::string test;
  Verdict verdict;
  std::string reason;  // part of it
};
void PrintTo(const Outcome& outcome, std::ostream* out) { *out << outcome.variant; }

class EveryOutcome : public testing::TestWithParam<Outcome> {};

TEST_P(EveryOutcome, HasTheVerdictForTheRightReason) {
  const FakeRun run(GetParam().variant, "make_flows_run.py");
  const Report report = report_of(run, GetParam().variant);
  const TestResult& result = result_of(report, GetParam().test);
  EXPECT_EQ(name(result.verdict), name(GetParam().verdict)) << result.reason;
  EXPECT_THAT(result.reason, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Golden, EveryOutcome,
    testing::Values(Outcome{"global-min", kLb, Verdict::pass, ""}, Outcome{"round-robin", kLb, Verdict::pass, ""},
                    Outcome{"ecmp", kLb, Verdict::pass, ""},
                    Outcome{"lost-count", kLb, Verdict::fail, "of h1 (port 10321) was counted 0 times"},
                    Outcome{"double-count", kLb, Verdict::fail, "(port 10321) was counted 2 times"},
                    Outcome{"stray-connection", kLb, Verdict::fail,
                            "connection of 2001:2:0:299::2 port 5, which is no"},
                    Outcome{"bad-hash", kLb, Verdict::fail, "uniform hashing must be within 0.04427 of 0.1131"},
                    Outcome{"off-floor", kLb, Verdict::fail, "0.03333 in trial 0, must be == 0.01333"},
                    Outcome{"global-min", kUtilization, Verdict::pass, ""},
                    Outcome{"ecmp", kUtilization, Verdict::not_applicable, "the baseline itself"},
                    Outcome{"unequal", kUtilization, Verdict::pass, ""},
                    Outcome{"one-sided", kUtilization, Verdict::fail, "bias_ratio: "},
                    Outcome{"two-trials", kUtilization, Verdict::pass, ""},
                    Outcome{"two-trials-one-sided", kUtilization, Verdict::fail, "bias_ratio: "},
                    Outcome{"two-trials-that-differ", kUtilization, Verdict::not_applicable, "2 trials do not tell"},
                    Outcome{"idle-half", kUtilization, Verdict::error, "a half without any load"}),
    [](const auto& instance) {
      std::string name = instance.param.variant + "_" + instance.param.test;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(FlowsGolden, EveryTrapIsWarnedOf) {
  const auto warned = [](const char* variant, const char* test, const char* figure) {
    const FakeRun run(variant, "make_flows_run.py");
    return warnings_of(report_of(run, variant), test, figure);
  };
  EXPECT_THAT(warned("unequal", kLb, "var"), HasSubstr("proportion to them scores 0.476"));
  EXPECT_THAT(warned("one-update", kLb, "var"), HasSubstr("in 12 of 12 rounds all flows opened inside one metric"));
  EXPECT_THAT(warned("herding", kLb, "var"), HasSubstr("final counts hide herding"));
  EXPECT_THAT(warned("ecmp", kLb, "var"), HasSubstr("12 rounds of ECMP leave ±0.037 on its mean of 0.11"));
  EXPECT_THAT(warned("no-seed", kLb, "var"), HasSubstr("no multipath hash seed"));
  EXPECT_THAT(warned("saturated", kLb, "peak_load"), HasSubstr("of its quota"));
  EXPECT_THAT(warned("saturated", kUtilization, "bias"), HasSubstr("of its quota"));
  EXPECT_THAT(warned("unanswered", kUtilization, "offered_bias"), HasSubstr("were not answered"));
  EXPECT_EQ(warned("round-robin", kLb, "var"), "");
  EXPECT_EQ(warned("global-min", kUtilization, "bias"), "");
}

TEST(FlowsGolden, OneUpdateScoresExactlyTheWorst) {
  const FakeRun run("one-update", "make_flows_run.py");
  const Report report = report_of(run, "one-update");
  const Figure* var = result_of(report, kLb).find("var");
  ASSERT_NE(var, nullptr);
  EXPECT_EQ(var->value, 4.0 / 3);
  EXPECT_EQ(var->theory["worst"], 4.0 / 3);
}

// All flows went to one site, so it was asked for everything, whatever its quota lets it do.
TEST(FlowsGolden, WhatTheBusiestSiteWasAskedFor) {
  const FakeRun run("one-update", "make_flows_run.py");
  const RunData data = run.load();
  const Report report = report_of(run, "one-update");
  const TestResult& result = result_of(report, kLb);
  const Trial& trial = data.trials().front();
  std::int64_t work_us = 0;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = 0;
  for (const Request* request : data.requests(trial.id)) {
    work_us += request->work_us;
    first = std::min(first, request->scheduled_ns);
    last = std::max(last, request->scheduled_ns);
  }
  ASSERT_GT(work_us, 0);
  const auto value = std::ranges::find(result.trials.front().figures, "peak_offered",
                                       &std::pair<std::string, std::optional<double>>::first);
  ASSERT_NE(value, result.trials.front().figures.end());
  EXPECT_NEAR(value->second.value(),
              static_cast<double>(work_us) / 1e6 / (0.2 * static_cast<double>(last - first) / 1e9), 1e-9);
  EXPECT_EQ(result.find("peak_offered")->samples, 3 * 12);
}

// Sharing by capacity: the draft's figure calls it bad, the other two do not.
TEST(FlowsGolden, UnequalCapacitiesRankBackwardsInVarAlone) {
  const FakeRun run("unequal", "make_flows_run.py");
  const Report report = report_of(run, "unequal");
  const TestResult& result = result_of(report, kLb);
  EXPECT_GT(*result.find("var")->value, stats::hash_band(100, 3).p95);
  EXPECT_LT(*result.find("imbalance")->value, 0.05);
  EXPECT_GT(result.find("imbalance")->theory["hash_mean"], 0.45);
}

// 100 flows at 50/s, and the longest of their lives.
TEST(FlowsGolden, ARoundIsAsLongAsItsLongestFlow) {
  const auto length = [](const load::RandomDuration& life) {
    scenarios::Scenario scenario = flows_scenario("global-min");
    scenario.workload.flows.duration = life;
    const suite::Test& test = *find_test(kLb);
    return to_seconds(test.length(scenario, conditions_of(test, scenario)));
  };
  load::RandomDuration life = load::RandomDuration::fixed(1s);
  EXPECT_NEAR(length(life), 3.5, 1e-6);
  EXPECT_NEAR(length(load::RandomDuration::exponential(1s)), 7.685, 0.001);
  life.law = load::RandomDuration::Law::log_normal;
  life.deviation = 1s;
  EXPECT_NEAR(length(life), 8.343, 0.001);
  life.law = load::RandomDuration::Law::pareto;
  life.shape = 1.5;
  EXPECT_NEAR(length(life), 13.072, 0.001);
  life.law = load::RandomDuration::Law::trace;
  life.values = std::make_shared<std::vector<double>>(std::vector<double>{0.5, 4, 1});
  EXPECT_NEAR(length(life), 6.5, 1e-6);
}

// A third of the requests that ask for three times as much: shares of 3, 1 and 1.
TEST(FlowsGolden, OfferedLoadIsWhatRequestsAskedFor) {
  const auto offered = [](const char* variant, const char* figure) {
    const FakeRun run(variant, "make_flows_run.py");
    const Report report = report_of(run, variant);
    return *result_of(report, kUtilization).find(figure)->value;
  };
  EXPECT_NEAR(offered("heavy-requests", "offered_bias"), 8.0 / 15, 0.05);
  EXPECT_LT(offered("heavy-requests", "offered_bias.ecmp"), 0.2);
  EXPECT_LT(offered("global-min", "offered_bias"), 0.1);
}

TEST(FlowsGolden, VoidReasonNamesWhatWasWrong) {
  const auto reason = [](const char* variant, const char* test) {
    const FakeRun run(variant, "make_flows_run.py");
    const RunData data = run.load();
    const suite::Test& which = *find_test(test);
    for (const Trial& trial : data.trials())
      if (trial.test == test)
        return which.void_reason(data, trial, conditions_of(which, flows_scenario(variant))).value_or("");
    return std::string("no trial");
  };
  EXPECT_EQ(reason("ecmp", kLb), "");
  EXPECT_EQ(reason("global-min", kLb), "");
  EXPECT_EQ(reason("global-min", kUtilization), "");
  EXPECT_THAT(reason("no-multipath", kLb), HasSubstr("no multipath event of r1"));
  EXPECT_THAT(reason("two-next-hops", kLb), HasSubstr("has 2 next hops, must have one for each of 3 sites"));
  EXPECT_THAT(reason("two-next-hops", kUtilization), HasSubstr("has 2 next hops"));
  EXPECT_THAT(reason("not-switched", kUtilization), HasSubstr("decided by global-min in measure-ecmp, must be ecmp"));
}

// Other code, in another language, arrives at the same digits.
TEST(FlowsGolden, AnIndependentRecomputationAgrees) {
  for (const char* variant : {"global-min", "round-robin", "ecmp", "lost-count", "double-count", "stray-connection",
                              "unequal", "one-sided", "unanswered", "heavy-requests"}) {
    const FakeRun run(variant, "make_flows_run.py");
    const std::filesystem::path file = run.path() / "report.json";
    write_file(file, write_json(to_json(report_of(run, variant))));
    const auto same =
        support::run({"/usr/bin/python3", kTestFolder + "recompute.py", run.path().string(), file.string()});
    EXPECT_EQ(same.status, 0) << variant << ": " << same.output;
  }
}

}  // namespace
}  // namespace cats::suite
