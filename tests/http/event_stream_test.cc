#include "http/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> data_of(const std::vector<StreamEvent>& events) {
  std::vector<std::string> all;
  for (const StreamEvent& event : events) all.push_back(event.name + ":" + event.data);
  return all;
}

std::vector<std::string> parsed(std::string_view text) { return data_of(EventParser().read(text).value()); }

class Feed : public testing::Test {
 protected:
  std::vector<std::string> next(EventFeed::Position& position) { return parsed(feed_.next(position)); }

  std::string state_ = "nothing";
  EventFeed feed_{"a", 3, [this] { return state_; }};
};

TEST_F(Feed, BeginsWithTheSnapshotAndGoesOnWithEvents) {
  feed_.publish("update", "1");
  state_ = "one";
  auto position = feed_.position("");
  EXPECT_THAT(next(position), ElementsAre("snapshot:one"));
  EXPECT_THAT(next(position), IsEmpty());
  feed_.publish("update", "2");
  feed_.publish("update", "3");
  EXPECT_THAT(next(position), ElementsAre("update:2", "update:3"));
}

TEST_F(Feed, ResumesAfterTheLastEventWithoutGapOrRepetition) {
  for (const char* data : {"1", "2", "3"}) feed_.publish("update", data);
  auto position = feed_.position("a-1");
  EXPECT_THAT(next(position), ElementsAre("update:2", "update:3"));
  auto at_the_end = feed_.position("a-3");
  EXPECT_THAT(next(at_the_end), IsEmpty());
}

TEST_F(Feed, WhoIsTooFarBehindGetsTheSnapshot) {
  for (const char* data : {"1", "2", "3", "4", "5"}) feed_.publish("update", data);
  state_ = "five";
  for (const char* last : {"a-1", "b-4", "a-6", "a-", "a-4x", "4", "-4"}) {
    auto position = feed_.position(last);
    EXPECT_THAT(next(position), ElementsAre("snapshot:five")) << last;
    EXPECT_THAT(next(position), IsEmpty()) << last;
  }
  auto kept = feed_.position("a-2");
  EXPECT_THAT(next(kept), ElementsAre("update:3", "update:4", "update:5"));
}

TEST_F(Feed, WakesOnceThoseThatWait) {
  int woken = 0;
  feed_.wait([&] { ++woken; });
  const auto ticket = feed_.wait([&] { woken += 100; });
  feed_.forget(ticket);
  feed_.publish("update", "1");
  feed_.publish("update", "2");
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(feed_.waiting(), 0U);
}

TEST_F(Feed, RefusesDataOfSeveralLines) { EXPECT_THROW(feed_.publish("update", "a\nb"), std::logic_error); }

// The examples of the standard's section 9.2.6, and its rules for what is odd.
TEST(EventParser, ReadsWhatTheStandardShows) {
  EXPECT_THAT(parsed("data: YHOO\ndata: +2\ndata: 10\n\n"), ElementsAre("message:YHOO\n+2\n10"));
  EXPECT_THAT(parsed(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
              ElementsAre("message:first event", "message:second event", "message: third event"));
  EXPECT_THAT(parsed("data\n\ndata\ndata\n\ndata:"), ElementsAre("message:", "message:\n"));
  EXPECT_THAT(parsed("data:test\n\ndata: test\n\n"), ElementsAre("message:test", "message:test"));
  EXPECT_THAT(parsed("\xEF\xBB\xBF"
                     "data: x\r\n\r\nevent: a\rdata: y\r\revent: b\n\ndata: z\n\n"),
              ElementsAre("message:x", "a:y", "message:z"));
}

TEST(EventParser, KeepsTheLastId) {
  EventParser parser;
  const auto events = parser.read("id: 7\ndata: x\n\ndata: y\n\nid: 8\n\n").value();
  EXPECT_EQ(events.at(0).id, "7");
  EXPECT_EQ(events.at(1).id, "7");
  EXPECT_EQ(parser.last_event_id(), "8");
  parser.read("id: 9\nda");
  parser.reset();
  EXPECT_EQ(parser.read("data: z\n\n").value().at(0).id, "9");
}

TEST(EventParser, GivesUpOnAnEventWithoutEnd) {
  EventParser parser;
  const std::string part(EventParser::kLongest / 4, 'x');
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(parser.read(part));
  EXPECT_FALSE(parser.read("x"));
}

}  // namespace
}  // namespace cats::http
