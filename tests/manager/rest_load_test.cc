// The test emulator's port at the controller, as a process, against a server of the test's own that has its limits.
#include "emulator/roles/rest_load.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/event_log.h"
#include "http/server.h"
#include "http/tokens.h"
#include "tests/edge_server/role_process.h"
#include "tests/manager/control_plane.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

constexpr std::size_t kMostConnections = 20;

class RestLoadRole : public ControlPlane {
 protected:
  RestLoadRole() {
    there([&] {
      http::ServerConfig config;
      config.max_connections = kMostConnections;
      config.tls = http::server_context({read_file(directory_ / "certificate.pem"), read_file(directory_ / "key.pem")});
      server_ = std::make_unique<http::Server>(
          thread_.io(), [this](const http::Request& request, const http::Reply& reply) { reply(answer(request)); },
          std::move(config));
      port_ = server_->listen(kHere, 0);
    });
    process_.emplace("rest-load", json{{"node", "rest-load"},
                                       {"events", (directory_ / "events.jsonl").string()},
                                       {"control", (directory_ / "control").string()},
                                       {"controller", peer(port_, "me")},
                                       {"services", {"2001:2:0:c5::1"}}});
  }
  void TearDown() override {
    process_.reset();
    there([&] { server_.reset(); });
    thread_.stop();
  }

  // As the controller: token first, then path, then body.
  http::Response answer(const http::Request& request) const {
    if (request.bearer != "secret-of-me") return http::unauthorised();
    if (request.path == "/v1/health") return {200, "{}"};
    if (!request.path.starts_with("/v1/policies/")) return http::problem(404, "no such resource");
    if (lenient_) return {200, "{}"};
    return http::problem(json::accept(request.body) ? 422 : 400, "the body is no JSON");
  }
  std::vector<json> logged(const std::string& name) const {
    std::vector<json> found;
    std::vector<json> events = read_events(directory_ / "events.jsonl").value();
    for (json& event : events)
      if (event.at("event") == name) found.push_back(std::move(event));
    return found;
  }
  // Of the messages of a load, by kind.
  static std::map<std::string, json> by_kind(const json& load) {
    std::map<std::string, json> kinds;
    for (const json& one : load.at("messages")) kinds[one.at("kind")] = one;
    return kinds;
  }

  std::atomic<bool> lenient_ = false;
  std::unique_ptr<http::Server> server_;
  std::uint16_t port_ = 0;
  std::optional<RoleProcess> process_;
};

TEST_F(RestLoadRole, HoldsSessionsUntilOneIsRefused) {
  json reply = process_->call({{"do", "sessions"}, {"count", 8}});
  EXPECT_EQ(reply.at("held"), 8);
  EXPECT_EQ(reply.at("refused"), 0);
  EXPECT_TRUE(reply.at("why").is_null());
  reply = process_->call({{"do", "sessions"}, {"count", 16}});
  EXPECT_EQ(reply.at("held"), 16);
  std::size_t open = 0;
  there([&] { open = server_->connections(); });
  EXPECT_EQ(open, 16U);
  reply = process_->call({{"do", "sessions"}, {"count", 64}});
  EXPECT_EQ(reply.at("held"), kMostConnections);
  EXPECT_GE(reply.at("refused"), 1);
  EXPECT_THAT(reply.at("why").get<std::string>(), HasSubstr("503: too many connections"));
  EXPECT_TRUE(reply.at("clean"));
  EXPECT_EQ(logged("rest_sessions").size(), 3U);
  reply = process_->call({{"do", "release"}});
  EXPECT_EQ(reply.at("held"), kMostConnections);
  EXPECT_EQ(reply.at("opened"), kMostConnections);
  EXPECT_EQ(process_->call({{"do", "status"}}).at("held"), 0);
}

