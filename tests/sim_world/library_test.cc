// Libraries of the user's that choose in the simulated world, in processes of their own.
#include "tests/sim_world/scenario_fixture.h"

namespace cats::sim::test {
namespace {

using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string library(const std::string& name) { return std::string(CATS_PLUGINS) + "/" + name + ".so"; }

scenarios::Scenario choosing(const std::string& name, const std::string& more = "") {
  return scenario("algorithm: " + library(name) + "\n" + more);
}

// Why the run ends.
std::string failure(const std::function<void()>& work) {
  try {
    work();
  } catch (const scenarios::AlgorithmFailed& failed) {
    return failed.what();
  }
  return "none";
}

TEST(Library, DecidesAndTheSameSeedWritesTheSameOctets) {
  const auto simulate = [](const std::string& mode) {
    SimulatedRun run;
    run.testbed().configure(choosing("works", "mode: " + mode + "\n"));
    run.load(2s, 40);
    run.end_load();
    run.testbed().stop();
    std::vector<json> decisions = run.events("decision");
    std::erase_if(decisions, [](const json& decision) { return decision["weights"].size() != 3; });
    EXPECT_THAT(decisions, Not(IsEmpty()));
    for (const json& decision : decisions)
      for (const auto& [csci, weight] : decision["weights"].items()) EXPECT_DOUBLE_EQ(weight.get<double>(), 1.0 / 3);
    EXPECT_EQ(decisions.back()["algorithm"], library("works"));
    EXPECT_THAT(run.answered(), SizeIs(3));
    return run.contents();
  };
  for (const std::string mode : {"distributed", "centralized"}) EXPECT_EQ(simulate(mode), simulate(mode)) << mode;
}

TEST(Library, MayTakeThePlaceOfAnother) {
  SimulatedRun run;
  run.testbed().configure(scenario());
  run.testbed().configure(choosing("works"));
  EXPECT_EQ(run.preflights(), 1);
  run.sleep(2s);
  EXPECT_EQ(run.events("decision").back().at("algorithm"), library("works"));
}

TEST(Library, ThatCrashesEndsTheRunWhereItChose) {
  for (const auto& [mode, node] : std::map<std::string, std::string>{{"distributed", "r1"}, {"centralized", "sdn"}}) {
    SimulatedRun run;
    run.testbed().configure(choosing("crashes_later", "mode: " + mode + "\n"));
    run.command("es1", {{"do", "background_load"}, {"cores", 0.15}});
    const std::string why = failure([&] { run.sleep(3s); });
    EXPECT_THAT(why, HasSubstr(fmt::format("algorithm {} at {}: it crashed: killed by signal 11",
                                           library("crashes_later"), node)));
    EXPECT_EQ(failure([&] { run.command("es1", {{"do", "status"}}); }), why);
    run.testbed().stop();
    const auto events = run.events("algorithm_failed", node);
    ASSERT_THAT(events, SizeIs(1));
    EXPECT_EQ(events[0].at("algorithm"), library("crashes_later"));
    EXPECT_THAT(why, HasSubstr(events[0].at("reason").get<std::string>()));
    // The last weights stay.
    const nlohmann::json last = run.events("decision", node).back().at("weights");
    for (const auto& [csci, weight] : last.items()) EXPECT_DOUBLE_EQ(weight.get<double>(), 1.0 / 3);
  }
}

// The deadline is one of the machine's time: virtual time stands still.
TEST(Library, ThatHangsIsGivenUpAfterASecond) {
  SimulatedRun run;
  const Instant before = MonotonicClock().now();
  EXPECT_THAT(failure([&] { run.testbed().configure(choosing("hangs")); }), HasSubstr("it did not answer within 1 s"));
  EXPECT_GE(MonotonicClock().now() - before, 1s);
  EXPECT_LT(run.testbed().now() - kWorldBegins, 1s);
}

TEST(Library, ThatCannotBeLoadedIsRefused) {
  SimulatedRun run;
  EXPECT_THROW(run.testbed().configure(choosing("other_abi")), UsageError);
}

}  // namespace
}  // namespace cats::sim::test
