// The controller as a process between a manager and an ingress: both are the test's own servers.
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/metric_report_json.h"
#include "emulator/roles/controller.h"
#include "http/server.h"
#include "tests/edge_server/role_process.h"
#include "tests/manager/control_plane.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

const IpAddress kFirst = IpAddress::of("2001:2:0:1001::2");
const IpAddress kSecond = IpAddress::of("2001:2:0:1002::2");
const std::string kService = "2001:2:0:c5::1";

class ControllerRole : public ControlPlane {
 protected:
  ControllerRole() {
    manager_port_ = serve(manager_, [this](const http::Request&, const http::Reply& reply) { reply({.feed = feed_}); });
    ingress_port_ = serve(ingress_, [this](const http::Request& request, const http::Reply& reply) {
      const std::lock_guard lock(mutex_);
      paths_.push_back(request.method + " " + request.path + " by " + request.bearer.value_or("nobody"));
      orders_.push_back(json::parse(request.body));
      reply({200, "{}"});
    });
  }
  void TearDown() override {
    process_.reset();
    there([&] {
      manager_.reset();
      ingress_.reset();
    });
    thread_.stop();
  }

  std::uint16_t serve(std::unique_ptr<http::Server>& place, http::Handler handler, std::uint16_t port = 0) {
    there([&] {
      http::ServerConfig config;
      config.tls = http::server_context({read_file(directory_ / "certificate.pem"), read_file(directory_ / "key.pem")});
      place = std::make_unique<http::Server>(thread_.io(), std::move(handler), std::move(config));
      port = place->listen(kHere, port);
    });
    return port;
  }

  json config() {
    return {{"node", "sdn"},
            {"events", (directory_ / "events.jsonl").string()},
            {"control", (directory_ / "control").string()},
            {"seed", 1},
            {"rest", server(0)},
            {"manager", peer(manager_port_, "sdn")},
            {"routers", {{{"node", "r1"}, {"rest", peer(ingress_port_, "sdn")}}}},
            {"services",
             {{{"cs_id", kService},
               {"age_limit_ns", nullptr},
               {"steer_by", "norm_fi"},
               {"algorithm", "global-min"},
               {"parameters", json::object()},
               {"instances",
                {{{"csci", kFirst.str()}, {"node", "es1"}, {"capacity", 1}},
                 {{"csci", kSecond.str()}, {"node", "es2"}, {"capacity", 1}}}}}}}};
  }
  void start() {
    process_.emplace("controller", config());
    port_ = process_->call({{"do", "status"}}).at("port");
  }
  static json instance(const IpAddress& csci, std::uint32_t sequence, double score) {
    const collectors::MetricReport report{
        {{"norm_fi", score}}, collectors::Stamp{sequence, MonotonicClock().now()}, {}};
    return {{"node", "es"},
            {"csci", csci.str()},
            {"cs_id", kService},
            {"report", collectors::to_json(report, collectors::WallClock::of_this_machine())}};
  }
  void tell(std::uint32_t sequence, double first, double second) {
    const json event = {{"instances", {instance(kFirst, sequence, first), instance(kSecond, sequence, second)}}};
    there([&] {
      state_ = event.dump();
      feed_->publish("update", state_);
    });
  }
  // The latest order names this instance alone.
  bool steered_to(const IpAddress& csci) {
    return support::wait_for(10s, [&] {
      const std::lock_guard lock(mutex_);
      return !orders_.empty() && orders_.back().at("weights").value(csci.str(), 0.0) == 1.0;
    });
  }

  std::string state_ = R"({"instances": []})";
  std::shared_ptr<http::EventFeed> feed_ = std::make_shared<http::EventFeed>("m", 100, [this] { return state_; });
  std::unique_ptr<http::Server> manager_, ingress_;
  std::uint16_t manager_port_ = 0, ingress_port_ = 0, port_ = 0;
  std::optional<RoleProcess> process_;
  std::mutex mutex_;
  std::vector<std::string> paths_;
  std::vector<json> orders_;
};

