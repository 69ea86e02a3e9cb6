// A simulated part after an emulated one: its times, what it sees of the other, and how it is taken out again.
#include "suite/simulated_part.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "suite/engines.h"
#include "tests/suite/simulated_run.h"
#include "tests/support/temporary_directory.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;
using scenarios::Engine;

constexpr std::int64_t kUnit = 1'000'000'000'000;

TEST(SimulatedPart, BeginsLaterThanAllThatWasEmulatedAtAMultipleOf1000Seconds) {
  EXPECT_EQ(to_ns(simulated_part_begins(from_ns(0))), kUnit);
  EXPECT_EQ(to_ns(simulated_part_begins(from_ns(1))), kUnit);
  EXPECT_EQ(to_ns(simulated_part_begins(from_ns(kUnit - 1))), kUnit);
  EXPECT_EQ(to_ns(simulated_part_begins(from_ns(kUnit))), 2 * kUnit);
  EXPECT_EQ(to_ns(simulated_part_begins(from_ns(123 * kUnit + 5))), 124 * kUnit);
}

class RunOnBoth : public testing::Test {
 protected:
  RunOnBoth() { into(directory_.path()); }

  // What an emulator's part might have left: a trial, and an update and a decision with the numbers of a beginning.
  void write_emulated_part() const {
    write_file(
        directory_ / "events/runner.jsonl",
        R"({"t_ns":5,"node":"runner","event":"testbed","sites":[],"ingresses":["r1"],"steering":[{"ingress":"r1","decider":"sdn","listener":"sdn"}],"receivers":[]}
{"t_ns":10,"node":"runner","event":"trial_started","trial":"metric-distribution#1.0.0","test":"metric-distribution","entry":"metric-distribution#1","index":0,"attempt":0,"seed":5}
{"t_ns":90,"node":"runner","event":"trial_ended","trial":"metric-distribution#1.0.0","void":null}
)");
    write_file(directory_ / "events/r1.jsonl",
               R"({"t_ns":20,"node":"r1","event":"decision","id":1,"inputs":[],"weights":{"2001:2:0:1001::2":1}}
)");
    write_file(directory_ / "samples/h9.load.csv", "trial,start_ns,end_ns,offered,sent,answered\n");
  }
  std::map<std::string, std::string> contents() const { return suite::contents(directory_.path()); }

  support::TemporaryDirectory directory_;
};

TEST_F(RunOnBoth, TheSimulatedPartIsThatOfARunAlone) {
  write_emulated_part();
  const Instant before = MonotonicClock().now();
  const scenarios::Scenario both = simulated_scenario({"engine=[emulator, sim]"});
  const scenarios::Scenario part = scenarios::only(both, Engine::sim);
  run_simulated_after_emulation(part, into(directory_.path()));
  const auto data = RunData::load(directory_.path());
  ASSERT_TRUE(data) << data.error().message;
  ASSERT_TRUE(data->simulated_from_ns());
  EXPECT_GT(*data->simulated_from_ns(), to_ns(before));
  EXPECT_EQ(*data->simulated_from_ns() % kUnit, 0);
  EXPECT_EQ(data->trials().size(), 3U);

  const support::TemporaryDirectory elsewhere;
  const scenarios::Scenario alone = simulated_scenario({"engine=sim"});
  run_simulated(alone, into(elsewhere.path()), [](const std::string&) { return Taken{}; });
  const auto own = RunData::load(elsewhere.path());
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_FALSE(own->simulated_from_ns());

  std::vector<Warning> ignored;
  const TestResult here = analyse(*data, part.cases.at(0), ignored);
  const TestResult there = analyse(*own, alone.cases.at(0), ignored);
  ASSERT_NE(here.verdict, Verdict::error) << here.reason;
  EXPECT_EQ(here.engine, "sim");
  EXPECT_EQ(here.study.dump(), R"({"engine":"sim"})");
  EXPECT_EQ(here.parameters, there.parameters);
  EXPECT_TRUE(here.figures == there.figures);
  ASSERT_EQ(here.trials.size(), there.trials.size());
  for (std::size_t i = 0; i < here.trials.size(); ++i) {
    EXPECT_EQ(here.trials[i].seed, there.trials[i].seed);
    EXPECT_EQ(here.trials[i].figures, there.trials[i].figures);
    EXPECT_EQ(here.trials[i].started_ns - there.trials[i].started_ns, *data->simulated_from_ns() - kUnit);
  }
}

