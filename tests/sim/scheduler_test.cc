#include "sim/scheduler.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::sim {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class TimersTest : public testing::Test {
 protected:
  static Instant at(Duration when) { return Instant(when); }
  std::function<void()> note(int what) {
    return [this, what] { called_.push_back({what, engine_.now().time_since_epoch()}); };
  }

  Engine engine_;
  VirtualScheduler scheduler_{engine_};
  std::vector<std::pair<int, Duration>> called_;
};

TEST_F(TimersTest, AreCalledAtTheirTimeAndOnce) {
  const auto first = scheduler_.make_timer();
  const auto second = scheduler_.make_timer();
  second->at(at(2ms), note(2));
  first->at(at(1ms), note(1));
  engine_.run_until(at(1ms));
  EXPECT_THAT(called_, ElementsAre(std::pair(1, Duration(1ms))));
  engine_.run_until(at(1s));
  EXPECT_THAT(called_, ElementsAre(std::pair(1, Duration(1ms)), std::pair(2, Duration(2ms))));
}

TEST_F(TimersTest, AreMovedAndTakenBack) {
  const auto later = scheduler_.make_timer();
  later->at(at(1ms), note(1));
  later->at(at(5ms), note(2));
  const auto earlier = scheduler_.make_timer();
  earlier->at(at(5ms), note(3));
  earlier->at(at(1ms), note(4));
  const auto cancelled = scheduler_.make_timer();
  cancelled->at(at(2ms), note(5));
  cancelled->cancel();
  engine_.run_until(at(1s));
  EXPECT_THAT(called_, ElementsAre(std::pair(4, Duration(1ms)), std::pair(2, Duration(5ms))));
}

TEST_F(TimersTest, WhatHasPassedIsCalledAsSoonAsItCan) {
  engine_.run_until(at(10ms));
  const auto timer = scheduler_.make_timer();
  timer->at(at(1ms), note(1));
  EXPECT_THAT(called_, IsEmpty());
  engine_.run_until(at(10ms));
  EXPECT_THAT(called_, ElementsAre(std::pair(1, Duration(10ms))));
}

TEST_F(TimersTest, MaySetThemselvesAgainAndDestroyThemselves) {
  auto timer = scheduler_.make_timer();
  std::function<void()> again = [&] {
    note(1)();
    if (called_.size() < 3)
      timer->at(engine_.now() + 1ms, again);
    else
      timer.reset();
  };
  timer->at(at(1ms), again);
  engine_.run_until(at(1s));
  EXPECT_THAT(called_,
              ElementsAre(std::pair(1, Duration(1ms)), std::pair(1, Duration(2ms)), std::pair(1, Duration(3ms))));
}

// The event of a timer that is gone is on its way still when its place is taken.
TEST_F(TimersTest, OneThatIsGoneIsNotCalledAndDoesNotDisturbTheNext) {
  scheduler_.make_timer()->at(at(1ms), note(1));
  const auto next = scheduler_.make_timer();
  next->at(at(3ms), note(2));
  engine_.run_until(at(2ms));
  EXPECT_THAT(called_, IsEmpty());
  scheduler_.make_timer()->at(at(5ms), note(3));
  const auto sooner = scheduler_.make_timer();
  sooner->at(at(4ms), note(4));
  engine_.run_until(at(1s));
  EXPECT_THAT(called_, ElementsAre(std::pair(2, Duration(3ms)), std::pair(4, Duration(4ms))));
}

}  // namespace
}  // namespace cats::sim
