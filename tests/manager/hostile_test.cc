// What nobody gets in with, at manager and controller as processes: refused, logged, nothing changed, everyone else
// served. The ingress' part is in tests/ingress/ingress_rest_netns_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/event_log.h"
#include "collectors/metric_report_json.h"
#include "tests/edge_server/role_process.h"
#include "tests/manager/control_plane.h"
#include "tests/support/hostile_clients.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

const std::string kFirst = "2001:2:0:1001::2";
const std::string kSecond = "2001:2:0:1002::2";
const std::string kService = "2001:2:0:c5::1";
const std::string kPolicy = "/v1/policies/" + kService;
const std::string kMetrics = "/v1/instances/" + kFirst + "/metrics";
constexpr std::size_t kLittle = 64 * 1024 * 1024;  // octets, against a gigabyte
constexpr std::size_t kMuchMemory = 100 * 1024 * 1024;

class Hostile : public ControlPlane {
 protected:
  void SetUp() override {
    manager_.emplace("manager", json{{"node", "esm"},
                                     {"events", (directory_ / "esm.jsonl").string()},
                                     {"control", (directory_ / "esm.control").string()},
                                     {"rest", server(0)},
                                     {"interval_ns", 20'000'000},
                                     {"epoch_ns", 0},
                                     {"instances",
                                      {{{"node", "es1"}, {"csci", kFirst}, {"cs_id", kService}},
                                       {{"node", "es2"}, {"csci", kSecond}, {"cs_id", kService}}}}});
    manager_port_ = manager_->call({{"do", "status"}}).at("port");
    const json service = {{"cs_id", kService},
                          {"age_limit_ns", nullptr},
                          {"steer_by", "norm_fi"},
                          {"algorithm", "global-min"},
                          {"library", nullptr},
                          {"parameters", json::object()},
                          {"instances",
                           {{{"csci", kFirst}, {"node", "es1"}, {"capacity", 1}},
                            {{"csci", kSecond}, {"node", "es2"}, {"capacity", 1}}}}};
    const json nothing = json::array();
    controller_.emplace("controller", json{{"node", "sdn"},
                                           {"events", (directory_ / "sdn.jsonl").string()},
                                           {"control", (directory_ / "sdn.control").string()},
                                           {"seed", 1},
                                           {"rest", server(0)},
                                           {"manager", peer(manager_port_, "sdn")},
                                           {"routers", nothing},
                                           {"agents", nothing},
                                           {"inventory",
                                            {{"routers", nothing},
                                             {"sites", nothing},
                                             {"services", nothing},
                                             {"instances", nothing},
                                             {"links", nothing}}},
                                           {"services", json::array({service})}});
    controller_port_ = controller_->call({{"do", "status"}}).at("port");
    ASSERT_EQ(publish("es1", kFirst, 1).status, 204U);
    before_ = known();
  }
  void TearDown() override {
    controller_.reset();
    manager_.reset();
    thread_.stop();
  }

  http::Outcome publish(const std::string& who, const std::string& csci, std::uint32_t sequence) {
    const collectors::MetricReport report{{{"norm_fi", 7}}, collectors::Stamp{sequence, MonotonicClock().now()}, {}};
    return ask(manager_port_, who, "PUT", "/v1/instances/" + csci + "/metrics",
               collectors::to_json(report, collectors::WallClock::of_this_machine()).dump());
  }
  // What manager and controller say when everything is as it was.
  json known() {
    return {{"metrics", json::parse(ask(manager_port_, "sdn", "GET", "/v1/metrics").body)},
            {"policies", json::parse(ask(controller_port_, "me", "GET", "/v1/policies").body)}};
  }
  // Both still serve those who may ask.
  void serve_everyone_else() {
    EXPECT_EQ(ask(manager_port_, "sdn", "GET", "/v1/health").status, 200U);
    EXPECT_EQ(ask(manager_port_, "es1", "GET", "/v1/health").status, 200U);
    EXPECT_EQ(ask(controller_port_, "me", "GET", "/v1/health").status, 200U);
  }
  // Of a status, in a node's log.
  std::vector<json> refused(const std::string& node, int status) const {
    std::vector<json> found;
    const auto events = read_events(directory_ / (node + ".jsonl"));
    if (events)
      for (const json& event : *events)
        if (event["event"] == "refused" && event["status"] == status) found.push_back(event);
    return found;
  }
  support::Server at(std::uint16_t port, const std::string& who, const std::string& target) const {
    return {kHere, port, http::client_context(authority_.certificate()), "secret-of-" + who, "PUT", target};
  }

  std::optional<RoleProcess> manager_, controller_;
  std::uint16_t manager_port_ = 0, controller_port_ = 0;
  json before_;
};

