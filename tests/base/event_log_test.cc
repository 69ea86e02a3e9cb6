#include "base/event_log.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/temporary_directory.h"

namespace cats {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class FixedClock final : public Clock {
 public:
  Instant now() const override { return from_ns(42); }
};

class EventLogFile : public testing::Test {
 protected:
  std::string text() const { return read_file(path_); }

  support::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "r1.jsonl";
  FixedClock clock_;
  EventLog log_{path_, "r1", clock_};
};

TEST_F(EventLogFile, WritesTheSameLineHoweverTheMembersAreGiven) {
  const std::map<std::string, double> values{{"norm_fi", 7}, {"processing_delay", 3.25}};
  log_.write("x", {{"source", "2001:2::1"}, {"values", values}});
  log_.write_members(clock_.now(), "x", [&](JsonWriter& line) {
    line.field("source", "2001:2::1");
    line.field("values", values);
  });
  log_.write_object("x", nlohmann::ordered_json({{"source", "2001:2::1"}, {"values", values}}).dump());
  const std::string line =
      R"({"t_ns":42,"node":"r1","event":"x","source":"2001:2::1","values":{"norm_fi":7.0,"processing_delay":3.25}})"
      "\n";
  EXPECT_EQ(text(), line + line + line);
}

TEST_F(EventLogFile, AnEventNeedsNoMembers) {
  log_.write("x");
  log_.write_members(clock_.now(), "x", [](JsonWriter&) {});
  log_.write_object("x", "{}");
  const std::string line = "{\"t_ns\":42,\"node\":\"r1\",\"event\":\"x\"}\n";
  EXPECT_EQ(text(), line + line + line);
}

TEST_F(EventLogFile, ABufferedOneWritesWhenAskedOrFull) {
  const std::filesystem::path path = directory_ / "r2.jsonl";
  EventLog log(path, "r2", clock_, EventLog::Write::buffered);
  const std::string line = "{\"t_ns\":42,\"node\":\"r2\",\"event\":\"x\"}\n";
  log.write("x");
  log.write_members(clock_.now(), "x", [](JsonWriter&) {});
  log.together([&] { log.write("x"); });
  EXPECT_EQ(read_file(path), "");
  log.flush();
  EXPECT_EQ(read_file(path), line + line + line);
  log.flush();
  for (std::size_t written = 0; written < EventLog::kTogether; written += line.size()) log.write("x");
  EXPECT_GT(read_file(path).size(), EventLog::kTogether);
}

TEST_F(EventLogFile, WhatAPeerSaidMayBeNoUtf8) {
  log_.write("x", {{"why", "\xff"}});
  log_.write_members(clock_.now(), "x", [](JsonWriter& line) { line.field("why", "\xff"); });
  const auto events = read_events(path_);
  ASSERT_TRUE(events) << events.error().message;
  EXPECT_EQ(events->at(0), events->at(1));
}

TEST_F(EventLogFile, ALineIsThereWhenItWasWritten) {
  log_.write("one");
  EXPECT_THAT(text(), HasSubstr("one"));
  log_.write_members(clock_.now(), "two", [](JsonWriter&) {});
  EXPECT_THAT(text(), HasSubstr("two"));
}

TEST_F(EventLogFile, LinesOfOnePieceOfWorkComeTogether) {
  log_.together([&] {
    log_.write("one");
    log_.together([&] { log_.write("two"); });
    EXPECT_EQ(text(), "");
  });
  EXPECT_EQ(read_events(path_)->size(), 2U);
  EXPECT_THROW(log_.together([&] {
    log_.write("three");
    throw std::runtime_error("work");
  }),
               std::runtime_error);
  EXPECT_EQ(read_events(path_)->size(), 3U);
  log_.write("four");
  EXPECT_EQ(read_events(path_)->size(), 4U);
}

TEST_F(EventLogFile, NoMoreIsKeptThanItSays) {
  log_.together([&] {
    for (std::size_t octets = 0; octets < EventLog::kTogether; octets += 100)
      log_.write("x", {{"text", std::string(100, 'x')}});
    EXPECT_GE(text().size(), EventLog::kTogether);
    EXPECT_THAT(text(), EndsWith("\n"));
  });
}

TEST_F(EventLogFile, ALineThatWasNotEndedIsNotWritten) {
  EXPECT_THROW(log_.write_members(clock_.now(), "bad",
                                  [](JsonWriter& line) {
                                    line.field("a", 1);
                                    throw std::runtime_error("no more");
                                  }),
               std::runtime_error);
  log_.write("good");
  EXPECT_EQ(text(), "{\"t_ns\":42,\"node\":\"r1\",\"event\":\"good\"}\n");
}

TEST_F(EventLogFile, AProcessThatIsStartedAnewCutsTheTornLineOfTheOneBefore) {
  log_.write("one");
  std::ofstream(path_, std::ios::app) << R"({"t_ns": 6, "node": ")" << std::string(10'000, 'x');
  EventLog again(path_, "r1", clock_);
  again.write("two");
  const auto events = read_events(path_);
  ASSERT_TRUE(events) << events.error().message;
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ(events->at(1).at("event"), "two");
}

TEST_F(EventLogFile, ATornFirstLineIsCutToo) {
  std::ofstream(path_, std::ios::app) << std::string(5'000, 'x');
  EventLog again(path_, "r1", clock_);
  EXPECT_EQ(text(), "");
}

TEST(EventLogErrors, AFullDiskIsTold) {
  const FixedClock clock;
  EventLog log("/dev/full", "r1", clock);
  try {
    log.write("x");
    FAIL();
  } catch (const SystemError& error) {
    EXPECT_STREQ(error.what(), "write /dev/full: No space left on device");
  }
}

}  // namespace
}  // namespace cats
