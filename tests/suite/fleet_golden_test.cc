// The test `fleet`: figures of a log written by hand, and of whole runs, which other code computes again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "suite/report/fleet_declarations.h"
#include "suite/report/json.h"
#include "suite/run.h"
#include "suite/tests/test.h"
#include "suite/trials.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace cats::suite {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

const std::string kFleetTests = std::string(CATS_SOURCE_DIR) + "/tests/suite/";

scenarios::Scenario described(const std::string& more = "", const std::string& fleet = "") {
  const auto scenario = scenarios::parse_scenario("name: small\nfleet:\n  sites: 2\n  capacity: \"3:1\"\n" + fleet +
                                                      "interval: 1s\nalgorithm: p2c\ntrials: 1\ncool_down: 0s\n"
                                                      "tests: [{fleet: {measure: 6s}}]\n" +
                                                      more,
                                                  "small.yaml", catalogue({}));
  if (!scenario) throw std::runtime_error(scenario.error().message);
  return *scenario;
}

// A trial that begins at 10 s and measures from 20 s to 26 s, six windows, the third of which is disturbed, and the
// fifth.
class HandWritten : public testing::Test {
 protected:
  HandWritten() {
    runner(0, "testbed",
           {{"sites", ordered_json::array()},
            {"ingresses", ordered_json::array()},
            {"steering", ordered_json::array()},
            {"receivers", ordered_json::array()}});
    const Conditions conditions = conditions_of(*find_test("fleet"), scenario_);
    runner(10, "trial_started",
           {{"trial", "fleet.0.0"},
            {"test", "fleet"},
            {"entry", "fleet"},
            {"index", 0},
            {"attempt", 0},
            {"seed", 1},
            {"parameters", conditions.parameters}});
    runner(10, "phase", {{"trial", "fleet.0.0"}, {"name", "warm-up"}});
    runner(20, "phase", {{"trial", "fleet.0.0"}, {"name", "measure"}});
    runner(26, "phase", {{"trial", "fleet.0.0"}, {"name", "done"}});
    runner(26, "trial_ended", {{"trial", "fleet.0.0"}, {"void", nullptr}});
  }

