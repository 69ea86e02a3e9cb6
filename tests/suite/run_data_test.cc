#include "suite/report/run_data.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/temporary_directory.h"

namespace cats::suite {
namespace {

using testing::HasSubstr;

class RunDirectory : public testing::Test {
 protected:
  RunDirectory() {
    std::filesystem::create_directories(directory_ / "events");
    std::filesystem::create_directories(directory_ / "samples");
  }
  void put(const std::string& file, const std::string& text) { write_file(directory_ / file, text); }
  std::string error() const {
    const auto data = RunData::load(directory_.path());
    return data ? "" : data.error().message;
  }

  support::TemporaryDirectory directory_;
};

constexpr const char* kStarted =
    R"({"t_ns":10,"node":"runner","event":"trial_started","trial":"a.0.0","test":"a","entry":"a","index":0,"attempt":0,"seed":5})";

TEST_F(RunDirectory, WithoutLogsIsAnError) { EXPECT_THAT(error(), HasSubstr("no event logs")); }

TEST_F(RunDirectory, ABadLineIsNamed) {
  put("events/r1.jsonl", "{\"t_ns\":1,\"node\":\"r1\",\"event\":\"x\"}\nnot json\n");
  EXPECT_THAT(error(), HasSubstr("r1.jsonl:2"));
}

TEST_F(RunDirectory, AMissingFieldIsNamed) {
  put("events/es1.jsonl",
      "{\"t_ns\":1,\"node\":\"es1\",\"event\":\"metric_sent\",\"source\":\"2001:2::1\",\"via\":\"bgp\",\"seq\":\"x\"}"
      "\n");
  EXPECT_THAT(error(), HasSubstr("missing or bad seq"));
}

TEST_F(RunDirectory, AMissingColumnIsNamed) {
  put("events/r1.jsonl", "");
  put("samples/h1.load.csv", "trial,start_ns,end_ns,offered,sent\n");
  EXPECT_THAT(error(), HasSubstr("no column answered"));
}

TEST_F(RunDirectory, ABadCellIsNamed) {
  put("events/r1.jsonl", "");
  put("samples/h1.load.csv", "trial,start_ns,end_ns,offered,sent,answered\na,1,2,3,x,5\n");
  EXPECT_THAT(error(), HasSubstr("h1.load.csv:2: sent is \"x\""));
  put("samples/h1.load.csv", "trial,start_ns,end_ns,offered,sent,answered\na,1,2\n");
  EXPECT_THAT(error(), HasSubstr("h1.load.csv:2: 3 fields"));
}

TEST_F(RunDirectory, TornLastLinesAreDropped) {
  put("events/runner.jsonl", std::string(kStarted) + "\n{\"t_ns\":11,\"no");
  put("samples/h1.load.csv", "trial,start_ns,end_ns,offered,sent,answered\na,1,2,3,4,5\na,1,2");
  const auto data = RunData::load(directory_.path());
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->trials().size(), 1U);
  EXPECT_EQ(data->loads("a").size(), 1U);
}

TEST_F(RunDirectory, TrialsHavePhasesAndVerdicts) {
  put("events/runner.jsonl",
      std::string(kStarted) +
          "\n"
          R"({"t_ns":20,"node":"runner","event":"phase","trial":"a.0.0","name":"one"})"
          "\n"
          R"({"t_ns":30,"node":"runner","event":"phase","trial":"a.0.0","name":"two"})"
          "\n"
          R"({"t_ns":40,"node":"runner","event":"trial_ended","trial":"a.0.0","void":null})"
          "\n"
          R"({"t_ns":50,"node":"runner","event":"trial_started","trial":"a.0.1","test":"a","entry":"a","index":0,"attempt":1,"seed":5})"
          "\n");
  const auto data = RunData::load(directory_.path());
  ASSERT_TRUE(data) << data.error().message;
  const Trial& first = data->trials().at(0);
  EXPECT_FALSE(first.voided);
  ASSERT_NE(first.phase("two"), nullptr);
  EXPECT_EQ(first.phase("one")->to_ns, 30);
  EXPECT_EQ(first.phase("two")->to_ns, 40);
  EXPECT_EQ(first.phase("three"), nullptr);
  EXPECT_EQ(data->trials().at(1).voided, "it did not end");
}

std::string testbed(int t, const char* quota, const char* ingress, const char* decider) {
  return fmt::format(
      R"({{"t_ns":{},"node":"runner","event":"testbed","sites":[{{"node":"es1","csci":"2001:2::1","cs_id":"2001:2::a","egress":"r2","quota_cores":{}}}],"ingresses":["{}"],"steering":[{{"ingress":"{}","decider":"{}","listener":"sdn"}}],"receivers":[{{"node":"sdn","via":"rest"}}]}})"
      "\n",
      t, quota, ingress, ingress, decider);
}

std::string started(int t, const char* name) {
  return fmt::format(
      R"({{"t_ns":{},"node":"runner","event":"trial_started","trial":"{}.0.0","test":"a","entry":"{}","index":0,"attempt":0,"seed":5}})"
      "\n",
      t, name, name);
}

std::string ended(int t, const char* name) {
  return fmt::format(R"({{"t_ns":{},"node":"runner","event":"trial_ended","trial":"{}.0.0","void":null}})"
                     "\n",
                     t, name);
}

TEST_F(RunDirectory, SitesAreThoseOfTheTrial) {
  put("events/runner.jsonl",
      testbed(5, "0.2", "r1", "sdn") + started(10, "a") + testbed(20, "0.4", "r2", "r2") + started(30, "b"));
  const auto data = RunData::load(directory_.path());
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->sites().at(0).quota_cores, 0.4);
  const RunData first = data->in(data->trials().at(0));
  EXPECT_EQ(first.sites().at(0).quota_cores, 0.2);
  EXPECT_EQ(first.ingresses(), std::vector<std::string>{"r1"});
  EXPECT_EQ(first.decider_of("r1"), "sdn");
  EXPECT_EQ(first.listener_of("r1"), "sdn");
  EXPECT_EQ(first.way_to("sdn"), "rest");
  EXPECT_THROW(first.decider_of("r2"), MeasurementError);
  const RunData second = first.in(data->trials().at(1));
  EXPECT_EQ(second.ingresses(), std::vector<std::string>{"r2"});
  EXPECT_EQ(second.decider_of("r2"), "r2");
}

