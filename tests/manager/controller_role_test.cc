// The controller as a process between a manager and an ingress: both are the test's own servers.
#include <filesystem>
#include <mutex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/event_log.h"
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
constexpr std::uint16_t kNobodyThere = 1;  // a port that no one listens on

class ControllerRole : public ControlPlane {
 protected:
  ControllerRole() {
    manager_port_ = serve(manager_, [this](const http::Request&, const http::Reply& reply) { reply({.feed = feed_}); });
    ingress_port_ =
        serve(ingress_, [this](const http::Request& request, const http::Reply& reply) { reply(answer(request)); });
  }
  void TearDown() override {
    process_.reset();
    there([&] {
      manager_.reset();
      ingress_.reset();
    });
    thread_.stop();
  }

  // The agent of r1.
  http::Response answer(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    if (request.path == "/v1/topology" && topology_.is_null()) return http::problem(502, "ospf6d is not there");
    if (request.path == "/v1/topology") return {200, topology_.dump()};
    if (request.path == "/v1/services") return {200, R"([{"cs_id": "2001:2:0:c5::1"}])"};
    if (request.path == "/v1/sessions") return {200, R"({"this": "is no list"})"};
    if (request.path == "/v1/services/" + kService + "/flows") {
      ++flows_asked_;
      return {200, json({{"flows", flows_}}).dump()};
    }
    paths_.push_back(request.method + " " + request.path + " by " + request.bearer.value_or("nobody"));
    orders_.push_back(json::parse(request.body));
    return {200, "{}"};
  }
  void set_topology(json topology) {
    const std::lock_guard lock(mutex_);
    topology_ = std::move(topology);
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
            {"agents",
             {{{"node", "r1"}, {"rest", peer(ingress_port_, "sdn")}},
              {{"node", "r2"}, {"rest", peer(kNobodyThere, "sdn")}}}},
            {"inventory", inventory()},
            {"services",
             {{{"cs_id", kService},
               {"age_limit_ns", nullptr},
               {"steer_by", "norm_fi"},
               {"algorithm", "global-min"},
               {"library", nullptr},
               {"parameters", json::object()},
               {"instances",
                {{{"csci", kFirst.str()}, {"node", "es1"}, {"capacity", 1}},
                 {{"csci", kSecond.str()}, {"node", "es2"}, {"capacity", 1}}}}}}}};
  }
  void start() {
    process_.emplace("controller", config());
    port_ = process_->call({{"do", "status"}}).at("port");
  }
  void kill() {
    process_.reset();
    std::filesystem::remove(directory_ / "control");
  }
  json get(const std::string& target) { return json::parse(ask(port_, "me", "GET", target).body); }
  std::vector<json> events(const std::string& name) {
    const auto all = read_events(directory_ / "events.jsonl");
    if (!all) throw std::runtime_error(all.error().message);
    std::vector<json> found;
    for (const json& event : *all)
      if (event.at("event") == name) found.push_back(event);
    return found;
  }
  // The latest `topology` event has these links.
  bool topology_becomes(const std::vector<std::string>& links) {
    return support::wait_for(10s, [&] {
      const auto found = events("topology");
      return !found.empty() && found.back().at("links") == json(links);
    });
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
  json topology_ = link_state({2});  // null: its IGP does not answer
  json flows_ = json::object();
  int flows_asked_ = 0;
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

// Between two reports, what the ingress' flow table gave decides. Ten flows made loads of 0.4 and 0.2: 0.06 each.
TEST_F(ControllerRole, FlowsThatTheIngressCountsMoveWeightsBetweenReports) {
  json counts = config();
  counts["services"][0]["algorithm"] = "global-min-local";
  process_.emplace("controller", counts);
  port_ = process_->call({{"do", "status"}}).at("port");
  const auto tell_flows = [&](int first, int second) {
    std::unique_lock lock(mutex_);
    flows_ = {{kFirst.str(), first}, {kSecond.str(), second}};
    const int asked = flows_asked_;
    lock.unlock();
    return support::wait_for(5s, [&] {
      const std::lock_guard again(mutex_);
      return flows_asked_ > asked + 1;  // the answer to the one before has come
    });
  };
  tell(1, 10, 8);
  ASSERT_TRUE(steered_to(kFirst));
  ASSERT_TRUE(tell_flows(10, 0));
  tell(2, 6, 8);
  ASSERT_TRUE(steered_to(kSecond));
  ASSERT_TRUE(tell_flows(10, 3));  // 0.2 and three of 0.06 are less than 0.4
  EXPECT_TRUE(steered_to(kSecond));
  ASSERT_TRUE(tell_flows(10, 6));
  EXPECT_TRUE(steered_to(kFirst));
  EXPECT_EQ(events("metric_received").size(), 4U);
  // r2's agent is not there: said once.
  const auto said = events("flow_counts");
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].at("router"), "r2");
  EXPECT_FALSE(said[0].at("up").get<bool>());
  EXPECT_THAT(said[0].at("why").get<std::string>(), HasSubstr("refused"));
  // Those who want none ask for none.
  EXPECT_EQ(ask(port_, "me", "PUT", "/v1/policies/" + kService, R"({"algorithm": "global-min"})").status, 200U);
  std::this_thread::sleep_for(300ms);
  const auto asked = [this] {
    const std::lock_guard lock(mutex_);
    return flows_asked_;
  };
  const int before = asked();
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(asked(), before);
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
      ingress_, [this](const http::Request& request, const http::Reply& reply) { reply(answer(request)); },
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

