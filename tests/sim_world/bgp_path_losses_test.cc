// Processes, routers and links that are lost while updates are on their way.
#include "tests/sim_world/bgp_path_fixture.h"

namespace cats::sim::test {
namespace {

TEST_F(BgpPathTest, AnEgressThatLosesItsDaemonsTakesItsRoutesAlong) {
  build();
  send_at(0ms, 0, 1);
  send_at(0ms, 1, 2);
  at(1s, [&] { path_->set_routing("r2", false); });
  send_at(1500ms, 0, 3);  // to nobody
  at(2s, [&] { path_->set_routing("r2", true); });
  send_at(2100ms, 0, 4);  // it is not back yet
  send_at(2s + BgpPath::kRedial + 1ms, 0, 5);
  run(10s);
  EXPECT_EQ(said(), (Words{"report 0", "report 1", "withdrawn 0", "report 0"}));
  EXPECT_EQ(heard_[2].at, 1s + 50ms);
  EXPECT_EQ(heard_[3].at, 2s + BgpPath::kRedial + BgpPath::kFirstTelling + kHop + 50ms);
  EXPECT_EQ(heard_sequences(), (Sequences{1, 2, 5}));
  ASSERT_EQ(sessions_.size(), 2u);
  EXPECT_EQ(sessions_[0].what, "down");
  EXPECT_EQ(sessions_[0].at, 1s);
  EXPECT_EQ(sessions_[1].what, "up");
  EXPECT_EQ(sessions_[1].at, 2s + BgpPath::kRedial);
  EXPECT_EQ(sessions_[1].site, 0u);
}

TEST_F(BgpPathTest, AnIngressThatLosesItsDaemonsHearsAllAnewWhenItsSessionsAreBack) {
  build();
  send_at(0ms, 0, 1);
  send_at(0ms, 1, 2);
  at(1s, [&] { path_->set_routing("r1", false); });
  send_at(1500ms, 1, 3);
  at(2s, [&] { path_->set_routing("r1", true); });
  run(10s);
  EXPECT_EQ(said(), (Words{"report 0", "report 1", "session down 0", "session up 0", "report 0", "report 1"}));
  EXPECT_EQ(heard_[2].at, 1s);
  EXPECT_EQ(heard_[3].at, 2s + BgpPath::kRedial);
  EXPECT_EQ(heard_[4].at, 2s + BgpPath::kRedial + BgpPath::kFirstTelling + kHop + 50ms);
  EXPECT_EQ(heard_[5].at, heard_[4].at);
  EXPECT_EQ(heard_sequences(), (Sequences{1, 2, 1, 3}));
  EXPECT_TRUE(sessions_.empty());
}

TEST_F(BgpPathTest, WhatIsOnItsWayDoesNotOutliveItsSession) {
  build();
  send_at(0ms, 0, 1);
  at(20us, [&] { path_->set_routing("r2", false); });  // not there yet
  send_at(0ms, 1, 2);
  at(10ms, [&] { path_->set_routing("r3", false); });  // in its window
  run(3s);
  EXPECT_TRUE(hops("r2").empty());
  EXPECT_EQ(sequences("r3"), (Sequences{2}));
  EXPECT_TRUE(heard_.empty());
}

TEST_F(BgpPathTest, AnEdgeServersDeathWithdrawsItsRoute) {
  build();
  send_at(0ms, 0, 1);
  at(1s, [&] { path_->set_agent("es1", false); });
  at(2s, [&] { path_->set_agent("es1", true); });
  send_at(2s, 0, 2);
  run(3s);
  EXPECT_EQ(said(), (Words{"report 0", "withdrawn 0", "report 0"}));
  EXPECT_EQ(heard_[1].at, 1s + 50ms + kHop + 50ms);
  EXPECT_EQ(heard_[2].at, 2s + kLone);
}

TEST_F(BgpPathTest, AnEdgeServerThatStartsIsToldWhenItHasNoSession) {
  build();
  at(1s, [&] { path_->set_agent("es1", false); });
  at(1s, [&] { path_->set_routing("r2", false); });
  at(2s, [&] { path_->set_agent("es1", true); });
  at(3s, [&] { path_->set_routing("r2", true); });
  run(10s);
  ASSERT_EQ(sessions_.size(), 2u);
  EXPECT_EQ(sessions_[0].what, "down");
  EXPECT_EQ(sessions_[0].at, 2s);
  EXPECT_EQ(sessions_[1].what, "up");
  EXPECT_EQ(sessions_[1].at, 3s + BgpPath::kRedial);
}

TEST_F(BgpPathTest, AnAgentThatStartsHearsAllRoutesTogether) {
  build();
  send_at(0ms, 0, 1);
  send_at(0ms, 1, 2);
  at(1s, [&] { path_->set_agent("r1", false); });
  send_at(1200ms, 1, 3);
  at(2s, [&] { path_->set_agent("r1", true); });
  send_at(2500ms, 0, 4);  // at the router, which waits
  run(4s);
  EXPECT_EQ(said(), (Words{"report 0", "report 1", "session up 0", "report 0", "report 1"}));
  EXPECT_EQ(heard_sequences(), (Sequences{1, 2, 4, 3}));
  EXPECT_EQ(heard_[2].at, 2s);
  for (const std::size_t i : {3U, 4U}) EXPECT_EQ(heard_[i].at, 2s + BgpPath::kFirstTelling);
}

TEST_F(BgpPathTest, ASessionThatEndsBeforeItsFirstRoutesCarriesNone) {
  build();
  send_at(0ms, 0, 1);
  at(1s, [&] { path_->set_agent("r1", false); });
  at(2s, [&] { path_->set_agent("r1", true); });
  at(3s, [&] { path_->set_agent("r1", false); });
  at(3100ms, [&] { path_->set_agent("r1", true); });
  run(5s);
  EXPECT_EQ(said(), (Words{"report 0", "session up 0", "session up 0", "report 0"}));
  EXPECT_EQ(heard_[3].at, 3100ms + BgpPath::kFirstTelling);
}

TEST_F(BgpPathTest, ALinkThatIsDownTakesTheRoutesBehindItAlong) {
  build();
  send_at(0ms, 0, 1);
  const auto set = [&](const char* a, const char* b, bool up) {
    network_->set_link(a, b, up);
    path_->network_changed();
  };
  at(1s, [&] { set("r1", "r2", false); });
  send_at(1500ms, 0, 2);
  at(2s, [&] { set("r1", "r2", true); });
  at(9s, [&] { set("r2", "es1", false); });
  run(10s);
  EXPECT_EQ(said(), (Words{"report 0", "withdrawn 0", "report 0", "withdrawn 0"}));
  EXPECT_EQ(heard_[1].at, 1s + 50ms);
  EXPECT_EQ(heard_[2].at, 2s + BgpPath::kLinkReturn + BgpPath::kFirstTelling + kHop + 50ms);
  EXPECT_EQ(heard_[2].report.stamp->sequence, 2u);
  EXPECT_EQ(heard_[3].at, 9s + 50ms + kHop + 50ms);
  ASSERT_EQ(sessions_.size(), 1u);
  EXPECT_EQ(sessions_[0].at, 9s);
}

TEST_F(BgpPathTest, ARouterThatNoPacketReachesHasNoSessionsWithOthers) {
  build();
  send_at(0ms, 0, 1);
  const auto set = [&](bool up) {
    network_->set_routing("r2", up);
    path_->network_changed(Duration(0));
  };
  at(1s, [&] { set(false); });
  at(2s, [&] { set(true); });
  send_at(1500ms, 0, 2);  // the edge server is linked to it
  run(4s);
  EXPECT_EQ(said(), (Words{"report 0", "withdrawn 0", "report 0"}));
  EXPECT_EQ(heard_[1].at, 1s + 50ms);
  EXPECT_EQ(heard_[2].at, 2s + BgpPath::kFirstTelling + kHop + 50ms);
  EXPECT_TRUE(sessions_.empty());
  EXPECT_EQ(heard_[2].report.stamp->sequence, 2u);
}

TEST_F(BgpPathTest, AnotherWayKeepsTheSessions) {
  build("triangle");
  path_->send(0, report_of(1));
  at(1s, [&] {
    network_->set_link("r1", "r2", false);
    path_->network_changed();
  });
  send_at(2s, 0, 2);
  run(3s);
  EXPECT_EQ(said(), (Words{"report 0", "report 0"}));
  EXPECT_EQ(heard_[1].at, 2s + kLone + kLink);
}

}  // namespace
}  // namespace cats::sim::test
