// Updates through FRR's windows on the engine, in virtual time: what an agent hears and when, and what the tap sees.
#include "tests/sim_world/bgp_path_fixture.h"

namespace cats::sim::test {
namespace {

TEST_F(BgpPathTest, WhatArrivesIsTheReportAsTheWireHoldsIt) {
  build();
  MetricReport report;
  report.values = {{"available_compute", 39.6},
                   {"processing_delay", 12.3456789},
                   {"norm_fi", 6.7},
                   {"compute_norm", 3.2},
                   {"packets_in", 17.4},
                   {"packets_out", 3},
                   {"traffic_period_s", 2},
                   {"site_preference", 4}};
  report.stamp = collectors::Stamp{9, kWorldBegins + 123456789ns};
  report.known = 0xfedcba98;
  path_->send(1, report);
  run(1s);
  ASSERT_EQ(said(), Words{"report 1"});
  EXPECT_EQ(heard_[0].report, *collectors::quantised(report, kWallClock));
  EXPECT_NE(heard_[0].report, report);
  EXPECT_EQ(heard_[0].report.values.at("available_compute"), 40);
}

TEST_F(BgpPathTest, ALoneUpdateTakesOneWindowPerRouterAndIsSeenAtEach) {
  build();
  path_->send(0, report_of(1));
  run(1s);
  ASSERT_EQ(heard_.size(), 1u);
  EXPECT_EQ(heard_[0].at, kLone);
  EXPECT_EQ(kLone, 100'800us);  // measured: 101.0 ms
  const auto first = hops("r2");
  const auto second = hops("r1");
  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(first[0]["t_ns"], to_ns(kWorldBegins + kHop));
  EXPECT_EQ(second[0]["t_ns"], to_ns(kWorldBegins + kHop + 50ms + kHop));
  const auto& instance = topology_.instances[0];
  for (const json& event : {first[0], second[0]}) {
    EXPECT_EQ(event["node"], "tap");
    EXPECT_EQ(event["event"], "hop_seen");
    EXPECT_EQ(event["tap"], "bmp");
    EXPECT_EQ(event["source"], instance.csci.str());
    EXPECT_EQ(event["seq"], 1);
    EXPECT_EQ(event["prefix"], topology_.services[0].cs_id.str() + "/128");
  }
  EXPECT_EQ(first[0]["peer"], instance.csci.str());
  EXPECT_EQ(second[0]["peer"], topology_.node("r2").loopback->str());
  EXPECT_TRUE(hops("r3").empty());
}

TEST_F(BgpPathTest, TheFirstChangeStartsAWindowAndTheNewestValueWins) {
  build();
  send_at(0ms, 0, 1);
  send_at(20ms, 0, 2);
  send_at(49ms, 0, 3);
  send_at(60ms, 0, 4);  // the next window
  run(1s);
  EXPECT_EQ(sequences("r2"), (Sequences{1, 2, 3, 4}));
  EXPECT_EQ(sequences("r1"), (Sequences{3, 4}));
  EXPECT_EQ(heard_sequences(), (Sequences{3, 4}));
  ASSERT_EQ(heard_.size(), 2u);
  EXPECT_EQ(heard_[0].at, kLone);
  EXPECT_EQ(heard_[1].at, 60ms + kLone);
}

TEST_F(BgpPathTest, ARouterHasOneWindowForAllAndKeepsTheirOrder) {
  build();
  send_at(0ms, 2, 1);
  send_at(20ms, 0, 2);
  send_at(40ms, 1, 3);
  send_at(55ms, 1, 4);  // leaves its egress in a window of 40 ms … 90 ms
  run(1s);
  EXPECT_EQ(said(), (Words{"report 2", "report 0", "report 1"}));
  EXPECT_EQ(heard_sequences(), (Sequences{1, 2, 4}));
  for (const Heard& one : heard_) EXPECT_EQ(one.at, kLone);
}

TEST_F(BgpPathTest, TheLengthOfTheWindowIsTheModels) {
  Model model;
  model.bgp_batch = 10ms;
  model.link_delay = 1ms;
  build("three-sites", model);
  path_->send(0, report_of(1));
  run(1s);
  ASSERT_EQ(heard_.size(), 1u);
  EXPECT_EQ(heard_[0].at, 2 * (10ms + 1ms + BgpPath::kReceipt));
}

TEST_F(BgpPathTest, WhatSaysNothingNewIsNotPassedOn) {
  build();
  send_at(0ms, 0, 1);
  send_at(200ms, 0, 1);
  run(1s);
  EXPECT_EQ(sequences("r2"), (Sequences{1, 1}));
  EXPECT_EQ(sequences("r1"), (Sequences{1}));
  EXPECT_EQ(said(), Words{"report 0"});
}

TEST_F(BgpPathTest, AWithdrawalTakesAsLong) {
  build();
  path_->announce(0, true);
  at(300ms, [&] { path_->announce(0, false); });
  run(1s);
  EXPECT_EQ(said(), (Words{"bare 0", "withdrawn 0"}));
  EXPECT_EQ(heard_[0].at, kLone);
  EXPECT_EQ(heard_[1].at, 300ms + kLone);
  EXPECT_TRUE(hops("r2").empty());  // nothing with a stamp
}

TEST_F(BgpPathTest, WithinAWindowOnlyTheLastWordCounts) {
  build();
  send_at(0ms, 0, 1);
  at(300ms, [&] { path_->announce(0, false); });
  send_at(310ms, 0, 2);
  send_at(300ms, 1, 3);  // never left its egress
  at(310ms, [&] { path_->announce(1, false); });
  run(1s);
  EXPECT_EQ(said(), (Words{"report 0", "report 0"}));
  EXPECT_EQ(heard_sequences(), (Sequences{1, 2}));
  EXPECT_EQ(sequences("r3"), (Sequences{3}));
}

TEST_F(BgpPathTest, LossConcernsMetricsAloneAndIsThatOfTheSeed) {
  Model model;
  model.update_loss = 1;
  build("three-sites", model);
  path_->send(0, report_of(1));
  path_->announce(1, true);
  at(300ms, [&] {
    path_->announce(0, false);
    path_->announce(1, false);
  });
  run(1s);
  EXPECT_EQ(said(), (Words{"bare 1", "withdrawn 1"}));
  EXPECT_EQ(sequences("r2"), (Sequences{1}));
  EXPECT_TRUE(hops("r1").empty());

  model.update_loss = 0.3;
  std::vector<Sequences> runs;
  for (int i = 0; i < 2; ++i) {
    heard_.clear();
    build("three-sites", model);
    for (std::uint32_t sequence = 0; sequence < 400; ++sequence)
      engine_.call_at(engine_.now() + sequence * 100ms, [this, sequence] { path_->send(2, report_of(sequence)); });
    engine_.run_until(engine_.now() + 60s);
    runs.push_back(heard_sequences());
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_GT(runs[0].size(), 250u);
  EXPECT_LT(runs[0].size(), 310u);
}

TEST_F(BgpPathTest, AReportThatNoUpdateCarriesIsAnError) {
  build();
  MetricReport report;
  report.values = {{"queue_length", 3}};
  EXPECT_THROW(path_->send(0, report), MeasurementError);
}

TEST_F(BgpPathTest, AnEgressPassesOnTheBestOfItsRoutes) {
  std::string text = "name: two\ntopology:\n  nodes:\n";
  for (const auto& [node, role] :
       {std::pair("r1", "ingress"), std::pair("r2", "egress"), std::pair("es1", "edge-server"),
        std::pair("es2", "edge-server"), std::pair("h1", "host")})
    text += fmt::format("    {}:\n      kind: linux\n      labels:\n        cats-role: {}\n", node, role);
  text += "  links:\n";
  for (const char* ends :
       {"r1:eth1\", \"r2:eth1", "r2:eth2\", \"es1:eth1", "r2:eth3\", \"es2:eth1", "r1:eth2\", \"h1:eth1"})
    text += fmt::format("    - endpoints: [\"{}\"]\n", ends);
  build(topologies::parse_topology(text, "two.clab.yml").value(), Model{});
  send_at(0ms, 1, 1);
  send_at(200ms, 0, 2);  // equal: the one that was best stays
  send_at(400ms, 1, 3);
  at(600ms, [&] { path_->announce(1, false); });
  at(800ms, [&] { path_->announce(0, false); });
  run(2s);
  EXPECT_EQ(sequences("r2"), (Sequences{1, 2, 3}));
  EXPECT_EQ(sequences("r1"), (Sequences{1, 3, 2}));
  EXPECT_EQ(said(), (Words{"report 1", "report 1", "withdrawn 1", "report 0", "withdrawn 0"}));
}

TEST_F(BgpPathTest, AServiceOfIPv4) {
  build("three-sites-ipv4");
  path_->send(0, report_of(1));
  run(1s);
  EXPECT_EQ(said(), Words{"report 0"});
  const auto second = hops("r1");
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0]["prefix"], topology_.services[0].cs_id.str() + "/32");
  EXPECT_EQ(second[0]["peer"], topology_.node("r2").loopback4->str());
}

TEST_F(BgpPathTest, OctetsTakeTheirTimeOnLinksWithARate) {
  const auto taken = [&](double rate, bool withdrawn) {
    heard_.clear();
    Model model;
    model.link_rate = rate;
    build("three-sites", model);
    const Instant begin = engine_.now();
    path_->send(0, report_of(1));
    if (withdrawn) engine_.call_at(begin + 1s, [this] { path_->announce(0, false); });
    engine_.run_until(begin + 3s);
    const Instant sent = withdrawn ? begin + 1s : begin;
    return kWorldBegins + heard_.back().at - sent - kLone;  // on two links
  };
  const Duration update = taken(8e6, false);  // a microsecond for each octet
  EXPECT_GT(update, 2 * 150us);
  EXPECT_LT(update, 2 * 400us);
  EXPECT_EQ(taken(4e6, false), 2 * update);
  // RFC 4271 and 4760: 19 octets of header, two lengths, MP_UNREACH_NLRI with a /128; in TCP and IPv6.
  const Duration withdrawal = taken(8e6, true);
  EXPECT_GE(withdrawal, 2 * (19us + 4us + 3us + 3us + 17us + 72us));
  EXPECT_LT(withdrawal, update);
}

TEST_F(BgpPathTest, OnlyAnIngressHasAnAgent) {
  const auto topology = topologies::load_topology(CATS_SOURCE_DIR "/topologies/three-sites.clab.yml").value();
  Network network(topology, Model{});
  std::vector<BgpPath::Agent> agents;
  agents.push_back({.node = "r2", .heard = {}, .withdrawn = {}, .session = {}});
  EXPECT_THROW(BgpPath(engine_, log_, topology, network, Model{}, {}, std::move(agents)), UsageError);
  build();
  EXPECT_THROW(path_->set_agent("h1", false), MeasurementError);
  EXPECT_THROW(path_->set_routing("es1", false), MeasurementError);
}

}  // namespace
}  // namespace cats::sim::test