TEST_F(ControllerRole, LearnsTheTopology) {
  start();
  ASSERT_TRUE(topology_becomes({"r1-r2"}));
  EXPECT_EQ(events("topology").back().at("nodes"), json({"r1", "r2"}));
  const json known = get("/v1/topology");
  EXPECT_EQ(known.at("missing_nodes"), json({"r3"}));
  EXPECT_EQ(known.at("missing_links"), json({"r1-r3"}));
  EXPECT_EQ(known.at("links")[0].at("reported_by"), json({"r1"}));
  set_topology(link_state({2, 3}));
  ASSERT_TRUE(topology_becomes({"r1-r2", "r1-r3"}));
  EXPECT_EQ(events("topology").back().at("changes"), json({"node r3 found", "link r1-r3 found"}));
  set_topology(link_state({3}));
  ASSERT_TRUE(topology_becomes({"r1-r3"}));
  EXPECT_EQ(events("topology").back().at("changes"), json({"node r2 gone", "link r1-r2 gone"}));
  // Its IGP is gone with all that it knew; the agent is there.
  set_topology(nullptr);
  ASSERT_TRUE(topology_becomes({}));
  EXPECT_EQ(events("topology").back().at("nodes"), json::array());
  EXPECT_EQ(get("/v1/health").at("routers")[0], json({{"node", "r1"}, {"up", true}}));
  EXPECT_EQ(events("topology").size(), 4U);  // one for each change
}

TEST_F(ControllerRole, KeepsWhatARouterSaidLastUntilItIsBack) {
  start();
  ASSERT_TRUE(topology_becomes({"r1-r2"}));
  there([&] { ingress_.reset(); });
  const auto state_becomes = [&](bool up) {
    return support::wait_for(10s, [&] { return get("/v1/health").at("routers")[0].at("up") == up; });
  };
  ASSERT_TRUE(state_becomes(false));
  EXPECT_EQ(get("/v1/topology").at("links").size(), 1U);
  EXPECT_EQ(events("topology").size(), 1U);
  set_topology(link_state({2, 3}));
  serve(
      ingress_, [this](const http::Request& request, const http::Reply& reply) { reply(answer(request)); },
      ingress_port_);
  EXPECT_TRUE(topology_becomes({"r1-r2", "r1-r3"}));
  ASSERT_TRUE(state_becomes(true));
  std::vector<bool> states;
  for (const json& event : events("router_state"))
    if (event.at("router") == "r1") states.push_back(event.at("up").get<bool>());
  EXPECT_EQ(states, (std::vector<bool>{true, false, true}));
}

