// Who takes the parts: threads, and other processes.
#include <array>
#include <atomic>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "sim/world/model.h"
#include "suite/merge_parts.h"
#include "suite/part_pool.h"
#include "suite/part_server.h"
#include "suite/part_worker.h"
#include "tests/suite/fake_run.h"
#include "tests/suite/simulated_run.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration kPatience = 60s;

std::vector<PlannedPart> some_parts() { return parts_of(plan_trials(fake_scenario()), sim::kWorldBegins); }

std::string error_of(const PartPool::Ended& ended) {
  if (!ended.error) return "";
  try {
    std::rethrow_exception(ended.error);
  } catch (const std::exception& error) {
    return error.what();
  }
}

TEST(PartPool, SaysWhatHasEndedAndHow) {
  const auto parts = some_parts();
  PartPool pool(2, [](const PlannedPart& part) {
    if (part.number == 1) throw UsageError("no such world");
  });
  EXPECT_EQ(pool.idle(), 2U);
  EXPECT_FALSE(pool.ended(Duration{}));
  pool.begin(parts[0]);
  pool.begin(parts[1]);
  EXPECT_EQ(pool.idle(), 0U);
  std::map<std::size_t, std::string> ended;
  for (int i = 0; i < 2; ++i) {
    const auto one = pool.ended(kPatience);
    ASSERT_TRUE(one);
    ended[one->number] = error_of(*one);
  }
  EXPECT_EQ(ended, (std::map<std::size_t, std::string>{{0, ""}, {1, "no such world"}}));
  EXPECT_EQ(pool.idle(), 2U);
}

TEST(PartPool, GivesUpWhatDoesNotCountAnyMore) {
  const auto parts = some_parts();
  std::atomic<bool> first_may_end = false;
  std::atomic<int> running = 0;
  PartPool pool(2, [&](const PlannedPart& part) {
    ++running;
    while (part.number != 0 || !first_may_end) {
      throw_if_interrupted();
      std::this_thread::sleep_for(1ms);
    }
  });
  pool.begin(parts[0]);
  pool.begin(parts[2]);
  while (running < 2) std::this_thread::sleep_for(1ms);
  pool.give_up_after(1);
  const auto given_up = pool.ended(kPatience);
  ASSERT_TRUE(given_up);
  EXPECT_EQ(given_up->number, 2U);
  EXPECT_EQ(error_of(*given_up), "interrupted");
  first_may_end = true;
  const auto ended = pool.ended(kPatience);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->number, 0U);
  EXPECT_EQ(error_of(*ended), "");
  // The thread that was interrupted takes others.
  pool.begin(parts[0]);
  ASSERT_TRUE(pool.ended(kPatience));
  // And what is taken when the pool goes ends with it.
  pool.begin(parts[2]);
  EXPECT_FALSE(interrupted());
}

// Two processes as two threads.
class TwoRanks {
 public:
  class End final : public Ranks {
   public:
    End(TwoRanks& both, int rank) : both_(both), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return 2; }
    void send(int to, std::string_view octets) override {
      const std::scoped_lock lock(both_.mutex_);
      both_.inbox_.at(static_cast<std::size_t>(to)).push_back({rank_, std::string(octets)});
    }
    std::optional<Message> poll() override {
      const std::scoped_lock lock(both_.mutex_);
      auto& inbox = both_.inbox_.at(static_cast<std::size_t>(rank_));
      if (inbox.empty()) return std::nullopt;
      Message message = std::move(inbox.front());
      inbox.pop_front();
      return message;
    }
    void finish() override { finished = true; }

    std::atomic<bool> finished = false;

   private:
    TwoRanks& both_;
    int rank_;
  };

  End first{*this, 0};
  End second{*this, 1};

 private:
  std::mutex mutex_;
  std::array<std::deque<Ranks::Message>, 2> inbox_;
};

