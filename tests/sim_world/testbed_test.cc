// The whole simulated world behind scenarios::Testbed, as the trial loop uses it.
#include "sim/world/testbed.h"

#include <set>
#include <tuple>

#include "tests/sim_world/scenario_fixture.h"

namespace cats::sim::test {
namespace {

using scenarios::Part;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::Gt;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Key;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::set<std::string> nodes_of(const std::vector<json>& events) {
  std::set<std::string> nodes;
  for (const json& event : events) nodes.insert(event.at("node").get<std::string>());
  return nodes;
}

TEST(SimulatedTestbed, DistributedIsReadyOnceTheIngressKnowsEveryInstance) {
  SimulatedRun run;
  run.testbed().configure(scenario());
  EXPECT_THAT(run.checks(), Each(Field(&scenarios::PreflightCheck::ok, true)));
  EXPECT_THAT(run.checks(), SizeIs(3 + 1 + 3 + 1));  // collectors, metrics, tunnels, flow table
  EXPECT_EQ(run.new_networks(), 1);
  EXPECT_GT(run.testbed().now(), kWorldBegins);
  EXPECT_LT(run.testbed().now(), kWorldBegins + 5s);
  EXPECT_THAT(run.testbed().sites(), SizeIs(3));
  EXPECT_THAT(run.testbed().deciders(), ElementsAre("r1"));
  EXPECT_THAT(nodes_of(run.events("metric_sent")), UnorderedElementsAre("es1", "es2", "es3"));
  EXPECT_THAT(nodes_of(run.events("decision")), ElementsAre("r1"));
  EXPECT_THAT(nodes_of(run.events("hop_seen")), ElementsAre("tap"));
  EXPECT_EQ(run.testbed().machine_time().total, 0s);
}

// The first report of a site comes within T; one that comes by way of the manager waits for its next T.
TEST(SimulatedTestbed, IsReadyWhateverT) {
  for (const char* mode : {"distributed", "centralized"}) {
    SimulatedRun run;
    scenarios::Scenario slow = scenario(fmt::format("mode: {}\n", mode));
    slow.interval = 1min;
    slow.age_limit = 10min;
    run.testbed().configure(slow);
    EXPECT_THAT(run.checks(), Each(Field(&scenarios::PreflightCheck::ok, true))) << mode;
    EXPECT_LT(run.testbed().now(), kWorldBegins + 140s) << mode;
  }
}

TEST(SimulatedTestbed, CollectingAndDecidingTakeConstantTimes) {
  for (const auto& [parameters, collecting, deciding] :
       std::vector<std::tuple<std::string, Duration, Duration>>{{"", 200us, 100us},
                                                                {"collecting: 3ms, deciding: 2ms", 3ms, 2ms},
                                                                {"collecting: 0ms, deciding: 0ms", 0ms, 0ms}})
    for (const std::string mode : {"distributed", "centralized"}) {
      SCOPED_TRACE(parameters + " " + mode);
      SimulatedRun run;
      run.testbed().configure(scenario("simulation: {" + parameters + "}\nmode: " + mode + "\n"));
      run.sleep(3s);
      const auto times = [&run](const char* event, const std::string& node, Duration after) {
        std::set<std::int64_t> found;
        for (const json& each : run.events(event, node))
          found.insert(each.at("t_ns").get<std::int64_t>() + after.count());
        return found;
      };
      const auto sent = times("metric_sent", "es1", 0ns);
      EXPECT_THAT(sent, SizeIs(Gt(3U)));
      EXPECT_THAT(times("sample", "es1", collecting), IsSupersetOf(sent));
      const std::string decider = run.testbed().deciders().at(0);
      const auto decided = times("decision", decider, 0ns);
      EXPECT_THAT(decided, SizeIs(Gt(3U)));
      EXPECT_THAT(times("metric_received", decider, deciding), IsSupersetOf(decided));
    }
}

TEST(SimulatedTestbed, CentralizedDecidesAtTheController) {
  SimulatedRun run;
  run.testbed().configure(scenario("mode: centralized\n"));
  EXPECT_THAT(run.checks(), Each(Field(&scenarios::PreflightCheck::ok, true)));
  EXPECT_THAT(run.testbed().deciders(), ElementsAre("sdn"));
  run.sleep(2s);
  EXPECT_THAT(nodes_of(run.events("decision")), ElementsAre("sdn"));
  EXPECT_THAT(nodes_of(run.events("metric_received")), ElementsAre("sdn"));
  EXPECT_THAT(nodes_of(run.events("route_installed")), ElementsAre("r1"));
  EXPECT_THAT(nodes_of(run.events("order_acknowledged")), ElementsAre("sdn"));
  EXPECT_THAT(nodes_of(run.events("hop_seen")), ElementsAre("esm"));
  EXPECT_THAT(run.events("topology"), SizeIs(1));
  for (const json& event : run.events("manager_state")) EXPECT_TRUE(event.at("up").get<bool>());
  EXPECT_EQ(run.command("rest-load", {{"do", "release"}}).at("held"), 0);
  EXPECT_THAT(run.refusal("rest-load", {{"do", "sessions"}, {"count", 1}}), HasSubstr("rest-load: sessions: "));
}

TEST(SimulatedTestbed, HybridRefinesAtTheIngressWhatTheControllerOrders) {
  SimulatedRun run;
  run.testbed().configure(scenario("mode: hybrid\ncontroller: {cps: split, fallback: service_norm}\n"));
  EXPECT_THAT(run.checks(), Each(Field(&scenarios::PreflightCheck::ok, true)));
  run.sleep(2s);
  EXPECT_THAT(nodes_of(run.events("candidate")), ElementsAre("sdn"));
  EXPECT_THAT(nodes_of(run.events("decision")), ElementsAre("r1"));
  EXPECT_THAT(nodes_of(run.events("metric_received")), UnorderedElementsAre("r1", "sdn"));
  EXPECT_THAT(nodes_of(run.events("hop_seen")), UnorderedElementsAre("esm", "tap"));
}

TEST(SimulatedTestbed, RequestsGoWhereTheAlgorithmSendsThem) {
  SimulatedRun run;
  run.testbed().configure(scenario("algorithm: round-robin\n"));
  run.load(6s, 50);
  const json counts = run.end_load();
  const auto answered = run.answered();
  ASSERT_THAT(answered, SizeIs(3));
  int all = 0;
  for (const auto& [instance, count] : answered) all += count;
  EXPECT_EQ(counts.at("answered"), all);
  EXPECT_EQ(counts.at("offered"), all);
  EXPECT_NEAR(all, 300, 60);
  for (const auto& [instance, count] : answered) EXPECT_NEAR(count, all / 3.0, 1) << instance;
  // Every connection has its row at the site that it was at.
  std::size_t rows = 0;
  run.sleep(1s);
  for (const char* site : {"es1", "es2", "es3"}) rows += run.rows(std::string(site) + ".connections.csv").size();
  EXPECT_EQ(rows, static_cast<std::size_t>(all));
  // A request takes the service's CPU time, six links and what the model adds.
  std::int64_t least = Duration(1s).count();
  for (const auto& row : run.rows("h1.requests.csv"))
    least = std::min<std::int64_t>(least, std::stoll(row.at(3)) - std::stoll(row.at(2)));
  EXPECT_EQ(least, Duration(500us + 6 * 50us + 150us).count());
}

TEST(SimulatedTestbed, GlobalMinSendsThemToOneSiteAndLeavesIt) {
  SimulatedRun run;
  run.testbed().configure(scenario());
  run.load(2s, 40);
  run.end_load();
  const auto before = run.answered();
  ASSERT_THAT(before, SizeIs(1));
  const std::string busy = before.begin()->first;
  for (const auto& site : run.testbed().sites())
    if (site.csci.str() == busy) run.command(site.node, {{"do", "background_load"}, {"cores", 0.19}});
  run.sleep(3s);
  run.load(2s, 40);
  run.end_load();
  EXPECT_THAT(run.answered(), SizeIs(Gt(1U)));
  EXPECT_EQ(run.answered().at(busy), before.at(busy));
}

TEST(SimulatedTestbed, TheSameSeedWritesTheSameOctets) {
  const auto simulate = [](const std::string& more) {
    SimulatedRun run;
    run.testbed().configure(scenario(more));
    run.load(3s, 50, 4);
    run.end_load();
    run.testbed().stop();
    return run.contents();
  };
  for (const std::string mode : {"distributed", "centralized", "hybrid"}) {
    const std::string more = "simulation: {link_loss: 5%, update_loss: 5%}\nmode: " + mode + "\n";
    const auto first = simulate(more);
    EXPECT_THAT(first, IsSupersetOf({Key("es1.jsonl"), Key("h1.requests.csv"), Key("r1.jsonl")}));
    EXPECT_EQ(first, simulate(more)) << mode;
    EXPECT_NE(first, simulate(more + "seed: 2\n")) << mode;
  }
}

TEST(SimulatedTestbed, AnotherAlgorithmOrQuotaChangesTheWorldThatIsThere) {
  SimulatedRun run;
  run.testbed().configure(scenario());
  const Instant before = run.testbed().now();
  const std::size_t sent = run.events("metric_sent").size();
  run.testbed().configure(scenario("algorithm: round-robin\nservice: {site_quotas: {es2: 40%}}\n"));
  EXPECT_EQ(run.preflights(), 1);
  EXPECT_GE(run.testbed().now(), before);
  run.sleep(2s);
  EXPECT_EQ(run.events("decision").back().at("algorithm"), "round-robin");
  EXPECT_DOUBLE_EQ(run.command("es2", {{"do", "status"}}).at("quota_cores").get<double>(), 0.4);
  EXPECT_DOUBLE_EQ(run.testbed().sites().at(1).quota_cores, 0.4);
  // Nobody began anew.
  EXPECT_THAT(run.events("bgp_state", "es1"), SizeIs(1));
  EXPECT_GT(run.events("metric_sent").size(), sent);
}

TEST(SimulatedTestbed, WhatElseDiffersBeginsAnewAtTheTimeThatItIs) {
  SimulatedRun run;
  run.testbed().configure(scenario());
  run.sleep(10s);
  const Instant before = run.testbed().now();
  run.testbed().configure(scenario("mode: centralized\n"));
  EXPECT_GT(run.testbed().now(), before);
  EXPECT_EQ(run.preflights(), 2);
  EXPECT_EQ(run.new_networks(), 1);
  EXPECT_THAT(run.testbed().deciders(), ElementsAre("sdn"));
  run.sleep(1s);
  std::int64_t last = 0;
  for (const json& event : run.events("sample", "es1")) {
    EXPECT_GE(event.at("t_ns").get<std::int64_t>(), last);
    last = event.at("t_ns").get<std::int64_t>();
  }
  EXPECT_GT(last, to_ns(before));
  // The same scenario again: nothing to do.
  run.testbed().configure(scenario("mode: centralized\n"));
  EXPECT_EQ(run.preflights(), 2);
}

TEST(SimulatedTestbed, ATunnelThatLeadsElsewhereFailsThePreflight) {
  SimulatedRun run;
  run.testbed().configure(scenario("faults: [{kind: wrong-tunnel, instance: es2}]\n"));
  std::vector<std::string> failed;
  for (const auto& check : run.checks())
    if (!check.ok) failed.push_back(check.check);
  EXPECT_THAT(failed, ElementsAre("SRv6 tunnel r1 → es2"));
  EXPECT_THAT(scenarios::failures(run.checks()), HasSubstr("a probe with the mark of"));
}

TEST(SimulatedTestbed, WhatIsLostOnAPathTimesOut) {
  SimulatedRun run;
  run.testbed().configure(scenario("simulation: {link_loss: 20%}\n"));
  run.load(10s, 30);
  run.end_load();
  const auto outcomes = run.outcomes();
  ASSERT_THAT(outcomes, UnorderedElementsAre(Key("ok"), Key("timeout")));
  const double lost = outcomes.at("timeout");
  EXPECT_NEAR(lost / (lost + outcomes.at("ok")), 0.2, 0.1);
}

// A request has some 120 octets here and 64 more on one of its three links, its reply 200; at 1 Mbit/s that is 8 ms,
// and the acknowledgement before it may add half a millisecond.
TEST(SimulatedTestbed, OctetsTakeTheirTimeOnLinksWithARate) {
  struct Measured {
    std::string rows;
    std::int64_t quickest_ns = 0;
  };
  const auto measure = [](const std::string& more) {
    SimulatedRun run;
    run.testbed().configure(scenario(more));
    EXPECT_THAT(run.checks(), Each(Field(&scenarios::PreflightCheck::ok, true))) << more;
    run.load(3s, 5);
    run.end_load();
    EXPECT_THAT(run.outcomes(), ElementsAre(Key("ok"))) << more;
    std::vector<std::int64_t> times;
    for (const auto& row : run.rows("h1.requests.csv")) times.push_back(std::stoll(row.at(3)) - std::stoll(row.at(2)));
    return Measured{run.contents().at("h1.requests.csv"), *std::ranges::min_element(times)};
  };
  for (const std::string mode : {"distributed", "centralized"}) {
    const std::string in_mode = "mode: " + mode + "\n";
    const Measured fast = measure(in_mode);
    EXPECT_EQ(measure("simulation: {link_rate: unlimited}\n" + in_mode).rows, fast.rows) << mode;
    const Measured slow = measure("simulation: {link_rate: 1Mbit/s}\n" + in_mode);
    EXPECT_GT(slow.quickest_ns - fast.quickest_ns, Duration(7ms).count()) << mode;
    EXPECT_LT(slow.quickest_ns - fast.quickest_ns, Duration(12ms).count()) << mode;
    EXPECT_EQ(measure("simulation: {link_rate: 1Mbit/s}\n" + in_mode).rows, slow.rows) << mode;
  }
}

TEST(SimulatedTestbed, LostUpdatesDoNotArrive) {
  for (const std::string mode : {"distributed", "centralized"}) {
    SimulatedRun run;
    run.testbed().configure(scenario("simulation: {update_loss: 30%}\nmode: " + mode + "\n"));
    run.sleep(60s);
    const double sent = static_cast<double>(run.events("metric_sent").size());
    const double received = static_cast<double>(run.events("metric_received").size());
    EXPECT_NEAR(received / sent, 0.7, 0.12) << mode;
  }
}

TEST(SimulatedTestbed, ALostSiteResetsItsSessionsAndComesBack) {
  SimulatedRun run;
  run.testbed().configure(scenario());
  run.command("h1", {{"do", "load"},
                     {"trial", "t"},
                     {"seed", 8},
                     {"service", run.testbed().sites().front().cs_id.str()},
                     {"port", 8080},
                     {"persistent", {{"sessions", 4}, {"interval_ns", 100000000}, {"arrivals", "constant"}}},
                     {"work_us", 500},
                     {"timeout_ns", Duration(1s).count()},
                     {"start_ns", to_ns(run.testbed().now() + 10ms)},
                     {"duration_ns", Duration(8s).count()}});
  run.sleep(2s);
  ASSERT_THAT(run.answered(), SizeIs(1));
  const std::string csci = run.answered().begin()->first;
  std::string busy;
  for (const auto& site : run.testbed().sites())
    if (site.csci.str() == csci) busy = site.node;
  run.testbed().lose(busy, Part::agent);
  EXPECT_THAT(run.refusal(busy, {{"do", "status"}}), HasSubstr("its agent was taken away"));
  run.sleep(2s);
  EXPECT_THAT(run.events("route_withdrawn", "r1"), SizeIs(1));
  run.end_load();
  EXPECT_THAT(run.outcomes(), Contains(Pair("reset", 4)));
  run.testbed().restore_all();
  EXPECT_EQ(run.command(busy, {{"do", "status"}}).at("csci"), csci);
  run.testbed().configure(scenario());
  EXPECT_EQ(run.preflights(), 2);  // something was disturbed
  EXPECT_THAT(run.checks(), Each(Field(&scenarios::PreflightCheck::ok, true)));
}

TEST(SimulatedTestbed, ALinkThatIsDownTakesTheSiteAway) {
  SimulatedRun run;
  run.testbed().configure(scenario("algorithm: round-robin\n"));
  run.testbed().set_link("r1", "r3", false);
  run.sleep(2s);
  EXPECT_THAT(run.events("route_withdrawn", "r1"), SizeIs(1));
  run.load(2s, 40);
  run.end_load();
  EXPECT_THAT(run.answered(), SizeIs(2));
  run.testbed().restore_all();
  run.testbed().configure(scenario("algorithm: round-robin\n"));
  run.load(2s, 40);
  run.end_load();
  EXPECT_THAT(run.answered(), SizeIs(3));
  EXPECT_THROW(run.testbed().set_link("h1", "es1", false), MeasurementError);
}

TEST(SimulatedTestbed, TheManagerAndTheControllerMayBeLost) {
  SimulatedRun run;
  run.testbed().configure(scenario("mode: centralized\n"));
  run.testbed().lose("esm", Part::agent);
  run.sleep(2s);
  EXPECT_FALSE(run.events("manager_state").back().at("up").get<bool>());
  EXPECT_THAT(run.events("publish_failed"), SizeIs(Gt(0U)));
  run.testbed().restore("esm", Part::agent);
  run.sleep(2s);
  EXPECT_TRUE(run.events("manager_state").back().at("up").get<bool>());
  run.testbed().lose("sdn", Part::agent);
  const std::size_t decisions = run.events("decision").size();
  run.sleep(2s);
  EXPECT_EQ(run.events("decision").size(), decisions);
  run.testbed().restore("sdn", Part::agent);
  run.sleep(2s);
  EXPECT_GT(run.events("decision").size(), decisions);
}

TEST(SimulatedTestbed, AccountsForWhatTheServiceUsed) {
  SimulatedRun run;
  run.testbed().configure(scenario());
  const Duration before = run.testbed().cpu_time("es1");
  run.command("es1", {{"do", "background_load"}, {"cores", 0.1}});
  run.sleep(10s);
  EXPECT_NEAR(to_seconds(run.testbed().cpu_time("es1") - before), 1.0, 0.01);
  EXPECT_THROW(run.testbed().cpu_time("h1"), MeasurementError);
}

TEST(SimulatedTestbed, SaysWhoRefusedWhatAndWhy) {
  SimulatedRun run;
  EXPECT_THAT(run.refusal("es1", {{"do", "status"}}), HasSubstr("configure it first"));
  run.testbed().configure(scenario());
  EXPECT_THAT(run.refusal("es9", {{"do", "status"}}), HasSubstr("no agent \"es9\""));
  EXPECT_THAT(run.refusal("sdn", {{"do", "status"}}), HasSubstr("no agent \"sdn\""));
  EXPECT_THAT(run.refusal("r1", {{"do", "multipath"}, {"service", "2001:2::9"}, {"seed", 1}}),
              HasSubstr("r1: multipath: no service 2001:2::9"));
  EXPECT_THAT(run.refusal("es1", {{"do", "background_load"}}), HasSubstr("es1: background_load: "));
  EXPECT_THAT(run.refusal("h1", {{"do", "dance"}}), HasSubstr("h1: dance: "));
  EXPECT_THROW(run.testbed().lose("h1", Part::agent), MeasurementError);
  EXPECT_THROW(run.testbed().lose("es1", Part::routing), MeasurementError);
}

}  // namespace
}  // namespace cats::sim::test
