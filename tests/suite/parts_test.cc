// The parts of a simulated run: their times, what they leave, and that it is the same however they were taken.
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "sim/world/model.h"
#include "suite/engines.h"
#include "suite/merge_parts.h"
#include "suite/part.h"
#include "suite/part_runner.h"
#include "suite/parts_directory.h"
#include "tests/suite/fake_run.h"
#include "tests/suite/simulated_run.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Duration kUnit = sim::kWorldBegins.time_since_epoch();

TEST(Parts, HaveTimesThatNeverOverlapAndDependOnThePlanAlone) {
  std::vector<PlannedTrial> plan = plan_trials(fake_scenario());
  const auto parts = parts_of(plan, sim::kWorldBegins);
  ASSERT_EQ(parts.size(), plan.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(parts[i].number, i);
    EXPECT_EQ(parts[i].begins.time_since_epoch() % kUnit, Duration{});
    EXPECT_GT(parts[i].ends - parts[i].begins, kAttempts * length_of(plan[i]));
    EXPECT_EQ(parts[i].begins, i == 0 ? sim::kWorldBegins : parts[i - 1].ends);
  }
  // What adaptive trials add comes behind.
  plan.push_back(plan_trial(plan.front().entry, 3));
  const auto more = parts_of(plan, sim::kWorldBegins);
  for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(more[i].begins, parts[i].begins);
  EXPECT_EQ(more.back().begins, parts.back().ends);

  EXPECT_THROW(parts_of(plan, Instant::max() - Duration(std::chrono::hours(1))), UsageError);
}

class SimulatedRun : public testing::Test {
 protected:
  // The octets of a run with that many threads.
  static std::map<std::string, std::string> simulated(const scenarios::Scenario& scenario, unsigned threads) {
    const support::TemporaryDirectory directory;
    RunOptions options = into(directory.path());
    options.threads = threads;
    run_simulated(scenario, options, [](const std::string&) { return Taken{}; });
    EXPECT_FALSE(fs::exists(directory / "parts"));
    return contents(directory.path());
  }
  static std::vector<std::string> trials_of(const fs::path& directory) {
    const auto data = RunData::load(directory);
    if (!data) throw std::runtime_error(data.error().message);
    std::vector<std::string> trials;
    for (const Trial& trial : data->trials()) trials.push_back(trial.id);
    return trials;
  }
  // The plan's part `number` as it would be complete, but that its world broke down.
  static void write_failed(const std::vector<PlannedTrial>& plan, std::size_t number, const fs::path& parts) {
    const fs::path part = parts / directory_name(plan[number]);
    for (const char* folder : {"events", "samples"}) fs::create_directories(part / folder);
    write_file(part / "events/runner.jsonl",
               R"({"t_ns":5,"node":"runner","event":"run_failed","reason":"the world broke down"})"
               "\n");
  }
  PartRunOptions options(unsigned threads) const {
    PartRunOptions options;
    options.run_directory = directory_.path();
    options.parts = directory_ / "parts";
    options.begins = sim::kWorldBegins;
    options.threads = threads;
    return options;
  }

  support::TemporaryDirectory directory_;
};

TEST_F(SimulatedRun, IsTheSameForEveryNumberOfThreads) {
  const scenarios::Scenario scenario = simulated_scenario({"engine=sim", "algorithm=[round-robin, global-min]"});
  const auto one = simulated(scenario, 1);
  EXPECT_EQ(one, simulated(scenario, 3));

  into(directory_.path());
  for (const auto& [file, text] : one) write_file(directory_ / file, text);
  std::vector<std::string> planned;
  for (const PlannedTrial& trial : plan_trials(scenario)) planned.push_back(directory_name(trial) + ".0");
  EXPECT_EQ(trials_of(directory_.path()), planned);
  const auto data = RunData::load(directory_.path());
  const auto worlds = data->events("world_started");
  ASSERT_EQ(worlds.size(), planned.size());
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    EXPECT_EQ(worlds[i].t_ns % kUnit.count(), 0);
    EXPECT_LT(worlds[i].t_ns, data->trials()[i].started_ns);
    EXPECT_LT(i == 0 ? 0 : data->trials()[i - 1].ended_ns, worlds[i].t_ns);
  }
  // Everything counts from the beginning in every world: what is before it was another's.
  for (const Trial& trial : data->trials())
    EXPECT_EQ(data->in(trial).steered_since(trial), worlds[static_cast<std::size_t>(&trial - &data->trials()[0])].t_ns);
  EXPECT_EQ(data->in(data->trials()[0]).sites().size(), 3U);
}