// What a resumed run takes away before the emulator goes on: virtual time may be ahead of the machine's.
TEST_F(RunOnBoth, TheSimulatedPartIsTakenOutAgain) {
  write_emulated_part();
  const auto before = contents();
  run_simulated_after_emulation(scenarios::only(simulated_scenario({"engine=[emulator, sim]"}), Engine::sim),
                                into(directory_.path()));
  const auto after = contents();
  EXPECT_GT(after.size(), before.size());
  EXPECT_GT(after.at("events/r1.jsonl").size(), before.at("events/r1.jsonl").size());
  drop_simulated_part(directory_.path());
  EXPECT_EQ(contents(), before);
  drop_simulated_part(directory_.path());
  EXPECT_EQ(contents(), before);
  const auto data = RunData::load(directory_.path());
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(taken(*data).counted, (std::set<std::pair<std::string, int>>{{"metric-distribution#1", 0}}));
}

TEST_F(RunOnBoth, WhatWasBrokenOffWhileItWasTakenOutIsTakenOutTheNextTime) {
  write_emulated_part();
  const auto before = contents();
  {
    const MonotonicClock clock;
    EventLog log(directory_ / "events/runner.jsonl", "runner", clock);
    log_simulation_started(log, directory_.path());
    log.write("trial_started");
  }
  write_file(directory_ / "events/es1.jsonl", "{}\n");
  write_file(directory_ / "events/r1.jsonl", before.at("events/r1.jsonl"));  // this one was done
  drop_simulated_part(directory_.path());
  EXPECT_EQ(contents(), before);
}

// Broken off in the simulated part: complete trials are kept, in their times, unless the emulator has written more.
TEST_F(RunOnBoth, CompleteTrialsAreKeptWhileTheEmulatedPartIsWhatItWas) {
  write_emulated_part();
  const scenarios::Scenario part =
      with_trials(scenarios::only(simulated_scenario({"engine=[emulator, sim]"}), Engine::sim), {3, 3, 0});
  RunOptions options = into(directory_.path());
  std::vector<PartsProgress> told;
  const auto broken_off = [&] {
    options.parts = [&](const PartsProgress& progress) {
      if (progress.done == 2) throw Interrupted();
    };
    options.threads = 1;
    EXPECT_THROW(run_simulated_after_emulation(part, options), Interrupted);
    told.clear();
    options.parts = [&](const PartsProgress& progress) { told.push_back(progress); };
    drop_simulated_part(directory_.path());
  };
  broken_off();
  const auto begun = nlohmann::json::parse(read_file(directory_ / "parts/begun.json"));
  run_simulated_after_emulation(part, options);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.front().done, 1U);
  EXPECT_EQ(told.back().done, 3U);
  EXPECT_EQ(told[1].per_second, 0);  // both were there
  EXPECT_EQ(RunData::load(directory_.path())->simulated_from_ns(), begun.at("begins_ns"));

  drop_simulated_part(directory_.path());
  broken_off();
  {
    const MonotonicClock clock;
    EventLog(directory_ / "events/runner.jsonl", "runner", clock).write("phase_of_the_moon");
  }
  std::string stage;
  options.stage = [&](const std::string& text) { stage += text + "\n"; };
  run_simulated_after_emulation(part, options);
  EXPECT_GT(told.front().per_second, 0);
  EXPECT_THAT(stage, testing::HasSubstr("2 trials are"));
}

TEST_F(RunOnBoth, WithoutALogThereIsNothingToTakeOut) {
  write_file(directory_ / "events/r1.jsonl", "");
  drop_simulated_part(directory_.path());
  EXPECT_EQ(contents().size(), 1U);
}

}  // namespace
}  // namespace cats::suite
