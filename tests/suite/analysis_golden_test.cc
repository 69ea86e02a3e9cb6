// Run directories in, results out: the good run against a committed report, and each thing that can go wrong against
// the verdict and the reason that it must produce.
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "suite/comparisons.h"
#include "suite/report/json.h"
#include "suite/report/summary.h"
#include "suite/trials.h"
#include "tests/suite/fake_report.h"
#include "tests/suite/fake_run.h"

namespace cats::suite {
namespace {

using testing::HasSubstr;

// CATS_UPDATE_GOLDEN=1 writes the committed file anew.
void expect_golden(const std::string& file, const std::string& text) {
  const std::string path = kTestFolder + "golden/" + file;
  if (std::getenv("CATS_UPDATE_GOLDEN") != nullptr) write_file(path, text);
  EXPECT_EQ(text, read_file(path)) << "differs from " << path;
}

Report report_of(const FakeRun& run, const std::string& algorithm = "global-min") {
  return fake_report(analyse(run.load(), fake_scenario(algorithm)));
}

const TestResult& result_of(const Report& report, std::string_view test) {
  for (const TestResult& result : report.tests)
    if (result.name == test) return result;
  throw std::out_of_range(std::string(test));
}

struct Failing {
  std::string fault;
  std::string test;
  Verdict verdict;
  std::string reason;  // part of it
};
void PrintTo(const Failing& failing, std::ostream* out) { *out << failing.fault; }

class EveryFault : public testing::TestWithParam<Failing> {};

TEST_P(EveryFault, IsFoundForTheRightReason) {
  const FakeRun run(GetParam().fault);
  const Report report = report_of(run);
  const TestResult& result = result_of(report, GetParam().test);
  EXPECT_EQ(name(result.verdict), name(GetParam().verdict)) << result.reason;
  EXPECT_THAT(result.reason, HasSubstr(GetParam().reason));
  EXPECT_EQ(exit_status(report), GetParam().verdict == Verdict::error ? 3 : 1);
  for (const TestResult& other : report.tests)
    if (other.name != GetParam().test) {
      EXPECT_EQ(name(other.verdict), "pass") << other.name << ": " << other.reason;
    }
}

constexpr const char* kCollection = "collection";
constexpr const char* kDistribution = "metric-distribution";
constexpr const char* kContinuity = "session-continuity";
INSTANTIATE_TEST_SUITE_P(
    Golden, EveryFault,
    testing::Values(Failing{"collector-bias", kCollection, Verdict::fail, "collection_error_points: 9.99 points"},
                    Failing{"wrong-score", kCollection, Verdict::fail, "score_deviation: 1 of 10 in trial 0"},
                    Failing{"site-difference", kCollection, Verdict::fail, "site_difference: 0.15"},
                    Failing{"lost-update", kDistribution, Verdict::fail, "lost: 0.3333 updates over 90 updates sent"},
                    Failing{"altered-value", kDistribution, Verdict::fail, "altered: 0.3333"},
                    Failing{"altered-known", kDistribution, Verdict::fail, "altered: 0.3333"},
                    Failing{"duplicate", kDistribution, Verdict::fail, "duplicated: 0.3333"},
                    Failing{"reordered", kDistribution, Verdict::fail, "reordered: 0.3333"},
                    Failing{"late", kDistribution, Verdict::fail, "interval_error_ms: 20"},
                    Failing{"missing-hops", kDistribution, Verdict::error, "not seen at r1"},
                    Failing{"no-tap", kDistribution, Verdict::error, "no hop_seen"},
                    Failing{"instance-change", kContinuity, Verdict::fail, "instance_changes: "},
                    Failing{"broken-session", kContinuity, Verdict::fail, "broken_sessions: 0.3333"},
                    Failing{"wrong-entry", kContinuity, Verdict::fail, "table_match_share: 0.99"},
                    Failing{"lost-entry", kContinuity, Verdict::fail, "table_match_share: 0.99"},
                    Failing{"no-entries", kContinuity, Verdict::fail, "table_match_share: 0 over"},
                    Failing{"no-polls", kContinuity, Verdict::error, "flow_poll"},
                    Failing{"slow-aging", kContinuity, Verdict::fail, "aging_error_ms: 30"},
                    Failing{"not-aging", kContinuity, Verdict::fail, "aging_error_ms: "},
                    Failing{"stuck-cps", kContinuity, Verdict::fail, "steering_delay_ms: trial 0: no new session"},
                    Failing{"not-following", kContinuity, Verdict::fail, "loaded_share: "},
                    Failing{"void-trials", kContinuity, Verdict::error, "trial 1 could not be taken: the selection"}),
    [](const auto& instance) {
      std::string name = instance.param.fault;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(Golden, AGoodRun) {
  const FakeRun run;
  const Report report = report_of(run);
  expect_golden("report.json", write_json(to_json(report)));
  expect_golden("summary.txt", summary(report, {.directory = "runs/fake", .colour = false, .width = 110}));
  EXPECT_EQ(exit_status(report), 0);
  for (const TestResult& result : report.tests) EXPECT_EQ(name(result.verdict), "pass") << result.reason;
}

TEST(Golden, TheReportReadsBackTheSame) {
  const FakeRun run;
  const Report report = report_of(run);
  const std::string text = write_json(to_json(report));
  const auto again = parse_report(text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(write_json(to_json(*again)), text);
}

// Other code, in another language, arrives at the same digits.
TEST(Golden, AnIndependentRecomputationAgrees) {
  for (const char* fault : {"none", "collector-bias", "lost-update", "reordered", "instance-change", "broken-session",
                            "lost-entry", "not-aging", "not-following", "void-trials", "round-robin"}) {
    const FakeRun run(fault);
    const std::string algorithm = std::string(fault) == "round-robin" ? "round-robin" : "global-min";
    const std::filesystem::path file = run.path() / "report.json";
    write_file(file, write_json(to_json(report_of(run, algorithm))));
    const auto same =
        support::run({"/usr/bin/python3", kTestFolder + "recompute.py", run.path().string(), file.string()});
    EXPECT_EQ(same.status, 0) << fault << ": " << same.output;
  }
}

TEST(Golden, TheSchemaHoldsForGoodRunsAndBadOnes) {
  for (const char* fault : {"none", "no-polls", "void-trials"}) {
    const FakeRun run(fault);
    const std::filesystem::path file = run.path() / "report.json";
    write_file(file, write_json(to_json(report_of(run))));
    const auto valid = support::run({"/usr/bin/python3", "-m", "jsonschema", "-i", file.string(),
                                     std::string(CATS_SOURCE_DIR) + "/suite/report/report.schema.json"});
    EXPECT_EQ(valid.status, 0) << fault << ": " << valid.output;
  }
}

TEST(Golden, AnAlgorithmThatIgnoresMetricsHasNoSteering) {
  const FakeRun run("round-robin");
  const Report report = report_of(run, "round-robin");
  const TestResult& result = result_of(report, kContinuity);
  EXPECT_EQ(name(result.verdict), "pass") << result.reason;
  ASSERT_NE(result.find("steering_delay_ms"), nullptr);
  EXPECT_EQ(result.find("steering_delay_ms")->verdict, Verdict::not_applicable);
  EXPECT_EQ(result.find("loaded_share")->verdict, Verdict::pass) << result.find("loaded_share")->reason;
}

// Another algorithm beside the one that ran: the same trials, each a little slower.
TEST(Golden, ComparisonsOfAlgorithms) {
  const FakeRun run;
  Report report = report_of(run);
  const std::size_t count = report.tests.size();
  for (std::size_t i = 0; i < count; ++i) {
    TestResult other = report.tests[i];
    other.algorithm = "round-robin";
    for (TrialResult& trial : other.trials)
      for (auto& [figure, value] : trial.figures)
        if (value) *value += 0.5 + 0.25 * trial.index;
    report.tests.push_back(std::move(other));
  }
  report.comparisons = compare_entries(report.tests);
  expect_golden("comparisons.json", write_json(to_json(report).at("comparisons")));
  expect_golden("comparisons.txt", comparison_table(report.comparisons));
  const std::string text = write_json(to_json(report));
  const auto again = parse_report(text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->comparisons, report.comparisons);
  const std::filesystem::path file = run.path() / "report.json";
  write_file(file, text);
  const auto valid = support::run({"/usr/bin/python3", "-m", "jsonschema", "-i", file.string(),
                                   std::string(CATS_SOURCE_DIR) + "/suite/report/report.schema.json"});
  EXPECT_EQ(valid.status, 0) << valid.output;
}

TEST(VoidReason, NamesWhatWasWrongWithTheTrial) {
  const auto reason = [](const char* fault, const char* test) {
    const FakeRun run(fault);
    const RunData data = run.load();
    const scenarios::Scenario scenario = fake_scenario();
    const suite::Test& which = *find_test(test);
    for (const Trial& trial : data.trials())
      if (trial.test == test) return which.void_reason(data, trial, conditions_of(which, scenario)).value_or("");
    return std::string("no trial");
  };
  EXPECT_EQ(reason("none", kCollection), "");
  EXPECT_EQ(reason("none", kDistribution), "");
  EXPECT_EQ(reason("none", kContinuity), "");
  EXPECT_THAT(reason("unstable", kContinuity), HasSubstr("must be stable"));
  EXPECT_THAT(reason("load-short", kContinuity), HasSubstr("h2 sent"));
  EXPECT_THAT(reason("not-driven", kCollection), HasSubstr("es1 was to be driven to 80 %"));
}

}  // namespace
}  // namespace cats::suite