TEST_F(ControllerRole, SteersByWhatTheManagerTells) {
  start();
  tell(1, 9, 3);
  ASSERT_TRUE(steered_to(kFirst));
  tell(2, 3, 9);
  ASSERT_TRUE(steered_to(kSecond));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(paths_.back(), "PUT /v1/services/" + kService + "/weights by secret-of-sdn");
  EXPECT_GT(orders_.back().at("decision"), orders_.front().at("decision"));
}

TEST_F(ControllerRole, SaysWhatItKnowsAndDid) {
  start();
  tell(1, 9, 3);
  ASSERT_TRUE(steered_to(kFirst));
  const json metrics = json::parse(ask(port_, "me", "GET", "/v1/metrics").body);
  EXPECT_EQ(metrics[0].at("sequence"), 1);
  EXPECT_EQ(metrics[1].at("values").at("norm_fi"), 3);
  EXPECT_TRUE(support::wait_for(5s, [&] {
    const json selections = json::parse(ask(port_, "me", "GET", "/v1/selections").body);
    return selections[0].at("in_force") == json({"r1"});
  }));
  EXPECT_EQ(json::parse(ask(port_, "me", "GET", "/v1/routers").body),
            json::parse(R"([{"node": "r1", "failure": null}])"));
  EXPECT_EQ(json::parse(ask(port_, "me", "GET", "/v1/health").body).at("manager"), "up");
  EXPECT_EQ(ask(port_, "es1", "GET", "/v1/metrics").status, 403U);
}

TEST_F(ControllerRole, TakesPoliciesOfOperators) {
  start();
  tell(1, 9, 3);
  ASSERT_TRUE(steered_to(kFirst));
  const std::string policy = "/v1/policies/" + kService;
  EXPECT_EQ(ask(port_, "es1", "PUT", policy, R"({"algorithm": "round-robin"})").status, 403U);
  EXPECT_THAT(ask(port_, "me", "PUT", policy, R"({"algorithm": "rr"})").why(), HasSubstr("422"));
  EXPECT_THAT(ask(port_, "me", "PUT", policy, R"({"algorithm": "peak-ewma"})").why(), HasSubstr("422"));
  EXPECT_EQ(ask(port_, "me", "PUT", policy, R"({"algorithm": "round-robin"})").status, 200U);
  EXPECT_TRUE(support::wait_for(5s, [&] {
    const std::lock_guard lock(mutex_);
    return orders_.back().at("weights").value(kSecond.str(), 0.0) == 0.5;
  }));
  EXPECT_EQ(json::parse(ask(port_, "me", "GET", "/v1/policies").body)[0].at("algorithm"), "round-robin");
}

TEST_F(ControllerRole, ARouterThatComesBackIsToldTheLatest) {
  start();
  tell(1, 9, 3);
  ASSERT_TRUE(steered_to(kFirst));
  there([&] { ingress_.reset(); });
  tell(2, 3, 9);
  ASSERT_TRUE(support::wait_for(
      10s, [&] { return !json::parse(ask(port_, "me", "GET", "/v1/routers").body)[0].at("failure").is_null(); }));
  {
    const std::lock_guard lock(mutex_);
    orders_.clear();
  }
  serve(
      ingress_,
      [this](const http::Request& request, const http::Reply& reply) {
        const std::lock_guard lock(mutex_);
        orders_.push_back(json::parse(request.body));
        reply({200, "{}"});
      },
      ingress_port_);
  EXPECT_TRUE(steered_to(kSecond));
}

TEST_F(ControllerRole, KeepsRunningWithoutTheManager) {
  start();
  tell(1, 9, 3);
  ASSERT_TRUE(steered_to(kFirst));
  there([&] { manager_.reset(); });
  ASSERT_TRUE(support::wait_for(
      10s, [&] { return json::parse(ask(port_, "me", "GET", "/v1/health").body).at("manager") == "down"; }));
  serve(
      manager_, [this](const http::Request&, const http::Reply& reply) { reply({.feed = feed_}); }, manager_port_);
  tell(2, 3, 9);
  EXPECT_TRUE(steered_to(kSecond));
}

TEST(ControllerConfig, IsStrict) {
  EXPECT_THAT(parse_controller(json{{"node", "sdn"}, {"colour", "red"}}).error().message,
              testing::AllOf(HasSubstr("controller.manager is missing"), HasSubstr("controller.colour is not known")));
}

}  // namespace
}  // namespace cats::roles