TEST_F(Hostile, NobodysTokenAndAnotherSitesName) {
  write_file(directory_ / "wrong.token", "some-other-secret");
  write_file(directory_ / "none.token", "");
  const std::string policy = R"({"algorithm": "round-robin"})";
  for (const char* who : {"none", "wrong"}) {
    EXPECT_EQ(publish(who, kFirst, 2).status, 401U) << who;
    EXPECT_EQ(ask(controller_port_, who, "PUT", kPolicy, policy).status, 401U) << who;
  }
  EXPECT_EQ(publish("es2", kFirst, 2).status, 403U);
  EXPECT_EQ(publish("sdn", kFirst, 2).status, 403U);
  EXPECT_EQ(ask(controller_port_, "es1", "PUT", kPolicy, policy).status, 403U);
  EXPECT_EQ(refused("esm", 401).size(), 2U);
  EXPECT_EQ(refused("sdn", 401).size(), 2U);
  ASSERT_EQ(refused("esm", 403).size(), 2U);
  EXPECT_EQ(refused("esm", 403).at(0)["why"], "es2 may not publish for es1");
  EXPECT_EQ(refused("esm", 403).at(0)["principal"], "es2");
  EXPECT_EQ(refused("sdn", 403).size(), 1U);
  EXPECT_EQ(known(), before_);
  serve_everyone_else();
}

TEST_F(Hostile, ABodyOfAGigabyte) {
  const struct {
    const char* node;
    support::Server server;
    RoleProcess& process;
  } victims[] = {{"esm", at(manager_port_, "es1", kMetrics), *manager_},
                 {"sdn", at(controller_port_, "me", kPolicy), *controller_}};
  for (const auto& [node, server, process] : victims) {
    const auto resident = [&process = process] {
      return process.call({{"do", "status"}})["resident_bytes"].get<std::size_t>();
    };
    const std::size_t before = resident();
    for (const bool chunked : {false, true}) {
      const support::Flood flood = support::send_gigabyte(server, chunked);
      EXPECT_EQ(flood.status, 413) << node << (chunked ? ", chunked" : "");
      EXPECT_LT(flood.sent, kLittle) << node << (chunked ? ", chunked" : "");
      EXPECT_LT(resident(), before + kMuchMemory) << node;
      const auto told = refused(node, 413);
      ASSERT_EQ(told.size(), chunked ? 2U : 1U) << node;
      EXPECT_EQ(told.back()["why"], "the body is too long, from ::1");
      EXPECT_EQ(told.back()["principal"], "");
    }
  }
  EXPECT_EQ(known(), before_);
  serve_everyone_else();
}

TEST_F(Hostile, RequestsThatNeverEnd) {
  constexpr std::size_t kConnections = 20;
  support::SlowLoris at_manager(at(manager_port_, "es1", kMetrics), kConnections);
  support::SlowLoris at_controller(at(controller_port_, "me", kPolicy), kConnections);
  std::size_t alive = 2 * kConnections;
  const Instant begin = MonotonicClock().now();
  while (alive > 0 && MonotonicClock().now() - begin < 20s) {
    alive = at_manager.say_more() + at_controller.say_more();
    serve_everyone_else();
    std::this_thread::sleep_for(200ms);
  }
  EXPECT_EQ(alive, 0U) << "they are closed after 10 s";
  EXPECT_GT(MonotonicClock().now() - begin, 9s);
  for (const char* node : {"esm", "sdn"}) {
    EXPECT_TRUE(support::wait_for(5s, [&] { return refused(node, 408).size() == kConnections; })) << node;
    EXPECT_EQ(refused(node, 408).at(0)["why"], "no whole request within 10 s, from ::1");
  }
  EXPECT_EQ(known(), before_);
}

TEST_F(Hostile, WhatIsNoUtf8IsRefusedLikeEverythingElse) {
  EXPECT_EQ(ask(manager_port_, "es1", "GET", "/v1/%ff%fe").status, 404U);
  EXPECT_EQ(ask(controller_port_, "me", "GET", "/v1/%ff%fe").status, 404U);
  support::Server bad = at(manager_port_, "es1", "/\xff%zz");
  support::TlsSocket socket(bad.address, bad.port, bad.tls);
  ASSERT_TRUE(socket.send(bad.head("Connection: close\r\nContent-Length: 0\r\n")));
  EXPECT_THAT(socket.receive(12), HasSubstr(" 400"));
  EXPECT_EQ(refused("esm", 400).size(), 1U);
  EXPECT_EQ(manager_->call({{"do", "status"}})["refused"], 2);
  EXPECT_EQ(known(), before_);
  serve_everyone_else();
}

}  // namespace
}  // namespace cats::roles
