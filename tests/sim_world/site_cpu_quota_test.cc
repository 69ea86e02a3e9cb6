// The CPU of a site with a quota of 2 ms in every 10 ms on two CPUs: bursts, throttling, accounting.
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "sim/engine.h"
#include "sim/scheduler.h"
#include "sim/world/site_cpu.h"

namespace cats::sim {
namespace {

using namespace std::chrono_literals;

class SiteCpuQuota : public testing::Test {
 protected:
  void run(Duration until) { engine_.run_until(Instant(until)); }
  void submit(Duration when, std::uint64_t tag, Duration work) {
    engine_.call_at(Instant(when), [this, tag, work] { cpu_.submit(tag, work); });
  }
  Duration used_at(Duration when) {
    run(when);
    return cpu_.usage();
  }

  Engine engine_;
  VirtualScheduler scheduler_{engine_};
  std::vector<std::pair<std::uint64_t, Duration>> ended_;
  SiteCpu cpu_{scheduler_, {.workers = 2, .quota_cores = 0.2, .quota_period = 10ms}, [this](const Job& job) {
                 ended_.emplace_back(job.tag, engine_.now().time_since_epoch());
               }};
};
using Ended = std::vector<std::pair<std::uint64_t, Duration>>;

// 4 ms and the timer's slack after each other, each time what has become due since.
TEST_F(SiteCpuQuota, ALoadWorksAtTheBeginningOfEachOfItsPeriods) {
  cpu_.set_background(0.1, false);
  EXPECT_EQ(used_at(4050us), 0us);
  EXPECT_EQ(used_at(4250us), 200us);
  EXPECT_EQ(used_at(4455us), 405us);
  EXPECT_EQ(used_at(8100us), 405us);
  EXPECT_EQ(used_at(8505us), 810us);
  EXPECT_EQ(used_at(12100us), 810us);
  EXPECT_NEAR(to_ms(used_at(10s)), 1000, 0.5);
}

TEST_F(SiteCpuQuota, ARequestHasACpuOfItsOwnWhileTheLoadWorks) {
  cpu_.set_background(0.1, false);
  submit(4100us, 1, 200us);
  run(10ms);
  EXPECT_EQ(ended_, (Ended{{1, 4300us}}));
}

// Two bursts of 648 us and the request's millisecond are more than the period has.
TEST_F(SiteCpuQuota, BurstsOfTheLoadMakeARequestWaitForTheNextPeriod) {
  cpu_.set_background(0.16, false);
  submit(8100us, 1, 1ms);  // 648 us with the load, 56 us alone, the rest from 10 ms on
  EXPECT_EQ(used_at(8748us), 3 * 648us);
  EXPECT_EQ(used_at(8804us), 2ms);
  EXPECT_EQ(used_at(9999us), 2ms);
  run(12ms);
  EXPECT_EQ(ended_, (Ended{{1, 10296us}}));
}

TEST_F(SiteCpuQuota, TwoLoadsAreThreadsOfTheirOwn) {
  cpu_.set_background(0.05, false);
  run(1ms);
  cpu_.set_scheduled(0.08, 0);
  EXPECT_EQ(used_at(4500us), 202500ns);
  EXPECT_EQ(used_at(5500us), 202500ns + 324us);
  EXPECT_NEAR(to_ms(used_at(10s)), 1300, 1);
}

// It began 4.05 ms late, and what it could not get it wants still.
TEST_F(SiteCpuQuota, ALoadBeyondTheQuotaGetsExactlyTheQuotaOverWholePeriods) {
  cpu_.set_background(1.5, false);
  const Duration before = used_at(10ms);
  EXPECT_EQ(before, 2ms);
  for (const Duration passed : {10ms, 20ms, 50ms, 1000ms}) EXPECT_EQ(used_at(10ms + passed) - before, passed / 5);
}

TEST_F(SiteCpuQuota, ACalibratedLoadLeavesTheServiceWhatItUses) {
  cpu_.set_background(0.1, true);
  for (int i = 0; i < 500; ++i) submit(i * 20ms, static_cast<std::uint64_t>(i), 500us);
  EXPECT_NEAR(to_ms(used_at(10s)), 1000, 1);
  EXPECT_EQ(ended_.size(), 500U);
}

TEST_F(SiteCpuQuota, AServiceThatUsesMoreThanTheCalibratedLoadIsAlone) {
  cpu_.set_background(0.1, true);
  for (int i = 0; i < 200; ++i) submit(i * 20ms, static_cast<std::uint64_t>(i), 3200us);
  EXPECT_EQ(used_at(4s), 200 * 3200us);
  EXPECT_EQ(ended_.at(0), (std::pair<std::uint64_t, Duration>(0, 11200us)));
}

TEST_F(SiteCpuQuota, ANeighbourLeavesHalfOfACpuInsideTheSameQuota) {
  cpu_.set_scheduled(0, 0.7);
  submit(0ms, 1, 1500us);
  submit(20ms, 2, 3ms);
  run(40ms);
  EXPECT_EQ(ended_, (Ended{{1, 3ms}, {2, 32ms}}));
}

TEST_F(SiteCpuQuota, AnotherQuotaHoldsFromThenOn) {
  submit(0ms, 1, 9ms);
  run(5ms);
  cpu_.set_quota(0.5);
  EXPECT_EQ(cpu_.quota_cores(), 0.5);
  run(30ms);
  EXPECT_EQ(ended_, (Ended{{1, 12ms}}));  // 0 … 2, 5 … 10, 10 … 12
}

// Nothing is asked for while nothing is wanted.
TEST_F(SiteCpuQuota, AnIdleSiteHasNoEvents) {
  cpu_.set_background(0.1, false);
  cpu_.set_scheduled(0.1, 0.5);
  submit(1s, 1, 50ms);
  run(1001ms);
  cpu_.end_all();
  const Duration used = cpu_.usage();
  run(9s);  // what was asked for before has come
  EXPECT_EQ(engine_.pending(), 0U);
  submit(10s, 2, 5ms);
  run(11s);
  EXPECT_EQ(ended_, (Ended{{2, 10021ms}}));
  EXPECT_NEAR(to_ms(cpu_.usage() - used), 5, 1e-6);
  EXPECT_EQ(engine_.pending(), 0U);
}

TEST_F(SiteCpuQuota, PeriodsBeginAtTheSitesPhase) {
  std::optional<Instant> end;
  SiteCpu cpu(scheduler_, {.quota_cores = 0.2, .quota_period = 10ms, .quota_phase = 7ms},
              [&](const Job&) { end = engine_.now(); });
  cpu.submit(1, 3ms);
  run(20ms);
  EXPECT_EQ(end, Instant(8ms));  // 0 … 2, 7 … 8
}

}  // namespace
}  // namespace cats::sim
