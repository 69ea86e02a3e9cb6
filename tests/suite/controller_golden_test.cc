// The controller's benchmarks (RFC 8456) on run directories made by make_controller_run.py: a good one, and each thing
// that can go wrong.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "suite/report/json.h"
#include "suite/tests/control_plane.h"
#include "suite/trials.h"
#include "tests/suite/fake_run.h"

namespace cats::suite {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kMessages = "controller-messages";
constexpr const char* kProvisioning = "path-provisioning";
constexpr const char* kSessions = "session-capacity";
constexpr const char* kCapacity = "forwarding-capacity";
constexpr const char* kExceptions = "exception-handling";
constexpr const char* kFlood = "denial-of-service";

scenarios::Scenario controller_scenario() {
  scenarios::Scenario scenario = fake_scenario();
  scenario.mode = scenarios::Mode::centralized;
  scenario.interval = scenario.metrics.window = 200ms;
  scenario.age_limit = 1s;
  scenario.workload = {};
  const nlohmann::ordered_json none = nlohmann::ordered_json::object();
  scenario.tests = {{kMessages, {{"first_rate", 50.0}, {"factor", 2.0}, {"limit", 200.0}, {"late_ms", 100.0}}},
                    {kProvisioning, {{"proactive", 6.0}, {"reactive", 1.0}}},
                    {kSessions, {{"first", 100.0}, {"limit", 400.0}}},
                    {kCapacity, {{"first", 2500.0}, {"limit", 10000.0}}},
                    {kExceptions, none},
                    {kFlood, none}};
  return scenario;
}

struct ControllerRun {
  FakeRun directory;
  RunData data;
  Analysis analysis;

  explicit ControllerRun(const std::string& fault)
      : directory(fault, "make_controller_run.py"),
        data(directory.load()),
        analysis(analyse(data, controller_scenario())) {}

