#include "sim/event_queue.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/ziggurat.h"

namespace cats::sim {
namespace {

TEST(EventQueue, KeepsToTheEndOfTime) {
  EventQueue queue;
  Event event;
  queue.push({EventQueue::kForever - 1, 0, 2});
  queue.push({0, 0, 0});
  queue.push({EventQueue::kForever, 0, 3});
  queue.push({1, 0, 1});
  for (std::uint32_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(queue.pop_until(EventQueue::kForever, event));
    EXPECT_EQ(event.argument, i);
  }
  EXPECT_FALSE(queue.pop_until(EventQueue::kForever, event));
  EXPECT_EQ(queue.now_ns(), EventQueue::kForever);
}

TEST(EventQueue, RefusesThePast) {
  EventQueue queue;
  Event event;
  EXPECT_FALSE(queue.pop_until(100, event));
  EXPECT_EQ(queue.now_ns(), 100);
  try {
    queue.push({99, 5, 0});
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(), "event of handler 5 at 99 ns: it is 100 ns already");
  }
  EXPECT_EQ(queue.size(), 0);
}

TEST(EventQueue, TellsWhatComesAndDoesNotGuess) {
  EventQueue queue;
  for (std::uint32_t i = 0; i < 10; ++i) queue.push({10 - i, 0, i});
  ASSERT_NE(queue.ahead(2), nullptr);
  EXPECT_EQ(queue.ahead(2)->argument, 7);
  EXPECT_EQ(queue.ahead(10), nullptr);
}

// Of many, too: the slots that come next are opened for it, unless they hold a crowd.
TEST(EventQueue, TellsWhatComesAtEveryTime) {
  EventQueue queue;
  RandomStream random(1, "ahead");
  const auto gap = [&] { return static_cast<std::int64_t>(1e6 * standard_exponential(random)); };
  for (std::uint32_t i = 0; i < 10'000; ++i) queue.push({gap(), 0, i});
  Event event;
  int told = 0;
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(queue.pop_until(EventQueue::kForever, event));
    if (queue.ahead(8) != nullptr) ++told;
    queue.push({event.at_ns + gap(), 0, 0});
  }
  EXPECT_GT(told, 95'000);
}

// Memory for what is pending, not for what has passed, at whatever scale of time.
TEST(EventQueue, MemoryIsLinearInWhatIsPending) {
  for (const std::size_t pending : {100, 10'000}) {
    EventQueue queue;
    RandomStream random(1, "memory");
    const auto gap = [&] {
      return static_cast<std::int64_t>(standard_exponential(random) * static_cast<double>(1u << random.below(31)));
    };
    for (std::size_t i = 0; i < pending; ++i) queue.push({gap(), 0, 0});
    Event event;
    for (int i = 0; i < 300'000; ++i) {
      ASSERT_TRUE(queue.pop_until(EventQueue::kForever, event));
      queue.push({event.at_ns + gap(), 0, 0});
    }
    EXPECT_EQ(queue.size(), pending);
    EXPECT_LE(queue.room(), 2 * pending + 10'000);
  }
}

}  // namespace
}  // namespace cats::sim
