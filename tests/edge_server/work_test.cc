#include <atomic>

#include <gtest/gtest.h>

#include "emulator/roles/edge_server_load.h"
#include "emulator/roles/edge_server_work.h"
#include "tests/support/wait_until.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;

const auto kAnywhere = [](pid_t) {};

Instant now() { return std::chrono::steady_clock::now(); }

TEST(Burn, SpendsTheCpuTimeAskedFor) {
  const Duration before = thread_cpu_time();
  burn(3ms);
  const Duration used = thread_cpu_time() - before;
  EXPECT_GE(used, 3ms);
  EXPECT_LT(used, 4ms);
}

TEST(WorkPool, OneWorkerServesInOrderAndQueueingAddsUp) {
  WorkPool pool(1, 100, kAnywhere);
  std::mutex mutex;
  std::vector<std::pair<int, WorkDone>> done;
  const Instant received = now();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(pool.submit(received, 2ms, [&, i](const WorkDone& work) {
      const std::scoped_lock lock(mutex);
      done.emplace_back(i, work);
    }));
  }
  ASSERT_TRUE(support::wait_for(10s, [&] {
    const std::scoped_lock lock(mutex);
    return done.size() == 5;
  }));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(done[static_cast<std::size_t>(i)].first, i);
    EXPECT_GE(done[static_cast<std::size_t>(i)].second.service, 2ms);
    EXPECT_GE(done[static_cast<std::size_t>(i)].second.queued, i * 2ms);
  }
  EXPECT_GE(pool.cpu_time(), 10ms);
}

TEST(WorkPool, RefusesWhatDoesNotFitTheQueue) {
  WorkPool pool(1, 2, kAnywhere);
  std::atomic<int> done = 0;
  const auto count = [&](const WorkDone&) { ++done; };
  ASSERT_TRUE(pool.submit(now(), 100ms, count));
  ASSERT_TRUE(support::wait_for(5s, [&] { return pool.cpu_time() > 1ms; }));  // out of the queue, at work
  EXPECT_TRUE(pool.submit(now(), 1ms, count));
  EXPECT_TRUE(pool.submit(now(), 1ms, count));
  EXPECT_FALSE(pool.submit(now(), 1ms, count));
  EXPECT_TRUE(support::wait_for(10s, [&] { return done == 3; }));
  EXPECT_TRUE(pool.submit(now(), 1ms, count));
}

TEST(WorkPool, ReadingsTellLengthAgeAndDelay) {
  WorkPool pool(1, 10, kAnywhere);
  const Instant received = now() - 1s;
  pool.submit(received, 50ms, [](const WorkDone&) {});
  pool.submit(received + 1ms, 50ms, [](const WorkDone&) {});
  auto reading = pool.read(now());
  EXPECT_EQ(reading.queue_length, 2u);
  EXPECT_EQ(reading.queue_max, 2u);
  EXPECT_EQ(reading.completed, 0u);
  EXPECT_GE(reading.oldest_age, 1s);
  ASSERT_TRUE(support::wait_for(10s, [&] { return (reading = pool.read(now())).queue_length == 0; }));
  EXPECT_EQ(reading.completed, 2u);
  EXPECT_GE(reading.delay_sum, 2s + 100ms);
  EXPECT_GE(reading.last_delay, 1s);
  EXPECT_GT(reading.queue_length_seconds, 0.1);
  EXPECT_EQ(reading.oldest_age, 0s);
  EXPECT_EQ(pool.read(now()).queue_max, 0u);
}

TEST(WorkPool, PlacesEachThreadBeforeWork) {
  std::vector<pid_t> placed;
  WorkPool pool(3, 10, [&](pid_t id) { placed.push_back(id); });
  EXPECT_EQ(placed.size(), 3u);
  EXPECT_THROW(WorkPool(1, 1, [](pid_t) { throw std::runtime_error("no such group"); }), std::runtime_error);
}

TEST(BackgroundLoad, NeverUsesMoreThanItsShareAndSubtractsTheService) {
  std::atomic<std::int64_t> service = 0;
  std::vector<pid_t> placed;
  BackgroundLoad load([&](pid_t id) { placed.push_back(id); }, [&] { return Duration(service.load()); });
  const auto process_cpu = [] {
    timespec t{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + Duration(t.tv_nsec);
  };
  Duration used = process_cpu();
  const Instant began = now();
  load.set(0.3, false);
  EXPECT_TRUE(support::wait_for(20s, [&] { return process_cpu() - used > 60ms; }));
  load.set(0, false);
  used = process_cpu() - used;
  EXPECT_LT(to_seconds(used), 0.3 * to_seconds(now() - began) + 0.02);
  EXPECT_EQ(placed.size(), 1u);

  // The service takes more than all of it: nothing is left to burn.
  used = process_cpu();
  load.set(0.2, true);
  for (int i = 0; i < 60; ++i) {
    std::this_thread::sleep_for(5ms);
    service += 5'000'000;
  }
  load.set(0, false);
  EXPECT_LT(process_cpu() - used, 30ms);
}

}  // namespace
}  // namespace cats::roles