// What another C-PS had decided before does not count; what the same one had, does.
TEST_F(RunDirectory, SteeredSinceTheTrialBeforeTheLastChangeOfSteering) {
  put("events/runner.jsonl",
      testbed(5, "0.2", "r1", "r1") + started(10, "a") + ended(20, "a") + testbed(25, "0.4", "r1", "r1") +
          started(30, "b") + ended(40, "b") + testbed(45, "0.4", "r1", "sdn") + started(50, "c") + ended(60, "c") +
          started(70, "d") + ended(80, "d") + testbed(85, "0.4", "r1", "r1") + started(90, "e") + ended(99, "e"));
  const auto data = RunData::load(directory_.path());
  ASSERT_TRUE(data) << data.error().message;
  std::vector<std::int64_t> since;
  for (const Trial& trial : data->trials()) since.push_back(data->steered_since(trial));
  EXPECT_EQ(since, (std::vector<std::int64_t>{0, 0, 40, 40, 80}));
}

std::string update(int t, const char* node, int seq) {
  return fmt::format(R"({{"t_ns":{},"node":"{}","event":"x","seq":{}}})"
                     "\n",
                     t, node, seq);
}

// Numbers of updates and decisions begin anew in the other world: a trial sees its own alone.
TEST_F(RunDirectory, OfARunOnBothEnginesATrialSeesItsOwn) {
  put("events/runner.jsonl",
      testbed(5, "0.2", "r1", "sdn") + started(10, "a") + ended(20, "a") +
          R"({"t_ns":100,"node":"runner","event":"simulation_started","files":{"events/runner.jsonl":1}})"
          "\n" +
          testbed(105, "0.4", "r1", "r1") + started(110, "b") + ended(120, "b"));
  put("events/r1.jsonl", update(1, "r1", 7) + update(99, "r1", 8) + update(100, "r1", 7) + update(111, "r1", 8));
  const auto data = RunData::load(directory_.path());
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->simulated_from_ns(), 100);
  EXPECT_EQ(data->events("x").size(), 4U);
  const auto times = [](const RunData& own) {
    std::vector<std::int64_t> found;
    for (const Event& event : own.events("x")) found.push_back(event.t_ns);
    return found;
  };
  const RunData emulated = data->in(data->trials().at(0));
  const RunData simulated = emulated.in(data->trials().at(1));
  EXPECT_EQ(times(emulated), (std::vector<std::int64_t>{1, 99}));
  EXPECT_EQ(times(simulated), (std::vector<std::int64_t>{100, 111}));
  EXPECT_EQ(emulated.events("x", 0, 1000).size(), 2U);
  EXPECT_EQ(simulated.events("x", 0, 111).size(), 1U);
  EXPECT_EQ(emulated.sites().at(0).quota_cores, 0.2);
  EXPECT_EQ(simulated.sites().at(0).quota_cores, 0.4);
  EXPECT_EQ(simulated.decider_of("r1"), "r1");
  // Who steered the emulated network does not matter in the simulated one.
  EXPECT_EQ(simulated.steered_since(data->trials().at(1)), 0);
  EXPECT_EQ(data->in(data->trials().at(0)).in(data->trials().at(0)).events("x").size(), 2U);
}

