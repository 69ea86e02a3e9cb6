#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/diagnostics.h"
#include "base/event_log.h"
#include "base/file.h"
#include "tests/support/temporary_directory.h"

namespace cats {
namespace {

TEST(File, WritesWholeFilesAndHashesThem) {
  const support::TemporaryDirectory directory;
  write_file(directory.path() / "x", "abc");
  EXPECT_EQ(read_file(directory.path() / "x"), "abc");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(File, ErrorsNameThePath) {
  try {
    read_file("/nonexistent/file");
    FAIL();
  } catch (const SystemError& error) {
    EXPECT_STREQ(error.what(), "open /nonexistent/file: No such file or directory");
  }
}

TEST(EventLog, ReadsBackWhatWasWrittenAndDropsATornLine) {
  const support::TemporaryDirectory directory;
  const auto path = directory.path() / "es1.jsonl";
  const MonotonicClock clock;
  EventLog log(path, "es1", clock);
  log.write_at(from_ns(5), "sample", {{"source", "2001:2::1"}});
  log.write("fault", {{"kind", "none"}});
  std::ofstream(path, std::ios::app) << R"({"t_ns": 6, "node")";
  const auto events = read_events(path);
  ASSERT_TRUE(events.has_value()) << events.error().message;
  ASSERT_EQ(events->size(), 2);
  EXPECT_EQ(events->at(0).at("t_ns"), 5);
  EXPECT_EQ(events->at(0).at("node"), "es1");
  EXPECT_EQ(events->at(1).at("event"), "fault");
}

TEST(EventLog, NamesABadLine) {
  const support::TemporaryDirectory directory;
  const auto path = directory.path() / "es1.jsonl";
  std::ofstream(path) << "{\"t_ns\":1,\"event\":\"x\"}\nnonsense\n";
  const auto events = read_events(path);
  ASSERT_FALSE(events.has_value());
  EXPECT_EQ(events.error().message, path.string() + ":2: not an event: nonsense");
}

TEST(Diagnostics, NearMissesAreNear) {
  const std::vector<std::string> words{"interval", "mode", "age_limit"};
  EXPECT_EQ(did_you_mean("intervall", words), ", did you mean \"interval\"?");
  EXPECT_EQ(did_you_mean("xyz", words), "");
  EXPECT_EQ(one_of(words), "interval, mode or age_limit");
}

}  // namespace
}  // namespace cats
