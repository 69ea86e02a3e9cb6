#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/roles/edge_server.h"
#include "emulator/roles/host.h"
#include "emulator/roles/tap.h"

namespace cats::roles {
namespace {

using testing::HasSubstr;

nlohmann::json edge_server() {
  return nlohmann::json::parse(R"({
    "node": "es1", "events": "e", "control": "c", "samples": "s", "cs_id": "2001:2::100", "csci": "2001:2:0:1::1", "port": 80,
    "workers": 2, "queue_limit": 100, "cgroup": "catsbench/x/es1/service",
    "interval_ns": 1000000000, "window_ns": 1000000000, "phase_ns": 0, "epoch_ns": 5, "refresh": "every-interval",
    "site_preference": 1, "metrics": [],
    "bgp": {"local_as": 65101, "peer_as": 65000, "router_id": "10.0.0.1", "local_address": "2001:2:1::2",
            "peer_address": "2001:2:1::1"}})");
}

TEST(EdgeServerConfig, ReadsAllOfIt) {
  const auto config = parse_edge_server(edge_server());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->epoch, from_ns(5));
  EXPECT_EQ(config->bgp->peer_port, 179);
  EXPECT_TRUE(config->bgp->transit);
}

TEST(EdgeServerConfig, ReadsWhatAnExporterMeasures) {
  auto json = edge_server();
  EXPECT_FALSE(parse_edge_server(json)->prometheus);
  json["prometheus"] = nlohmann::json::parse(R"({"address": "127.0.0.1", "port": 9100, "mapping": {
      "cpu_utilisation": {"family": "node_cpu_seconds_total", "labels": {"mode": "idle"}, "take": "rate"}}})");
  const auto config = parse_edge_server(json);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->prometheus->path, "/metrics");
  EXPECT_EQ(config->prometheus->rules.at(0).take, collectors::PrometheusRule::Take::rate);
  json["prometheus"]["mapping"]["norm_fi"] = {{"family", "x"}};
  EXPECT_THAT(parse_edge_server(json).error().message,
              HasSubstr("edge-server.prometheus.mapping.norm_fi is no raw metric"));
}

TEST(EdgeServerConfig, NamesUnknownMissingAndWrongMembersAtOnce) {
  auto json = edge_server();
  json.erase("csci");
  json["workers"] = -1;
  json["refresh"] = "sometimes";
  json["bgp"]["peer_ass"] = 1;
  json["colour"] = "red";
  const auto config = parse_edge_server(json);
  ASSERT_FALSE(config);
  for (const char* part :
       {"edge-server.csci is missing", "edge-server.workers is -1", "edge-server.refresh is \"sometimes\"",
        "edge-server.bgp.peer_ass is not known", "edge-server.colour is not known"})
    EXPECT_THAT(config.error().message, HasSubstr(part));
}

TEST(HostAndTapConfig, AreStrictToo) {
  EXPECT_TRUE(
      parse_host({{"node", "h1"}, {"events", "e"}, {"control", "c"}, {"samples", "s"}, {"address", "2001:2::5"}}));
  EXPECT_THAT(parse_host({{"node", "h1"}}).error().message, HasSubstr("host.samples is missing"));
  nlohmann::json tap = {{"node", "tap"},
                        {"events", "e"},
                        {"control", "c"},
                        {"routers", {{{"router", "r1"}, {"netns", "/n"}, {"port", 5000}}}}};
  EXPECT_EQ(parse_tap(tap)->routers.at(0).port, 5000);
  tap["routers"][0]["port"] = 70000;
  EXPECT_THAT(parse_tap(tap).error().message, HasSubstr("tap.routers[0].port is 70000"));
}

}  // namespace
}  // namespace cats::roles