// As `catsbench sim` leaves a run directory before the first trial.
void write_inputs(const scenarios::Scenario& scenario, const fs::path& directory) {
  into(directory);
  write_file(directory / "scenario.yaml", scenario.text);
  write_file(directory / "topology.clab.yml", read_file(scenario.topology_file));
  const nlohmann::json environment = {{"run", {{"quick", true}}},
                                      {"topologies", {{scenario.topology, "topology.clab.yml"}}}};
  write_file(directory / "environment.json", environment.dump());
  fs::create_directories(directory / "traces");
  write_file(directory / "traces/empty.csv", "");
  write_file(directory / "report.json", "not for others");
}

TEST(PartServer, WhatOtherProcessesTakeIsWhatThisOneWouldHaveTaken) {
  const scenarios::Scenario scenario = simulated_scenario({"engine=sim"});
  const support::TemporaryDirectory directory;
  write_inputs(scenario, directory.path());
  const fs::path parts_directory = directory / "parts";
  const auto parts = parts_of(plan_trials(scenario), sim::kWorldBegins);
  // What a process that was lost has left.
  fs::create_directories(parts_directory / begun_name(parts[0].trial) / "events");
  write_file(parts_directory / begun_name(parts[0].trial) / "events/r1.jsonl", "torn");

  TwoRanks ranks;
  std::thread other([&] { work_for_rank_0(ranks.second, 2, {}); });
  std::set<std::size_t> complete;
  std::size_t next = 0;
  PartServer server(ranks.first, directory.path(), parts_directory,
                    {[&]() -> std::optional<PlannedPart> {
                       if (next == parts.size()) return std::nullopt;
                       return parts[next++];
                     },
                     [&](std::size_t number) { complete.insert(number); },
                     [](std::size_t number, const std::string& why) { ADD_FAILURE() << number << ": " << why; }});
  const Instant deadline = MonotonicClock().now() + kPatience;
  while (complete.size() < parts.size() && MonotonicClock().now() < deadline) {
    server.serve();
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(server.threads(), 2U);
  server.stop();
  other.join();
  EXPECT_TRUE(ranks.first.finished && ranks.second.finished);
  ASSERT_EQ(complete.size(), parts.size());
  const support::TemporaryDirectory own;
  for (const PlannedPart& part : parts) {
    take_part(part, {directory.path(), own.path()});
    EXPECT_EQ(contents(parts_directory / directory_name(part.trial)), contents(own / directory_name(part.trial)));
  }
}

TEST(PartServer, AnErrorElsewhereIsToldWithItsPlace) {
  const scenarios::Scenario scenario = simulated_scenario({"engine=sim"});
  const support::TemporaryDirectory directory;
  write_inputs(scenario, directory.path());
  PlannedPart part = parts_of(plan_trials(scenario), sim::kWorldBegins).front();
  TwoRanks ranks;
  // Another process that cannot take the part: it answers by hand.
  ranks.second.send(0, R"({"kind":"ask","idle":1})"
                       "\n");
  ranks.second.send(0, R"({"kind":"failed","number":0,"why":"no space left"})"
                       "\n");
  bool given = false;
  std::string told;
  PartServer server(ranks.first, directory.path(), directory / "parts",
                    {[&]() -> std::optional<PlannedPart> {
                       if (std::exchange(given, true)) return std::nullopt;
                       return part;
                     },
                     [](std::size_t) { ADD_FAILURE(); }, [&](std::size_t, const std::string& why) { told = why; }});
  server.serve();
  EXPECT_EQ(told, "rank 1: no space left");
  server.give_up_after(0);
  ranks.second.send(0, R"({"kind":"ask","idle":1})"
                       "\n");
  server.serve();
  ASSERT_TRUE(ranks.second.poll());  // the part
  EXPECT_EQ(ranks.second.poll()->octets, R"({"give_up_after":0,"kind":"wait"})"
                                         "\n");
  ranks.second.send(0, "what?");
  EXPECT_THROW(server.serve(), UsageError);
}

}  // namespace
}  // namespace cats::suite
