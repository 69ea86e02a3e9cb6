// What the tests of losses do to the simulated world (docs/simulator.md, "Losses").
#include <set>

#include "tests/sim_world/scenario_fixture.h"

namespace cats::sim::test {
namespace {

using scenarios::Part;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

constexpr const char* kHybrid = "mode: hybrid\ncontroller: {cps: split, fallback: service_norm}\n";
constexpr Duration kLinkDelay = 50us;
// From when a router passes packets again to its agent's, or its neighbours', first routes.
constexpr Duration kRoutes = BgpPath::kFirstTelling + kLinkDelay + BgpPath::kReceipt + 50ms;

class Losses : public testing::Test {
 protected:
  void begin(const std::string& more = "") {
    run_.testbed().configure(scenario(more));
    run_.sleep(1s);
  }
  Instant now() { return run_.testbed().now(); }
  // Away for that long; returns when its start began.
  Instant lose(const std::string& node, Part part, Duration away) {
    lost_ = now();
    run_.testbed().lose(node, part);
    run_.sleep(away);
    const Instant started = now();
    run_.testbed().restore(node, part);
    EXPECT_EQ(now() - started, part == Part::agent ? World::kProcessStart : World::kDaemonsStart);
    return started;
  }
  // Those of `node` from `since` on, as the time from then.
  std::vector<Duration> times(
      const std::string& event, const std::string& node, Instant since,
      const std::function<bool(const json&)>& which = [](const json&) { return true; }) {
    std::vector<Duration> found;
    for (const json& each : run_.events(event, node))
      if (const Duration time = from_ns(each.at("t_ns").get<std::int64_t>()) - since; time >= 0ns && which(each))
        found.push_back(time);
    return found;
  }
  static std::function<bool(const json&)> of(const std::string& csci) {
    return [csci](const json& event) { return event.at("source") == csci; };
  }
  static bool up(const json& event) { return event.at("up").get<bool>(); }
  static bool down(const json& event) { return !up(event); }
  std::string csci_of(const std::string& node) {
    for (const auto& site : run_.testbed().sites())
      if (site.node == node) return site.csci.str();
    return "";
  }