TEST_F(SimulatedRun, AdaptiveTrialsAreTheSameForEveryNumberOfThreads) {
  const scenarios::Scenario scenario =
      with_trials(simulated_scenario({"engine=sim", "algorithm=[round-robin, ecmp]"}), {2, 4, 0.0001});
  const auto one = simulated(scenario, 1);
  EXPECT_EQ(one, simulated(scenario, 3));
  into(directory_.path());
  for (const auto& [file, text] : one) write_file(directory_ / file, text);
  EXPECT_GT(trials_of(directory_.path()).size(), plan_trials(scenario).size());
}

TEST_F(SimulatedRun, GoesOnWhereItWasBrokenOffWithTheSameOctets) {
  const scenarios::Scenario scenario = with_trials(simulated_scenario({"engine=sim"}), {3, 3, 0});
  const auto whole = simulated(scenario, 1);
  RunOptions options = into(directory_.path());
  options.threads = 1;
  options.parts = [](const PartsProgress& progress) {
    if (progress.done == 2) throw Interrupted();
  };
  const Begin nothing = [](const std::string&) { return Taken{}; };
  EXPECT_THROW(run_simulated(scenario, options, nothing), Interrupted);
  EXPECT_TRUE(contents(directory_.path()).empty());

  // Killed while it merged, and while it took a trial.
  const auto plan = plan_trials(scenario);
  write_file(directory_ / "events/r1.jsonl", "{}\n");
  fs::create_directories(directory_ / "parts" / begun_name(plan.back()));
  std::vector<PartsProgress> told;
  options.resume = true;
  options.parts = [&](const PartsProgress& progress) { told.push_back(progress); };
  run_simulated(scenario, options, nothing);
  EXPECT_EQ(contents(directory_.path()), whole);
  EXPECT_EQ(told.at(1).done, 2U);
  EXPECT_EQ(told.at(1).per_second, 0);  // they were there
  EXPECT_EQ(told.back().done, 3U);
  EXPECT_EQ(told.back().all, 3U);
  EXPECT_EQ(told.back().left, Duration{});
  EXPECT_FALSE(fs::exists(directory_ / "parts"));

  // Complete: nothing is taken again.
  told.clear();
  run_simulated(scenario, options, nothing);
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(contents(directory_.path()), whole);
}

TEST_F(SimulatedRun, NothingCountsAfterThePartThatFailed) {
  const scenarios::Scenario scenario = with_trials(simulated_scenario({"engine=sim"}), {3, 3, 0});
  const auto plan = plan_trials(scenario);
  for (const unsigned threads : {1U, 3U}) {
    const fs::path parts = directory_ / "parts";
    fs::remove_all(parts);
    write_failed(plan, 1, parts);
    write_failed(plan, 2, parts);
    EXPECT_THAT(run_parts(plan, options(threads)),
                ElementsAre(parts / directory_name(plan[0]), parts / directory_name(plan[1])));
  }
}

TEST_F(SimulatedRun, AFailedPreflightEndsIt) {
  const scenarios::Scenario scenario =
      simulated_scenario({"engine=sim", "faults=[{kind: wrong-tunnel, instance: es1}]"});
  const auto one = simulated(scenario, 1);
  EXPECT_EQ(one, simulated(scenario, 3));
  EXPECT_THAT(one.at("events/runner.jsonl"), HasSubstr("run_failed"));
  EXPECT_THAT(one.at("events/runner.jsonl"), testing::Not(HasSubstr("trial_started")));
}

TEST_F(SimulatedRun, APartThatOutgrowsItsRoomFails) {
  const scenarios::Scenario scenario = simulated_scenario({"engine=sim"});
  PlannedPart part = parts_of(plan_trials(scenario), sim::kWorldBegins).front();
  part.ends = part.begins + std::chrono::seconds(2);
  take_part(part, {directory_.path(), directory_.path()});
  const PartOutcome outcome = outcome_of(directory_ / directory_name(part.trial));
  EXPECT_THAT(outcome.failed.value_or(""), HasSubstr("times would overlap"));
  EXPECT_TRUE(outcome.voided.empty());
}

