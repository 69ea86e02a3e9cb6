// The kernel's part of an ingress: slots in turn, sessions that keep their mark, entries that age.
#include "sim/world/flow_table.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::sim {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

const IpAddress kService = IpAddress::of("2001:2::100");

Instant at(Duration since) { return Instant(1000s + since); }

FlowTuple flow(std::uint16_t port) { return {IpAddress::of("2001:db8::1"), kService, 6, port, 8080}; }

class FlowTableTest : public testing::Test {
 protected:
  void make(bool conntrack = true) { table_ = FlowTable({1, 4, conntrack, 2s}); }
  std::vector<std::uint32_t> ports(std::uint16_t first, std::uint16_t last, Duration since = 0s) {
    std::vector<std::uint32_t> marks;
    for (std::uint16_t port = first; port <= last; ++port) marks.push_back(table_.mark(0, flow(port), at(since)));
    return marks;
  }

  FlowTable table_{{1, 4, true, 2s}};
};

TEST_F(FlowTableTest, NewFlowsTakeTheSlotsInTurn) {
  EXPECT_EQ(table_.set_slots(0, {1, 2, 1, 3}), 4U);
  EXPECT_THAT(ports(1, 6), ElementsAre(1, 2, 1, 3, 1, 2));
  EXPECT_EQ(table_.set_slots(0, {1, 2, 2, 3}), 1U);
  EXPECT_THAT(ports(7, 9), ElementsAre(2, 3, 1));  // goes on where it was
  EXPECT_THAT(table_.flows(0), ElementsAre(Pair(1, 4), Pair(2, 3), Pair(3, 2)));
}

TEST_F(FlowTableTest, AFlowKeepsItsMarkAndAnUnsteeredOneKeepsNone) {
  EXPECT_THAT(ports(1, 1), ElementsAre(0));  // the first slot was empty
  table_.set_slots(0, {1, 2, 1, 2});
  EXPECT_THAT(ports(1, 3), ElementsAre(0, 2, 1));
  table_.set_slots(0, {3, 3, 3, 3});
  EXPECT_THAT(ports(1, 4), ElementsAre(0, 2, 1, 3));
  EXPECT_THAT(table_.flows(0), ElementsAre(Pair(0, 1), Pair(1, 1), Pair(2, 1), Pair(3, 1)));
  EXPECT_THAT(table_.marked(at(0s)), SizeIs(3));
}

TEST_F(FlowTableTest, EntriesOfClosedSessionsAgeOut) {
  table_.set_slots(0, {1, 1, 2, 2});
  ports(1, 2);
  table_.closed(flow(1), at(1s));
  table_.closed(flow(1), at(2s));  // it was over already
  table_.closed(flow(9), at(2s));
  EXPECT_THAT(table_.marked(at(3s - 1ns)), SizeIs(2));
  const auto left = table_.marked(at(3s));
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].tuple, flow(2));
}

TEST_F(FlowTableTest, APortThatIsUsedAgainIsANewFlowWithATimeOfItsOwn) {
  table_.set_slots(0, {1, 2, 1, 2});
  EXPECT_THAT(ports(1, 1), ElementsAre(1));
  table_.closed(flow(1), at(1s));
  EXPECT_THAT(ports(1, 1, 2s), ElementsAre(2));
  ASSERT_THAT(table_.marked(at(10s)), SizeIs(1));
  EXPECT_EQ(table_.marked(at(10s))[0].id, 2U);
  table_.closed(flow(1), at(10s));
  EXPECT_THAT(table_.marked(at(12s)), IsEmpty());
}

TEST_F(FlowTableTest, ForgetsSessionsAndIsMadeAnewWithoutThem) {
  table_.set_slots(0, {1, 2, 1, 2});
  ports(1, 3);
  table_.make_anew();
  EXPECT_THAT(table_.slots(0), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(table_.flows(0), IsEmpty());
  EXPECT_THAT(ports(1, 4), ElementsAre(1, 2, 1, 0));
  EXPECT_EQ(table_.forget(at(0s)), 4U);
  EXPECT_THAT(table_.marked(at(0s)), IsEmpty());
  EXPECT_THAT(ports(1, 1), ElementsAre(0));  // in mid-session: a new flow
}

TEST_F(FlowTableTest, WithoutConntrackEachPacketTakesASlot) {
  make(false);
  table_.set_slots(0, {1, 2, 3, 4});
  EXPECT_EQ(table_.mark(0, flow(1), at(0s)), 1U);
  EXPECT_EQ(table_.mark(0, flow(1), at(0s)), 2U);
  EXPECT_THAT(table_.flows(0), IsEmpty());
  EXPECT_THAT(table_.marked(at(0s)), IsEmpty());
}

TEST_F(FlowTableTest, MovesTheOldestOpenSession) {
  table_.set_slots(0, {1, 2, 1, 2});
  ports(1, 3);
  table_.closed(flow(1), at(0s));
  const auto moved = table_.move_session({{kService, {2, 1}}}, at(0s));
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->tuple, flow(2));
  EXPECT_EQ(moved->from, 2U);
  EXPECT_EQ(moved->to, 1U);
  EXPECT_EQ(table_.mark(0, moved->tuple, at(0s)), 1U);
  EXPECT_FALSE(table_.move_session({{kService, {1}}}, at(0s)));  // no other instance
  EXPECT_FALSE(table_.move_session({}, at(0s)));
}

TEST(FlowHash, IsUniformWithPortsAndSeesNoPortsWithout) {
  std::array<int, 3> hits{};
  for (std::uint16_t port = 10000; port < 40000; ++port) ++hits[(flow_hash(flow(port), 7, true) >> 32) * 3 >> 32];
  for (const int hit : hits) EXPECT_NEAR(hit, 10000, 330);  // four standard deviations
  EXPECT_EQ(flow_hash(flow(1), 7, false), flow_hash(flow(2), 7, false));
  EXPECT_NE(flow_hash(flow(1), 7, true), flow_hash(flow(1), 8, true));
  const FlowTuple v4{IpAddress::of("198.18.0.2"), IpAddress::of("198.19.0.1"), 6, 1, 8080};
  const FlowTuple other{IpAddress::of("198.18.0.3"), IpAddress::of("198.19.0.1"), 6, 1, 8080};
  EXPECT_NE(flow_hash(v4, 7, false), flow_hash(other, 7, false));
}

}  // namespace
}  // namespace cats::sim