  void runner(int s, const std::string& event, const ordered_json& fields) { log("runner", s, event, fields); }
  void window(int s, int served, int latency_ms, int refused = 0, int lost = 0) {
    log("fleet", s, "fleet_window",
        {{"trial", "fleet.0.0"},
         {"flows", 20},
         {"served", served},
         {"refused", refused},
         {"lost", lost},
         {"unsteered", 0},
         {"latency_sum_ns", std::int64_t{served} * latency_ms * 1'000'000},
         {"latency_p99_ns", nullptr},
         {"peak_used", s == 23 ? 0.9 : 0.6},
         {"active", 10},
         {"active_var", 2.5},
         {"active_imbalance", 1.25}});
  }
  void windows(int fourth_latency_ms = 14) {
    window(21, 20, 12);
    window(22, 20, 10);  // ends as sites fail: no longer of those before
    window(23, 10, 40, 6, 4);
    window(24, 20, fourth_latency_ms);
    window(25, 20, 20);
    window(26, 20, 10);
  }
  static ordered_json sums() {
    return {{"trial", "fleet.0.0"},
            {"time_ns", 6'000'000'000},
            {"flows", 100},
            {"served", 80},
            {"refused", 6},
            {"lost", 4},
            {"unsteered", 10},
            {"there_before", 3},
            {"there_after", 3},
            {"capacity", {3.0, 1.0}},
            {"site_flows", {60, 30}},
            {"site_used_ns", {9'000'000'000, 1'500'000'000}},
            {"site_offered_ns", {12'600'000'000, 6'600'000'000}},
            {"latency_sum_ns", 960'000'000},
            {"latency", {{9'999'999, 40}, {19'999'999, 39}, {500'000'000, 1}}},
            {"updates_sent", 12},
            {"updates_delivered", 24},
            {"updates_replaced", 4},
            {"updates_lost", 2},
            {"decisions", 30},
            {"probes", 12}};
  }

  const TestResult& analysed(const ordered_json& told) {
    log("fleet", 26, "fleet_sums", told);
    for (const auto& [name, text] : files_) {
      std::filesystem::create_directories(directory_ / "events");
      write_file(directory_ / ("events/" + name + ".jsonl"), text);
    }
    const auto data = RunData::load(directory_.path());
    if (!data) throw std::runtime_error(data.error().message);
    analysis_ = analyse(*data, scenario_);
    return analysis_.tests.at(0);
  }
  double value(const std::string& figure) const {
    const Figure* found = analysis_.tests.at(0).find(figure);
    if (found != nullptr && found->value) return *found->value;
    ADD_FAILURE() << "no value of " << figure;
    return -1;
  }
  std::string recomputed() const {
    Report report;
    report.tests = analysis_.tests;
    report.declarations = fleet_declarations(scenario_);
    write_file(directory_ / "report.json", write_json(to_json(report)));
    return support::run({"/usr/bin/python3", "-B", kFleetTests + "recompute.py", directory_.path().string(),
                         (directory_ / "report.json").string()})
        .output;
  }

  scenarios::Scenario scenario_ = described("", "  outage: {share: 10%, at: 2s, for: 2s}\n");
  Analysis analysis_;

 private:
  void log(const std::string& node, int s, const std::string& event, const ordered_json& fields) {
    ordered_json line = {{"t_ns", std::int64_t{s} * 1'000'000'000}, {"node", node}, {"event", event}};
    line.update(fields);
    files_[node] += line.dump() + "\n";
  }

  support::TemporaryDirectory directory_;
  std::map<std::string, std::string> files_;
};

TEST_F(HandWritten, FiguresAreThoseOfTheirDefinitions) {
  windows();
  const TestResult& result = analysed(sums());
  EXPECT_EQ(name(result.verdict), "pass") << result.reason;
  EXPECT_EQ(value("miscounted_flows"), 0);
  EXPECT_DOUBLE_EQ(value("latency_ms.mean"), 12);
  EXPECT_DOUBLE_EQ(value("latency_ms.p50"), 9.999999);
  EXPECT_DOUBLE_EQ(value("latency_ms.p99"), 500);
  EXPECT_DOUBLE_EQ(value("bias"), 1.0 / 3);              // 0.5 and 0.25
  EXPECT_NEAR(value("offered_bias"), 0.4 / 1.8, 1e-12);  // 0.7 and 1.1
  EXPECT_DOUBLE_EQ(value("peak_load"), 0.5);
  EXPECT_DOUBLE_EQ(value("peak_load.window"), 0.9);
  EXPECT_DOUBLE_EQ(value("peak_offered"), 1.1);
  EXPECT_DOUBLE_EQ(value("var"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(value("imbalance"), 1.0 / 6);
  EXPECT_DOUBLE_EQ(value("var_time_averaged"), 0.25);
  EXPECT_DOUBLE_EQ(value("imbalance_time_averaged"), 0.125);
  EXPECT_DOUBLE_EQ(value("refused_share"), 0.06);
  EXPECT_DOUBLE_EQ(value("lost_share"), 0.04);
  EXPECT_DOUBLE_EQ(value("unsteered_share"), 0.1);
  EXPECT_DOUBLE_EQ(value("updates_sent"), 2);
  EXPECT_DOUBLE_EQ(value("updates_delivered"), 4);
  EXPECT_DOUBLE_EQ(value("decisions"), 5);
  EXPECT_DOUBLE_EQ(value("probes"), 2);
  EXPECT_DOUBLE_EQ(value("updates_replaced_share"), 4.0 / 30);
  EXPECT_DOUBLE_EQ(value("updates_lost_share"), 2.0 / 30);
  EXPECT_DOUBLE_EQ(value("worst_latency_ms.during"), 40);
  EXPECT_DOUBLE_EQ(value("worst_unserved_share.during"), 0.5);
  EXPECT_DOUBLE_EQ(value("worst_latency_ms.after"), 20);
  EXPECT_DOUBLE_EQ(value("worst_unserved_share.after"), 0);
  EXPECT_DOUBLE_EQ(value("recovery_ms.during"), 1000);
  EXPECT_DOUBLE_EQ(value("recovery_ms.after"), 1000);
  EXPECT_THAT(analysis_.warnings, testing::Contains(testing::Field(&Warning::text, HasSubstr("var ranks backwards"))));
  EXPECT_EQ(recomputed(), "the same digits\n");
}

TEST_F(HandWritten, WhatDoesNotRecoverHasNoTime) {
  windows(20);  // the last window while it lasts
  const TestResult& result = analysed(sums());
  EXPECT_EQ(name(result.verdict), "pass") << result.reason;
  const Figure& during = *result.find("recovery_ms.during");
  EXPECT_FALSE(during.value);
  EXPECT_THAT(during.reason, HasSubstr("was not as those before the disturbance"));
  EXPECT_DOUBLE_EQ(value("recovery_ms.after"), 1000);
  EXPECT_EQ(recomputed(), "the same digits\n");
}

TEST_F(HandWritten, AFlowThatIsNowhereFails) {
  windows();
  ordered_json told = sums();
  told["served"] = 79;
  const TestResult& result = analysed(told);
  EXPECT_EQ(name(result.verdict), "fail");
  EXPECT_THAT(result.reason, HasSubstr("miscounted_flows: 1 flows over 100 flows"));
}

TEST_F(HandWritten, WithoutWindowsNothingIsMeasured) {
  const TestResult& result = analysed(sums());
  EXPECT_EQ(name(result.verdict), "error");
  EXPECT_THAT(result.reason, HasSubstr("fleet.0.0: no window in events/fleet.jsonl"));
}

// Whole runs, as `catsbench sim` makes them.
class WholeRun : public testing::Test {
 protected:
  Report run(const std::string& text, const std::string& name = "run") {
    const auto file = directory_ / "small.yaml";
    write_file(file, text);
    const auto scenario = scenarios::load_scenario(file, catalogue({}));
    if (!scenario) throw std::runtime_error(scenario.error().message);
    RunOptions options;
    options.directory = directory_ / name;
    options.version = "0";
    return run_scenario(*scenario, options);
  }
  support::CommandResult recomputed(const std::string& name = "run") const {
    return support::run({"/usr/bin/python3", "-B", kFleetTests + "recompute.py", (directory_ / name).string(),
                         (directory_ / name / "report.json").string()});
  }
  std::string read(const std::string& file) const { return read_file(directory_ / file); }

  support::TemporaryDirectory directory_;
};

const std::string kStudy = R"(name: small
fleet:
  sites: 20
  ingresses: [1, 3]
  capacity: "2:1"
  work: {distribution: exponential, mean: 20ms}
  crowd: {at: 5s, for: 3s, factor: 2}
interval: 500ms
warm_up: 2s
cool_down: 0s
algorithm: [ecmp, capacity]
trials: 3
tests: [{fleet: {measure: 12s, watch: 500ms}}]
)";

TEST_F(WholeRun, AreMeasuredAndComputedAgain) {
  const Report report = run(kStudy);
  ASSERT_EQ(report.tests.size(), 4u);
  for (const TestResult& test : report.tests) {
    EXPECT_EQ(name(test.verdict), "pass") << test.reason;
    EXPECT_EQ(test.trials.size(), 3u);
    EXPECT_EQ(test.void_trials, 0);
    EXPECT_NEAR(*test.find("offered_bias")->value, test.algorithm == "ecmp" ? 1.0 / 3 : 0.05, 0.05);
    EXPECT_GT(*test.find("worst_latency_ms.during")->value, *test.find("latency_ms.p50")->value);
  }
  const auto of = [&](const char* algorithm, const char* figure) {
    for (const TestResult& test : report.tests)
      if (test.algorithm == algorithm) return *test.find(figure)->value;
    throw std::runtime_error(algorithm);
  };
  // ecmp knows no capacities: small sites are given as many flows as large ones, which var calls best.
  EXPECT_GT(of("ecmp", "imbalance"), 4 * of("capacity", "imbalance"));
  EXPECT_LT(of("ecmp", "var"), of("capacity", "var"));
  EXPECT_FALSE(report.comparisons.empty());
  EXPECT_EQ(report.topology.at("fleet").at("capacity_cores"), "2:1");
  const auto same = recomputed();
  EXPECT_EQ(same.status, 0) << same.output;
  const auto valid =
      support::run({"/usr/bin/python3", "-m", "jsonschema", "-i", (directory_ / "run/report.json").string(),
                    std::string(CATS_SOURCE_DIR) + "/suite/report/report.schema.json"});
  EXPECT_EQ(valid.status, 0) << valid.output;
  EXPECT_EQ(write_json(to_json(recompute(directory_ / "run"))), read("run/report.json"));
}

TEST_F(WholeRun, TheSameScenarioWritesTheSameEvents) {
  run(kStudy, "first");
  run(kStudy, "second");
  for (const char* log : {"fleet", "runner"})
    EXPECT_EQ(read(std::string("first/events/") + log + ".jsonl"),
              read(std::string("second/events/") + log + ".jsonl"));
}

TEST_F(WholeRun, ACentralizedFleetLosesItsController) {
  const Report report = run(R"(name: small
fleet: {sites: 10, ingresses: 2, outage: {of: controller, at: 4s, for: 3s}}
mode: centralized
interval: 500ms
warm_up: 2s
algorithm: inverse-load
trials: 2
tests: [{fleet: {measure: 10s}}]
)");
  EXPECT_EQ(name(report.tests.at(0).verdict), "pass") << report.tests.at(0).reason;
  EXPECT_TRUE(report.tests.at(0).find("recovery_ms.after"));
  EXPECT_EQ(report.declarations.at("control_plane").at("decision_maker").at("type"), "a simulated controller");
  EXPECT_EQ(recomputed().output, "the same digits\n");
}

TEST_F(WholeRun, MeasuresNothingShorterThanAWindow) {
  std::string text = kStudy;
  text.replace(text.find("watch: 500ms"), 12, "watch: 1min");
  EXPECT_THROW(run(text), UsageError);
}

}  // namespace
}  // namespace cats::suite