  const TestResult& of(std::string_view test) const {
    for (const TestResult& result : analysis.tests)
      if (result.name == test) return result;
    throw std::out_of_range(std::string(test));
  }
  const Figure& figure(std::string_view test, std::string_view figure) const {
    const Figure* found = of(test).find(figure);
    if (found == nullptr) throw std::out_of_range(std::string(figure));
    return *found;
  }
  bool warns(std::string_view figure, const std::string& text) const {
    return std::ranges::any_of(analysis.warnings, [&](const Warning& warning) {
      return warning.figure == figure && warning.text.find(text) != std::string::npos;
    });
  }
};

TEST(ControllerBenchmarks, AGoodRunPasses) {
  const ControllerRun run("none");
  for (const TestResult& result : run.analysis.tests)
    EXPECT_EQ(name(result.verdict), "pass") << result.name << ": " << result.reason;
  EXPECT_NEAR(*run.figure(kMessages, "processing_ms").value, 1, 1e-9);
  EXPECT_NEAR(*run.figure(kMessages, "delivery_ms").value, 20, 1e-9);
  EXPECT_NEAR(*run.figure(kMessages, "sustained_rate").value, 200, 1e-6);
  EXPECT_EQ(run.figure(kMessages, "first_failing_rate").verdict, Verdict::not_applicable);
  // A decision between an update and its own, of an edge server's update, is earlier than 2 ms.
  EXPECT_NEAR(*run.figure(kMessages, "response_ms.100").value, 2, 0.2);
  EXPECT_NEAR(*run.figure(kProvisioning, "proactive_ms").value, 5, 1e-9);
  EXPECT_NEAR(*run.figure(kProvisioning, "reactive_ms.controller").value, 4, 1e-9);
  EXPECT_NEAR(*run.figure(kProvisioning, "reactive_ms").value, 24, 1e-9);
  EXPECT_GT(*run.figure(kProvisioning, "reactive_rate").value, 190);
  EXPECT_NEAR(*run.figure(kSessions, "sessions_held").value, 351, 1e-9);
  EXPECT_TRUE(run.warns("sessions_held", "503: too many connections"));
  EXPECT_NEAR(*run.figure(kSessions, "processing_ratio").value, 2, 1e-6);
  EXPECT_NEAR(*run.figure(kExceptions, "processing_ratio").value, 3, 1e-6);
  EXPECT_EQ(run.figure(kCapacity, "entries_held").value, 10000);
  EXPECT_TRUE(run.warns("entries_held", "the test's limit"));
  EXPECT_EQ(run.figure(kExceptions, "refused_share").value, 1);
  EXPECT_NEAR(*run.figure(kFlood, "message_rate").value, 10, 0.1);
}

struct Failing {
  std::string fault;
  std::string test;
  std::string figure;
  std::string reason;
};
void PrintTo(const Failing& failing, std::ostream* out) { *out << failing.fault; }

class ControllerFault : public testing::TestWithParam<Failing> {};

TEST_P(ControllerFault, IsFoundForTheRightReason) {
  const ControllerRun run(GetParam().fault);
  const Figure& figure = run.figure(GetParam().test, GetParam().figure);
  EXPECT_EQ(figure.verdict, Verdict::fail) << figure.reason;
  EXPECT_THAT(figure.reason, HasSubstr(GetParam().reason));
  EXPECT_EQ(name(run.of(GetParam().test).verdict), "fail");
  for (const TestResult& other : run.analysis.tests)
    if (other.name != GetParam().test) {
      EXPECT_EQ(name(other.verdict), "pass") << other.name << ": " << other.reason;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Golden, ControllerFault,
    testing::Values(Failing{"lost-update", kMessages, "lost", "0.3333 updates over 90 updates sent"},
                    Failing{"stuck-cps", kMessages, "undecided", "over 90 updates received"},
                    Failing{"no-installs", kProvisioning, "not_provisioned", "0.3333 provisions over 21 provisions"},
                    Failing{"dropped", kSessions, "dropped_sessions", "0.6667 sessions over 1053 sessions"},
                    Failing{"unclean", kSessions, "unclean_refusals", "1 steps over 3 refusals"},
                    Failing{"lost-entries", kCapacity, "dropped_entries", "0.3333 entries over 30000 entries"},
                    Failing{"unanswered", kCapacity, "unanswered_requests", "0.3333 requests over 90 new sessions"},
                    Failing{"unsteered", kCapacity, "unsteered_sessions", "0.3333 sessions over 90 new sessions"},
                    Failing{"unlogged", kExceptions, "unlogged", "over 300 refusals"},
                    Failing{"changed", kExceptions, "changed", "must be 0"},
                    Failing{"forged", kExceptions, "changed", "0.3333 changes"},
                    Failing{"accepted", kExceptions, "accepted", "2 messages over 360 messages sent"},
                    Failing{"lost-under-flood", kFlood, "coverage", "must be 1"}),
    [](const auto& instance) {
      std::string name = instance.param.fault;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(ControllerBenchmarks, TheRateIsThatOfTheLastStepBeforeTheFirstLossOrDelay) {
  const ControllerRun late("late");
  EXPECT_NEAR(*late.figure(kMessages, "sustained_rate").value, 100, 1e-6);
  EXPECT_EQ(late.figure(kMessages, "first_failing_rate").value, 200);
  EXPECT_EQ(name(late.of(kMessages).verdict), "pass") << "what a controller sustains is measured, not judged";
  const ControllerRun overrun("overrun");
  EXPECT_NEAR(*overrun.figure(kMessages, "sustained_rate").value, 50, 1e-6);
  EXPECT_EQ(overrun.figure(kMessages, "first_failing_rate").value, 100);
}

TEST(ControllerBenchmarks, WithoutARefusalTheLimitIsTheTests) {
  const ControllerRun run("no-refusal");
  EXPECT_EQ(run.figure(kSessions, "sessions_held").value, 400);
  EXPECT_TRUE(run.warns("sessions_held", "the test's limit"));
  EXPECT_EQ(run.figure(kSessions, "unclean_refusals").verdict, Verdict::not_applicable);
}

TEST(ControllerBenchmarks, AFullTableIsTheKernelsLimit) {
  const ControllerRun run("table-full");
  EXPECT_EQ(run.figure(kCapacity, "entries_held").value, 9000);
  EXPECT_TRUE(run.warns("entries_held", "the kernel's limit: conntrack -I: Cannot allocate memory"));
  EXPECT_FALSE(run.warns("entries_held", "the test's limit"));
  EXPECT_EQ(name(run.of(kCapacity).verdict), "pass") << run.of(kCapacity).reason;
}

TEST(ControllerBenchmarks, VoidReasonsNameWhatWasNotDone) {
  const auto reason = [](const char* fault, const char* test) {
    const FakeRun run(fault, "make_controller_run.py");
    const RunData data = run.load();
    const scenarios::Scenario scenario = controller_scenario();
    const suite::Test& which = *find_test(test);
    for (const Trial& trial : data.trials())
      if (trial.test == test) return which.void_reason(data, trial, conditions_of(which, scenario)).value_or("");
    return std::string("no trial");
  };
  for (const char* test : {kMessages, kProvisioning, kSessions, kCapacity, kExceptions, kFlood})
    EXPECT_EQ(reason("none", test), "") << test;
  EXPECT_THAT(reason("no-burst", kMessages), HasSubstr("logged 2 bursts of 3"));
  EXPECT_THAT(reason("not-silent", kProvisioning), HasSubstr("still had flows"));
}

TEST(ControllerBenchmarks, MeanNothingWithoutAController) {
  for (const char* test : {kMessages, kProvisioning, kSessions, kExceptions, kFlood}) {
    scenarios::Scenario scenario = controller_scenario();
    const suite::Test& which = *find_test(test);
    EXPECT_FALSE(which.impossible(conditions_of(which, scenario))) << test;
    scenario.mode = scenarios::Mode::distributed;
    EXPECT_THAT(which.impossible(conditions_of(which, scenario)).value_or(""), HasSubstr("no controller")) << test;
    scenario.mode = scenarios::Mode::hybrid;
    scenario.controller.cps = scenarios::Cps::ingress;
    EXPECT_TRUE(which.impossible(conditions_of(which, scenario))) << test;
  }
}

TEST(ControllerBenchmarks, TheTableOfAnIngressNeedsNoController) {
  scenarios::Scenario scenario = controller_scenario();
  const suite::Test& which = *find_test(kCapacity);
  scenario.mode = scenarios::Mode::distributed;
  EXPECT_FALSE(which.impossible(conditions_of(which, scenario)));
  scenario.algorithm.name = "ecmp";
  EXPECT_TRUE(which.impossible(conditions_of(which, scenario)));
}

TEST(ControllerBenchmarks, AnIndependentRecomputationAgrees) {
  for (const char* fault : {"none", "lost-update", "late", "overrun", "no-installs", "unclean", "changed", "forged",
                            "lost-under-flood", "unsteered", "unanswered", "lost-entries"}) {
    const ControllerRun run(fault);
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
