// Steps that grow, and what is undone whatever happens.
#include "suite/tests/steps.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suite/tests/afterwards.h"
#include "tests/suite/trial_loop.h"

namespace cats::suite {
namespace {

using testing::ElementsAre;

TEST(Steps, GrowUntilTheLimit) {
  EXPECT_THAT(growing<std::int64_t>(100, 2, 700), ElementsAre(100, 200, 400, 700));
  EXPECT_THAT(growing<std::int64_t>(100, 2, 400), ElementsAre(100, 200, 400));
  EXPECT_THAT(growing<std::int64_t>(100, 2, 100), ElementsAre(100));
  EXPECT_THAT(growing(100.0, 1.5, 200.0), ElementsAre(100.0, 150.0, 200.0));
}

TEST(Steps, EndWhereThereIsNoRoom) {
  VirtualClock clock;
  FakeTestbed testbed(clock);
  const scenarios::Scenario scenario = fake_scenario();
  Conditions conditions;
  conditions.parameters = {{"first", 100.0}, {"limit", 1600.0}};
  std::vector<std::string> phases;
  const TrialContext context{.testbed = testbed,
                             .scenario = scenario,
                             .conditions = conditions,
                             .trial = "a trial",
                             .seed = 1,
                             .warm_up = {},
                             .begin_phase = [&](std::string_view name) { phases.emplace_back(name); },
                             .log = {}};
  hold_counts(context, [](std::int64_t count) { return count < 400; });
  EXPECT_THAT(phases, ElementsAre("hold-100", "hold-200", "hold-400"));
  EXPECT_FALSE(no_held_counts(conditions));
  conditions.parameters["first"] = 1601.0;
  EXPECT_EQ(no_held_counts(conditions), "first is above the limit");
}

TEST(Afterwards, UndoesOnce) {
  int undone = 0;
  {
    Afterwards afterwards([&] { ++undone; });
    EXPECT_EQ(undone, 0);
    afterwards.now();
    EXPECT_EQ(undone, 1);
  }
  EXPECT_EQ(undone, 1);
}

TEST(Afterwards, UndoesWhateverHappens) {
  int tried = 0;
  const auto trial = [&] {
    const Afterwards afterwards([&] {
      ++tried;
      throw std::runtime_error("the agent does not answer");
    });
    throw std::logic_error("what ends the trial");
  };
  EXPECT_THROW(trial(), std::logic_error);
  EXPECT_EQ(tried, 1);
  const auto told = [] {
    Afterwards afterwards([] { throw std::runtime_error("the agent does not answer"); });
    afterwards.now();
  };
  EXPECT_THROW(told(), std::runtime_error);
}

}  // namespace
}  // namespace cats::suite
