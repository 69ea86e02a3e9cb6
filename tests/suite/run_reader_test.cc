// A run read entry by entry says what the run read as a whole does.
#include "suite/report/run_reader.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "suite/engines.h"
#include "suite/trials.h"
#include "tests/suite/simulated_run.h"
#include "tests/support/temporary_directory.h"

namespace cats::suite {
namespace {

using testing::HasSubstr;

class ReadEntryByEntry : public testing::Test {
 protected:
  void simulate(const scenarios::Scenario& scenario) const {
    run_simulated(scenario, into(directory_.path()), [](const std::string&) { return Taken{}; });
  }
  RunData whole() const { return RunData::load(directory_.path()).value(); }
  RunReader reader() const { return RunReader::open(directory_.path()).value(); }

  support::TemporaryDirectory directory_;
};

TEST_F(ReadEntryByEntry, TheAnalysisIsThatOfTheWhole) {
  const scenarios::Scenario scenario =
      simulated_scenario({"engine=sim", "algorithm=[round-robin, global-min]",
                          "tests=[{metric-distribution: {measure: 3s}}, session-continuity]"});
  simulate(scenario);
  RunReader logs = reader();
  const Analysis whole = analyse(this->whole(), scenario);
  const Analysis each = analyse(logs, scenario);
  EXPECT_EQ(each.trial_order, whole.trial_order);
  EXPECT_EQ(each.warnings.size(), whole.warnings.size());
  ASSERT_EQ(each.tests.size(), whole.tests.size());
  for (std::size_t i = 0; i < whole.tests.size(); ++i) {
    SCOPED_TRACE(scenario.cases.at(i).label);
    const TestResult& one = each.tests[i];
    const TestResult& same = whole.tests[i];
    ASSERT_NE(one.verdict, Verdict::error) << one.reason;
    EXPECT_EQ(one.verdict, same.verdict);
    EXPECT_TRUE(one.figures == same.figures);
    EXPECT_EQ(one.load_achieved, same.load_achieved);
    ASSERT_EQ(one.trials.size(), same.trials.size());
    for (std::size_t trial = 0; trial < same.trials.size(); ++trial)
      EXPECT_EQ(one.trials[trial].figures, same.trials[trial].figures);
  }
}

// Every event and row belongs to one entry: no more of them is in memory, and none is left out.
TEST_F(ReadEntryByEntry, AnEntryHasItsOwnWorldsAlone) {
  const scenarios::Scenario scenario =
      simulated_scenario({"engine=sim", "algorithm=[round-robin, global-min]", "tests=[session-continuity]"});
  simulate(scenario);
  const RunData whole = this->whole();
  RunReader logs = reader();
  EXPECT_TRUE(logs.runner().events("metric_sent").empty());
  std::size_t sent = 0;
  std::size_t connections = 0;
  for (const scenarios::Case& entry : scenario.cases) {
    const RunData own = logs.of(entry.label);
    EXPECT_EQ(own.trials().size(), whole.trials().size());
    sent += own.events("metric_sent").size();
    connections += own.connections(0, std::numeric_limits<std::int64_t>::max()).size();
    for (const Trial& trial : own.trials()) {
      const bool is_own = trial.entry == entry.label;
      EXPECT_EQ(own.sessions(trial.id).size(), is_own ? whole.sessions(trial.id).size() : 0);
      EXPECT_EQ(own.requests(trial.id).size(), is_own ? whole.requests(trial.id).size() : 0);
      EXPECT_EQ(own.events("metric_sent", trial.started_ns, trial.ended_ns).empty(), !is_own);
    }
  }
  EXPECT_GT(sent, 0U);
  EXPECT_EQ(sent, whole.events("metric_sent").size());
  EXPECT_GT(connections, 0U);
  EXPECT_EQ(connections, whole.connections(0, std::numeric_limits<std::int64_t>::max()).size());
}

// What an emulated trial needs may have happened long before it: all of the emulator's part is its own.
TEST_F(ReadEntryByEntry, AnEmulatedEntryHasAllThatWasEmulated) {
  into(directory_.path());
  write_file(
      directory_ / "events/runner.jsonl",
      R"({"t_ns":10,"node":"runner","event":"trial_started","trial":"a.0.0","test":"a","entry":"a","index":0,"attempt":0,"seed":5}
{"t_ns":20,"node":"runner","event":"trial_ended","trial":"a.0.0","void":null}
{"t_ns":30,"node":"runner","event":"trial_started","trial":"b.0.0","test":"b","entry":"b","index":0,"attempt":0,"seed":5}
{"t_ns":40,"node":"runner","event":"trial_ended","trial":"b.0.0","void":null}
{"t_ns":100,"node":"runner","event":"simulation_started","files":{}}
{"t_ns":100,"node":"runner","event":"world_started","topology":"three-sites"}
{"t_ns":110,"node":"runner","event":"trial_started","trial":"c.0.0","test":"c","entry":"c","index":0,"attempt":0,"seed":5}
{"t_ns":120,"node":"runner","event":"trial_ended","trial":"c.0.0","void":null}
)");
  write_file(directory_ / "events/r1.jsonl",
             "{\"t_ns\":15,\"node\":\"r1\",\"event\":\"x\"}\n{\"t_ns\":14,\"node\":\"r1\",\"event\":\"x\"}\n"
             "{\"t_ns\":35,\"node\":\"r1\",\"event\":\"x\"}\n{\"t_ns\":100,\"node\":\"r1\",\"event\":\"x\"}\n");
  RunReader logs = reader();
  EXPECT_EQ(logs.of("a").events("x").size(), 3U);
  EXPECT_EQ(logs.of("b").events("x").size(), 3U);
  EXPECT_EQ(logs.of("c").events("x").size(), 1U);
  EXPECT_TRUE(logs.of("not run").events("x").empty());
  EXPECT_TRUE(logs.of("c").has_log("r1"));
}

TEST_F(ReadEntryByEntry, ABadLineIsNamed) {
  simulate(simulated_scenario({"engine=sim"}));
  const auto log = directory_ / "events/r1.jsonl";
  const std::string text = read_file(log);
  const std::size_t second = text.find('\n') + 1;
  write_file(log, text.substr(0, second) + "nonsense\n" + text.substr(second));
  RunReader logs = reader();
  const std::string entry = logs.runner().trials().at(0).entry;
  try {
    logs.of(entry);
    FAIL();
  } catch (const MeasurementError& error) {
    EXPECT_THAT(error.what(), HasSubstr("r1.jsonl:2: not an event: nonsense"));
  }
}

}  // namespace
}  // namespace cats::suite
