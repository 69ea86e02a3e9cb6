#include "sim/engine.h"

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "sim/alarm.h"

namespace cats::sim {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since) { return Instant(since); }

class Notes final : public EventHandler {
 public:
  explicit Notes(Engine& engine) : number(engine.add(*this)), engine_(engine) {}
  void on_event(std::uint32_t argument) override { seen.emplace_back(to_ns(engine_.now()), argument); }

  std::vector<std::pair<std::int64_t, std::uint32_t>> seen;
  const std::uint32_t number;

 private:
  Engine& engine_;
};

using Seen = std::vector<std::pair<std::int64_t, std::uint32_t>>;

TEST(Engine, TiesAreHandledInTheOrderInWhichTheyWereAskedFor) {
  Engine engine;
  Notes notes(engine);
  for (std::uint32_t i = 0; i < 200; ++i) engine.at(at(5ns), notes.number, i);
  engine.at(at(4ns), notes.number, 1000);
  engine.run_until(Engine::kForever);
  ASSERT_EQ(notes.seen.size(), 201);
  EXPECT_EQ(notes.seen.front(), (std::pair<std::int64_t, std::uint32_t>(4, 1000)));
  for (std::uint32_t i = 0; i < 200; ++i) EXPECT_EQ(notes.seen[i + 1], (std::pair<std::int64_t, std::uint32_t>(5, i)));
}

TEST(Engine, RunsUpToAPointInTimeAndOnFromThere) {
  Engine engine;
  Notes notes(engine);
  engine.at(at(1s), notes.number, 1);
  engine.at(at(3s), notes.number, 3);
  engine.run_until(at(1s));
  EXPECT_EQ(notes.seen, (Seen{{1'000'000'000, 1}}));
  engine.run_until(at(2s));
  EXPECT_EQ(engine.now(), at(2s));
  engine.at(at(2s + 1ns), notes.number, 2);
  EXPECT_EQ(engine.pending(), 2);
  engine.run_until(Engine::kForever);
  EXPECT_EQ(notes.seen, (Seen{{1'000'000'000, 1}, {2'000'000'001, 2}, {3'000'000'000, 3}}));
  EXPECT_EQ(engine.handled(), 3);
  EXPECT_EQ(engine.now(), at(3s));
}

TEST(Engine, RefusesThePast) {
  Engine engine;
  Notes notes(engine);
  engine.run_until(at(2s));
  EXPECT_THROW(engine.at(at(2s - 1ns), notes.number, 0), std::logic_error);
  EXPECT_NO_THROW(engine.at(at(2s), notes.number, 0));
}

TEST(Engine, RefusesAHandlerThatIsNotThere) {
  Engine engine;
  engine.at(at(1s), 17, 0);
  EXPECT_THROW(engine.run_until(Engine::kForever), std::logic_error);
}

TEST(Engine, CallsAndStops) {
  Engine engine;
  std::vector<int> order;
  engine.call_at(at(2s), [&] { order.push_back(2); });
  engine.call_at(at(1s), [&] {
    order.push_back(1);
    engine.call_at(engine.now(), [&] { order.push_back(11); });
  });
  engine.call_at(at(3s), [&] {
    order.push_back(3);
    engine.stop();
  });
  engine.call_at(at(3s), [&] { order.push_back(4); });
  engine.run_until(at(10s));
  EXPECT_EQ(order, (std::vector<int>{1, 11, 2, 3}));
  EXPECT_EQ(engine.now(), at(3s));
  engine.run_until(at(10s));
  EXPECT_EQ(order.back(), 4);
  EXPECT_EQ(engine.now(), at(10s));
}

class Expecting final : public EventHandler {
 public:
  explicit Expecting(Engine& engine) : number(engine.add(*this)) {}
  void on_event(std::uint32_t argument) override { told += stages_.at(argument) == 2 ? 1 : 0; }
  void expect(std::uint32_t argument, bool again) const override {
    if (!again) {
      EXPECT_EQ(stages_.at(argument), 0) << argument;
    }
    stages_.at(argument) += 1;
  }

  const std::uint32_t number;
  int told = 0;  // events that were expected twice before they came

 private:
  mutable std::vector<int> stages_ = std::vector<int>(10'000);
};

TEST(Engine, TellsMostEventsAheadWhenThereAreMany) {
  for (const std::uint32_t count : {400u, 10'000u}) {
    Engine engine;
    Expecting handler(engine);
    for (std::uint32_t i = 0; i < count; ++i) engine.at(at(Duration(1000 * i)), handler.number, i);
    engine.run_until(Engine::kForever);
    if (count < 500) {
      EXPECT_EQ(handler.told, 0);
    } else {
      EXPECT_GT(handler.told, 4000);
    }
  }
}

class Bell final : public EventHandler {
 public:
  explicit Bell(Engine& engine) : engine_(engine), number_(engine.add(*this)) {}
  void on_event(std::uint32_t argument) override {
    if (alarm_.rang(engine_, number_, argument)) rings.push_back(to_ns(engine_.now()));
  }
  void set(Duration when) { alarm_.set(engine_, number_, 3, at(when)); }
  Alarm& alarm() { return alarm_; }

  std::vector<std::int64_t> rings;

 private:
  Engine& engine_;
  std::uint32_t number_;
  Alarm alarm_;
};

TEST(Alarm, RingsOnceWhenItIsDue) {
  Engine engine;
  Bell bell(engine);
  bell.set(10ns);
  EXPECT_TRUE(bell.alarm().is_set());
  EXPECT_EQ(bell.alarm().due(), at(10ns));
  engine.run_until(Engine::kForever);
  EXPECT_EQ(bell.rings, (std::vector<std::int64_t>{10}));
  EXPECT_FALSE(bell.alarm().is_set());
}

TEST(Alarm, MovesLaterWithoutAnotherEventUntilTheFirstCame) {
  Engine engine;
  Bell bell(engine);
  for (int i = 10; i <= 50; ++i) bell.set(Duration(i));
  EXPECT_EQ(engine.pending(), 1);
  engine.run_until(Engine::kForever);
  EXPECT_EQ(bell.rings, (std::vector<std::int64_t>{50}));
}

TEST(Alarm, MovesEarlierAndThenIgnoresWhatIsLeftOver) {
  Engine engine;
  Bell bell(engine);
  bell.set(50ns);
  bell.set(20ns);
  engine.run_until(at(20ns));
  EXPECT_EQ(bell.rings, (std::vector<std::int64_t>{20}));
  bell.set(60ns);
  engine.run_until(at(55ns));
  EXPECT_EQ(bell.rings.size(), 1);
  engine.run_until(at(60ns));
  EXPECT_EQ(bell.rings, (std::vector<std::int64_t>{20, 60}));
  bell.set(70ns);
  bell.set(65ns);
  engine.run_until(at(65ns));
  bell.set(70ns);  // where an event is still on its way
  engine.run_until(Engine::kForever);
  EXPECT_EQ(bell.rings, (std::vector<std::int64_t>{20, 60, 65, 70}));
}

TEST(Alarm, DoesNotRingWhenItWasCancelled) {
  Engine engine;
  Bell bell(engine);
  bell.set(10ns);
  bell.alarm().cancel();
  engine.run_until(Engine::kForever);
  EXPECT_TRUE(bell.rings.empty());
}

}  // namespace
}  // namespace cats::sim