  SimulatedRun run_;
  Instant lost_;
};

TEST_F(Losses, AnIngressThatChoosesDecidesAgainWithItsFirstRoutes) {
  begin();
  const Instant started = lose("r1", Part::agent, 4s);
  EXPECT_THAT(times("decision", "r1", lost_), IsEmpty());
  run_.sleep(3s);
  EXPECT_EQ(times("bgp_state", "r1", started).at(0), World::kProcessStart);
  EXPECT_EQ(times("metric_received", "r1", started).at(0), World::kProcessStart + BgpPath::kFirstTelling);
  EXPECT_EQ(times("decision", "r1", started).at(0), World::kProcessStart + BgpPath::kFirstTelling + Model{}.deciding);
}

TEST_F(Losses, AControllerSteersAgainByWhatTheManagerKnows) {
  begin("mode: centralized\n");
  const Instant started = lose("sdn", Part::agent, 2s);
  EXPECT_THAT(times("decision", "sdn", lost_), IsEmpty());
  run_.sleep(1s);
  EXPECT_GT(times("decision", "sdn", started).at(0), World::kProcessStart);
  EXPECT_LT(times("decision", "sdn", started).at(0), World::kProcessStart + 5ms);
  EXPECT_LT(times("route_installed", "r1", started).at(0), World::kProcessStart + 5ms);
}

TEST_F(Losses, AnIngressGoesOnByItselfWithoutTheController) {
  begin(kHybrid);
  lose("sdn", Part::agent, 6s);
  const auto noticed = times("controller_state", "r1", lost_, down);
  ASSERT_THAT(noticed, SizeIs(1));
  EXPECT_GE(noticed[0], 2s);  // three seconds after the last order, which come every second at least
  EXPECT_LE(noticed[0], 3s);
  const auto decided = times("decision", "r1", lost_);
  EXPECT_GT(std::ranges::count_if(decided, [](Duration time) { return time < 6s; }), 12);
  EXPECT_THAT(times("controller_state", "r1", lost_, up), IsEmpty());
  run_.sleep(1s);
  EXPECT_THAT(times("controller_state", "r1", lost_, up), SizeIs(1));
}

TEST_F(Losses, AManagerThatIsBackIsFoundAtTheNextAttempt) {
  for (const std::string more : {"mode: centralized\n", kHybrid}) {
    begin(more);
    lose("esm", Part::agent, 2s);
    EXPECT_THAT(times("manager_state", "sdn", lost_, down), SizeIs(5));  // the loss, and four attempts
    run_.sleep(3s);
    const auto back = times("manager_state", "sdn", lost_, up);
    ASSERT_THAT(back, SizeIs(1));
    EXPECT_GT(back[0], 2500ms);
    EXPECT_LT(back[0], 2510ms);
    // What the manager tells anew is new.
    std::vector<std::string> received;
    const auto receipts = times("metric_received", "sdn", lost_ + 100ms, [&](const json& event) {
      received.push_back(event.at("source").get<std::string>() + event.at("seq").dump());
      return true;
    });
    EXPECT_GE(receipts.at(0) + 100ms, back[0]);
    EXPECT_EQ(std::set(received.begin(), received.end()).size(), received.size());
  }
}

TEST_F(Losses, AnIngressRouterIsWithoutRoutesUntilItPassesPackets) {
  for (const std::string more : {"", "mode: centralized\n", kHybrid}) {
    SCOPED_TRACE(more);
    begin(more);
    const Instant started = lose("r1", Part::routing, 1s);
    EXPECT_THAT(times("route_withdrawn", "r1", lost_), SizeIs(3));
    EXPECT_EQ(times("bgp_state", "r1", lost_).size(), 1U);
    run_.sleep(6s);
    EXPECT_EQ(times("bgp_state", "r1", started).at(0), World::kDaemonsStart + BgpPath::kRedial);
    const auto known = run_.command("r1", {{"do", "status"}}).at("services").at(0).at("instances");
    EXPECT_THAT(known, SizeIs(3));
    if (more == "mode: centralized\n") continue;  // no metrics by BGP
    EXPECT_EQ(times("metric_received", "r1", started).at(0), World::kDaemonsStart + World::kAdjacency + kRoutes);
  }
}

TEST_F(Losses, WhatIsBehindAnEgressIsAvoidedAndComesBack) {
  begin();
  const std::string es1 = csci_of("es1");
  const Instant started = lose("r2", Part::routing, 1s);
  EXPECT_THAT(times("route_withdrawn", "r1", lost_, of(es1)), ElementsAre(Le(50ms)));
  run_.sleep(6s);
  EXPECT_EQ(times("bgp_state", "es1", started).at(0), World::kDaemonsStart + BgpPath::kRedial);
  // A window of r1's may be open already.
  const Duration back = times("metric_received", "r1", started, of(es1)).at(0);
  EXPECT_GT(back, World::kDaemonsStart + World::kAdjacency + BgpPath::kFirstTelling);
  EXPECT_LE(back, World::kDaemonsStart + World::kAdjacency + kRoutes);
  // The others were there all the time.
  EXPECT_LT(times("metric_received", "r1", started, of(csci_of("es2"))).at(0), 600ms);
}

TEST_F(Losses, PacketsFindNoWayUntilTheRouterPassesThemAgain) {
  begin("algorithm: round-robin\n");
  run_.testbed().lose("r1", Part::routing);
  run_.load(500ms, 40);  // by the routes that the kernel keeps
  run_.end_load();
  EXPECT_EQ(run_.outcomes().count("ok"), 1U);
  EXPECT_EQ(run_.outcomes().size(), 1U);
  run_.testbed().restore("r1", Part::routing);
  run_.load(500ms, 40);
  run_.end_load();
  EXPECT_GT(run_.outcomes().size(), 1U);
  const int before = run_.outcomes().at("ok");
  run_.sleep(4s);
  run_.load(500ms, 40);
  run_.end_load();
  EXPECT_GT(run_.outcomes().at("ok"), before);
}

TEST_F(Losses, WhatIsNotLostIsNotStartedAnew) {
  begin();
  const Instant before = now();
  run_.testbed().restore("r1", Part::agent);
  run_.testbed().restore("r1", Part::routing);
  EXPECT_EQ(now(), before);
}

}  // namespace
}  // namespace cats::sim::test