TEST_F(SimulatedRun, AnErrorOfOnePartIsTheRuns) {
  scenarios::Scenario scenario = simulated_scenario({"engine=sim", "mode=centralized"});
  // As no file can say it: no ingress decides.
  auto own = std::make_shared<scenarios::Scenario>(*scenarios::cases_of(scenario).at(0).scenario);
  own->faults = {{.kind = "stuck-cps", .node = "", .instance = ""}};
  scenario.cases = {{"metric-distribution", "metric-distribution", nlohmann::ordered_json::object(), own}};
  fs::create_directories(directory_ / "parts");
  EXPECT_THROW(run_parts(plan_trials(scenario), options(2)), UsageError);
}

TEST(MergeParts, AppendsInOrderWithHeadersOnce) {
  const support::TemporaryDirectory directory;
  const auto put = [&](const std::string& file, const std::string& text) {
    fs::create_directories((directory / file).parent_path());
    write_file(directory / file, text);
  };
  into(directory / "run");
  put("run/events/r1.jsonl", "emulated\n");
  put("run/samples/h1.load.csv", "a,b\n0,0\n");
  put("one/events/r1.jsonl", "1\n");
  put("one/samples/h1.load.csv", "a,b\n1,1\n");
  put("two/events/r1.jsonl", "2\n");
  put("two/events/r2.jsonl", "2\n");
  put("two/samples/h1.load.csv", "a,b\n");
  put("two/samples/h2.load.csv", "a,b\n2,2\n");
  const Sizes before = sizes_of(directory / "run");
  merge_parts({directory / "one", directory / "two"}, directory / "run");
  const auto merged = contents(directory / "run");
  EXPECT_EQ(merged.at("events/r1.jsonl"), "emulated\n1\n2\n");
  EXPECT_EQ(merged.at("events/r2.jsonl"), "2\n");
  EXPECT_EQ(merged.at("samples/h1.load.csv"), "a,b\n0,0\n1,1\n");
  EXPECT_EQ(merged.at("samples/h2.load.csv"), "a,b\n2,2\n");

  cut_back(directory / "run", before);
  EXPECT_EQ(sizes_of(directory / "run"), before);
  EXPECT_EQ(contents(directory / "run").at("samples/h1.load.csv"), "a,b\n0,0\n");

  put("two/samples/h1.load.csv", "a,c\n");
  EXPECT_THROW(merge_parts({directory / "two"}, directory / "run"), UsageError);
}

TEST(PartsDirectory, KeepsWhatBelongsToTheRunAndIsOneProcess) {
  using Run = PartsDirectory::Run;
  const support::TemporaryDirectory directory;
  into(directory.path());
  EXPECT_FALSE(PartsDirectory::completed(directory.path()));
  const Instant begins = from_ns(5);
  {
    const PartsDirectory parts(directory.path(), Run::simulated, "1", begins);
    fs::create_directories(parts.path() / "a.0");
    fs::create_directories(parts.path() / "a.1.begun");
    EXPECT_THROW(PartsDirectory(directory.path(), Run::simulated, "1", begins), UsageError);
  }
  {
    const PartsDirectory parts(directory.path(), Run::simulated, "1", from_ns(7));
    EXPECT_EQ(parts.begins(), begins);
    EXPECT_EQ(parts.dropped(), 0U);
    EXPECT_TRUE(fs::exists(parts.path() / "a.0"));
    EXPECT_FALSE(fs::exists(parts.path() / "a.1.begun"));
  }
  PartsDirectory parts(directory.path(), Run::simulated, "2", from_ns(7));
  EXPECT_EQ(parts.begins(), from_ns(7));
  EXPECT_EQ(parts.dropped(), 1U);
  EXPECT_FALSE(fs::exists(parts.path() / "a.0"));
  write_file(directory / "events/runner.jsonl", "");
  EXPECT_FALSE(PartsDirectory::completed(directory.path()));
  parts.remove();
  EXPECT_TRUE(PartsDirectory::completed(directory.path()));
}

}  // namespace
}  // namespace cats::suite