TEST_F(RestLoadRole, KnowsWhichSessionsTheServerEnded) {
  EXPECT_EQ(process_->call({{"do", "sessions"}, {"count", 5}}).at("held"), 5);
  there([&] { server_.reset(); });
  EXPECT_TRUE(support::wait_for(5s, [&] { return process_->call({{"do", "status"}}).at("held") == 0; }));
  const json reply = process_->call({{"do", "release"}});
  EXPECT_EQ(reply.at("held"), 0);
  EXPECT_EQ(reply.at("opened"), 5);
}

TEST_F(RestLoadRole, SaysSoWhenARefusalIsNoAnswer) {
  there([&] { server_.reset(); });
  const json reply = process_->call({{"do", "sessions"}, {"count", 3}});
  EXPECT_EQ(reply.at("held"), 0);
  EXPECT_FALSE(reply.at("clean"));
  EXPECT_THAT(reply.at("why").get<std::string>(), HasSubstr("refused"));
}

TEST_F(RestLoadRole, SendsSixKindsOfMalformedMessages) {
  process_->call({{"do", "bad_messages"}, {"rate", 120}});
  EXPECT_THROW(process_->call({{"do", "flood"}, {"rate", 10}, {"connections", 1}}), MeasurementError);
  std::this_thread::sleep_for(500ms);
  const json load = process_->call({{"do", "release"}}).at("load");
  EXPECT_EQ(load.at("kind"), "bad_messages");
  const auto kinds = by_kind(load);
  ASSERT_EQ(kinds.size(), 6U);
  for (const auto& [kind, counts] : kinds) {
    EXPECT_GT(counts.at("sent"), 0) << kind;
    EXPECT_EQ(counts.at("sent"), counts.at("refused")) << counts;
    EXPECT_EQ(counts.at("outcomes").size(), 1U) << counts;
  }
  for (const auto& [kind, outcome] :
       {std::pair{"no-json", "400"}, std::pair{"wrong-token", "401"}, std::pair{"unknown-path", "404"},
        std::pair{"long-header", "431"}, std::pair{"long-body", "413"}, std::pair{"no-tls", "connection ended"}})
    EXPECT_TRUE(kinds.at(kind).at("outcomes").contains(outcome)) << kinds.at(kind);
  ASSERT_EQ(logged("rest_load").size(), 1U);
  EXPECT_EQ(logged("rest_load")[0].at("messages"), load.at("messages"));
}

TEST_F(RestLoadRole, CountsWhatIsAcceptedThatShouldNotBe) {
  lenient_ = true;
  process_->call({{"do", "bad_messages"}, {"rate", 120}});
  std::this_thread::sleep_for(300ms);
  const auto kinds = by_kind(process_->call({{"do", "release"}}).at("load"));
  EXPECT_EQ(kinds.at("no-json").at("accepted"), kinds.at("no-json").at("sent"));
  EXPECT_EQ(kinds.at("wrong-token").at("accepted"), 0);
}

TEST_F(RestLoadRole, FloodsAtItsRate) {
  process_->call({{"do", "flood"}, {"rate", 200}, {"connections", 4}});
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(process_->call({{"do", "status"}}).at("load"), "flood");
  const auto kinds = by_kind(process_->call({{"do", "release"}}).at("load"));
  const json& counts = kinds.at("no-token");
  EXPECT_NEAR(counts.at("sent").get<double>(), 200, 40);
  EXPECT_EQ(counts.at("sent"), counts.at("refused"));
  EXPECT_TRUE(counts.at("outcomes").contains("401"));
  EXPECT_FALSE(process_->call({{"do", "release"}}).contains("load"));
}

TEST(RestLoadConfig, IsStrict) {
  EXPECT_THAT(
      parse_rest_load(json{{"node", "rest-load"}, {"services", json::array()}, {"colour", "red"}}).error().message,
      testing::AllOf(HasSubstr("rest-load.controller is missing"), HasSubstr("rest-load.services is no list of CS-IDs"),
                     HasSubstr("rest-load.colour is not known")));
}

}  // namespace
}  // namespace cats::roles