TEST_F(ControllerRole, SaysWhatTheRoutersSayAndWhoDoesNotAnswer) {
  start();
  const json routes = get("/v1/routes");
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0], json::parse(R"({"router": "r1", "failure": null,
                                       "services": [{"cs_id": "2001:2:0:c5::1"}]})"));
  EXPECT_EQ(routes[1].at("router"), "r2");
  EXPECT_THAT(routes[1].at("failure").get<std::string>(), HasSubstr("refused"));
  EXPECT_TRUE(routes[1].at("services").is_null());
  const json sessions = get("/v1/sessions");
  EXPECT_EQ(sessions[0].at("failure"), "its answer is no list");
  EXPECT_TRUE(sessions[0].at("sessions").is_null());
  EXPECT_EQ(get("/v1/inventory"), inventory());
}

TEST_F(ControllerRole, KeepsTheLatestDecisions) {
  start();
  tell(1, 9, 3);
  ASSERT_TRUE(steered_to(kFirst));
  tell(2, 3, 9);
  ASSERT_TRUE(steered_to(kSecond));
  const json history = get("/v1/selections/" + kService + "/history");
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].at("weights").at(kSecond.str()), 1);
  EXPECT_EQ(history[1].at("weights").at(kFirst.str()), 1);
  EXPECT_GT(history[0].at("decided_unix_ns"), history[1].at("decided_unix_ns"));
  EXPECT_EQ(history[0].at("id"), get("/v1/selections")[0].at("id"));
  EXPECT_EQ(ask(port_, "me", "GET", "/v1/selections/2001:2::99/history").status, 404U);
  EXPECT_EQ(ask(port_, "es1", "GET", "/v1/selections/" + kService + "/history").status, 403U);
}

TEST_F(ControllerRole, OneThatIsStartedAnewDecidesAndOrdersAgain) {
  start();
  tell(1, 9, 3);
  ASSERT_TRUE(steered_to(kFirst));
  std::uint64_t latest = 0;
  kill();
  {
    const std::lock_guard lock(mutex_);
    latest = orders_.back().at("decision").get<std::uint64_t>();
    orders_.clear();
  }
  start();
  ASSERT_TRUE(steered_to(kFirst));  // by the manager's snapshot
  {
    const std::lock_guard lock(mutex_);
    EXPECT_GT(orders_.front().at("decision").get<std::uint64_t>(), latest);
  }
  std::set<std::uint64_t> ids;
  for (const json& event : events("decision"))
    EXPECT_TRUE(ids.insert(event.at("id").get<std::uint64_t>()).second) << event;
  EXPECT_EQ(ids.size(), 2U);
  EXPECT_TRUE(support::wait_for(10s, [&] { return get("/v1/topology").at("links").size() == 1; }));
}

TEST_F(ControllerRole, AManagerThatIsStartedAnewIsNotCountedTwice) {
  start();
  tell(1, 9, 3);
  ASSERT_TRUE(steered_to(kFirst));
  const json before = get("/v1/selections");
  const auto heard = [&] { return get("/v1/health").at("events").at("received").get<int>(); };
  const int events_before = heard();
  there([&] {
    manager_.reset();
    feed_ = std::make_shared<http::EventFeed>("n", 100, [this] { return state_; });  // another incarnation
  });
  serve(
      manager_, [this](const http::Request&, const http::Reply& reply) { reply({.feed = feed_}); }, manager_port_);
  ASSERT_TRUE(support::wait_for(10s, [&] { return heard() > events_before; }));  // its snapshot
  EXPECT_EQ(events("metric_received").size(), 2U);
  EXPECT_EQ(get("/v1/selections")[0].at("id"), before[0].at("id"));
  tell(2, 3, 9);
  EXPECT_TRUE(steered_to(kSecond));
  EXPECT_EQ(events("metric_received").size(), 4U);
}

TEST(ControllerConfig, IsStrict) {
  EXPECT_THAT(parse_controller(json{{"node", "sdn"}, {"colour", "red"}}).error().message,
              testing::AllOf(HasSubstr("controller.manager is missing"), HasSubstr("controller.colour is not known")));
}

}  // namespace
}  // namespace cats::roles
