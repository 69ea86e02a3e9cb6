// The session table as an event log tells it.
#include "cpsel/session_changes.h"

#include "tests/cpsel/selection_fixture.h"

namespace cats::cpsel::test {
namespace {

using testing::SizeIs;

FlowTuple flow(std::uint16_t port) {
  return {IpAddress::of("2001:db8::1"), IpAddress::of("2001:2::100"), 6, port, 8080};
}

class SessionChangesTest : public SelectionTest {
 protected:
  SessionChanges changes_{log_, [](std::uint32_t mark) { return mark == 1 ? "one" : "two"; }};
};

TEST_F(SessionChangesTest, TellsWhatIsNewHasMovedAndIsGone) {
  changes_.compare(kBegins, {{flow(1), 1, 10}, {flow(2), 2, 11}});
  changes_.compare(kBegins + 1s, {{flow(1), 1, 10}, {flow(2), 2, 11}});
  ASSERT_THAT(events("flow"), SizeIs(2));
  EXPECT_EQ(events("flow_poll").back().at("entries"), 2);
  changes_.compare(kBegins + 2s, {{flow(1), 2, 10}});
  const auto flows = events("flow");
  ASSERT_THAT(flows, SizeIs(4));
  EXPECT_EQ(flows[2].at("instance"), "two");
  EXPECT_EQ(flows[2].at("first_ns"), to_ns(kBegins));
  EXPECT_TRUE(flows[2].at("gone_ns").is_null());
  EXPECT_EQ(flows[3].at("tuple").at("sport"), 2);
  EXPECT_EQ(flows[3].at("gone_ns"), to_ns(kBegins + 2s));
  EXPECT_THAT(events("flow_poll"), SizeIs(3));
}

TEST_F(SessionChangesTest, APortThatIsUsedAgainIsAnotherEntry) {
  changes_.compare(kBegins, {{flow(1), 1, 10}});
  changes_.compare(kBegins + 1s, {{flow(1), 1, 12}});
  const auto flows = events("flow");
  ASSERT_THAT(flows, SizeIs(3));
  EXPECT_TRUE(flows[1].at("gone_ns").is_null());
  EXPECT_EQ(flows[1].at("first_ns"), to_ns(kBegins + 1s));
  EXPECT_EQ(flows[2].at("gone_ns"), to_ns(kBegins + 1s));
}

TEST_F(SessionChangesTest, AtTheEndWhatIsThereIsToldOnceMoreAndForgotten) {
  changes_.compare(kBegins, {{flow(1), 1, 10}});
  changes_.end(kBegins + 5s);
  ASSERT_THAT(events("flow"), SizeIs(2));
  EXPECT_TRUE(events("flow").back().at("gone_ns").is_null());
  changes_.end(kBegins + 6s);
  EXPECT_THAT(events("flow"), SizeIs(2));
}

}  // namespace
}  // namespace cats::cpsel::test