TEST_F(RunDirectory, OfOneEngineThereIsNoBoundary) {
  put("events/runner.jsonl", testbed(5, "0.2", "r1", "r1") + started(10, "a") + ended(20, "a"));
  put("events/r1.jsonl", update(1, "r1", 7) + update(99, "r1", 8));
  const auto data = RunData::load(directory_.path());
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_FALSE(data->simulated_from_ns());
  EXPECT_EQ(data->in(data->trials().at(0)).events("x").size(), 2U);
}

TEST_F(RunDirectory, TwoSimulatedPartsAreRefused) {
  const std::string begin = R"({"t_ns":100,"node":"runner","event":"simulation_started","files":{}})"
                            "\n";
  put("events/runner.jsonl", begin + begin);
  EXPECT_THAT(error(), HasSubstr("two simulated parts"));
}

TEST_F(RunDirectory, ATestbedThatDoesNotSayWhoSteersIsRefused) {
  put("events/runner.jsonl", R"({"t_ns":5,"node":"runner","event":"testbed","sites":[],"ingresses":[]})"
                             "\n");
  EXPECT_THAT(error(), HasSubstr("missing or bad steering"));
}

TEST_F(RunDirectory, EventsOfAllNodesAreInOrderOfTime) {
  put("events/a.jsonl", "{\"t_ns\":1,\"node\":\"a\",\"event\":\"x\"}\n{\"t_ns\":5,\"node\":\"a\",\"event\":\"x\"}\n");
  put("events/b.jsonl", "{\"t_ns\":3,\"node\":\"b\",\"event\":\"x\"}\n");
  const auto data = RunData::load(directory_.path());
  ASSERT_TRUE(data);
  ASSERT_EQ(data->events("x").size(), 3U);
  EXPECT_EQ(data->events("x")[1].node, "b");
  EXPECT_EQ(data->events("x", 3, 5).size(), 1U);
  EXPECT_TRUE(data->events("y").empty());
  const auto late = RunData::load(directory_.path(), 4);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->events("x").size(), 1U);
}

}  // namespace
}  // namespace cats::suite
