// Weights that a controller orders over REST, on the real kernel.
#include <gmock/gmock.h>

#include "tests/ingress/network.h"
#include "tests/manager/control_plane.h"
#include "tests/support/fake_vty.h"
#include "tests/support/hostile_clients.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

constexpr std::uint16_t kRest = 8443;

class OrderedIngress : public IngressTest {
 protected:
  void SetUp() override {
    IngressTest::SetUp();
    if (IsSkipped()) return;
    const IpAddress address = IpAddress::of("2001:2:0:5::1");  // towards the host
    const http::Identity identity = authority_.issue("r1", {address});
    write_file(directory_ / "certificate.pem", identity.certificate);
    write_file(directory_ / "key.pem", identity.key);
    write_file(directory_ / "tokens.json", R"([{"token": "secret", "name": "sdn", "role": "controller"},
                                               {"token": "open", "name": "me", "role": "operator"}])");
    start(60s, "global-min", [&](IngressConfig& config) {
      config.cps = IngressConfig::Cps::controller;
      config.igp = IgpConfig{IgpConfig::Protocol::ospfv3, directory_ / "ospf6d.vty"};
      config.rest = RestServerConfig{address, kRest, directory_ / "certificate.pem", directory_ / "key.pem",
                                     directory_ / "tokens.json"};
    });
    peer_ = {
        .address = address, .port = kRest, .tls = http::client_context(authority_.certificate()), .token = "secret"};
    asking_ = std::make_unique<Inside>(host_, [this](boost::asio::io_context& io) { io_ = &io; });
  }
  void TearDown() override {
    asking_.reset();
    IngressTest::TearDown();
  }

  http::Outcome ask(const std::string& method, const std::string& target, const std::string& body = "") {
    http::RestClient client(io_->get_executor(), peer_);
    return boost::asio::co_spawn(*io_, client.request(method, target, body, 5s), boost::asio::use_future).get();
  }
  http::Outcome order(std::uint64_t decision, const json& weights) {
    return ask("PUT", "/v1/services/2001:2::100/weights", json{{"decision", decision}, {"weights", weights}}.dump());
  }

  http::Authority authority_{"a run"};
  http::Endpoint peer_;
  boost::asio::io_context* io_ = nullptr;
  std::unique_ptr<Inside> asking_;
};

TEST_F(OrderedIngress, DoesAsItIsTold) {
  router_->announce(1, kCsci1, 80);
  router_->announce(2, kCsci2, 50);
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("metric_received").size() == 2; }));
  EXPECT_TRUE(slots_become({{0, 64}}));  // nobody has told it anything
  EXPECT_EQ(order(7, {{kCsci1.str(), 0.25}, {kCsci2.str(), 0.75}}).status, 200U);
  EXPECT_TRUE(slots_become({{1, 16}, {2, 48}}));
  EXPECT_EQ(events("route_installed").back()["decision"], 7);
  // Another report changes nothing: it does not choose.
  router_->announce(2, kCsci2, 10);
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("metric_received").size() == 3; }));
  EXPECT_TRUE(slots_become({{1, 16}, {2, 48}}));
  // A route that is gone gets no new flow, whatever was ordered; it has its share again when it comes back.
  router_->withdraw(2);
  EXPECT_TRUE(slots_become({{1, 64}}));
  router_->announce(2, kCsci2, 50);
  EXPECT_TRUE(slots_become({{1, 16}, {2, 48}}));
  const json services = json::parse(ask("GET", "/v1/services").body);
  EXPECT_EQ(services[0]["instances"].size(), 2U);
}

TEST_F(OrderedIngress, SessionsStayWhenAnOrderMovesTheSelection) {
  sites();
  router_->announce(1, kCsci1, 80);
  router_->announce(2, kCsci2, 50);
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("metric_received").size() == 2; }));
  ASSERT_EQ(order(1, {{kCsci1.str(), 1}}).status, 200U);
  Session persistent(host_);
  EXPECT_EQ(persistent.ask(), kCsci1.str());
  ASSERT_EQ(order(2, {{kCsci2.str(), 1}}).status, 200U);
  EXPECT_EQ(persistent.ask(), kCsci1.str());
  Session fresh(host_);
  EXPECT_EQ(fresh.ask(), kCsci2.str());
  const json sessions = json::parse(ask("GET", "/v1/sessions").body);
  ASSERT_EQ(sessions.size(), 2U);
  EXPECT_NE(sessions[0]["instance"], sessions[1]["instance"]);
}

TEST_F(OrderedIngress, TellsWhatItsRouterKnowsOfTheNetwork) {
  const http::Outcome silent = ask("GET", "/v1/topology");
  EXPECT_EQ(silent.status, 502U);
  EXPECT_THAT(silent.why(), HasSubstr("ospf6d.vty: No such file or directory"));
  EXPECT_TRUE(events("refused").empty());  // nobody asked for what they may not have
  const support::FakeVty vty(directory_ / "ospf6d.vty",
                             read_file(CATS_SOURCE_DIR "/tests/ingress/recorded/ospf6d-router-database.json"));
  const json known = json::parse(ask("GET", "/v1/topology").body);
  EXPECT_EQ(known.at("protocol"), "ospfv3");
  ASSERT_EQ(known.at("routers").size(), 4U);
  EXPECT_EQ(known.at("routers")[0], json::parse(R"({"router_id": "198.19.128.1",
                            "neighbors": ["198.19.128.2", "198.19.128.3", "198.19.128.4"]})"));
}

TEST_F(OrderedIngress, RefusesWhatIsWrongAndChangesNothing) {
  router_->announce(1, kCsci1, 80);
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("metric_received").size() == 1; }));
  ASSERT_EQ(order(1, {{kCsci1.str(), 1}}).status, 200U);
  ASSERT_TRUE(slots_become({{1, 64}}));
  EXPECT_THAT(order(2, {{kCsci1.str(), 0.5}}).why(), HasSubstr("422: weights sum to 0.5, not 1"));
  EXPECT_THAT(order(2, {{kCsci1.str(), -1}}).why(), HasSubstr("is no weight of 0 or more"));
  EXPECT_THAT(order(2, {{"2001:2::99", 1}}).why(), HasSubstr("is no instance that this ingress has a tunnel to"));
  EXPECT_THAT(ask("PUT", "/v1/services/2001:2::100/weights", "nonsense").why(), HasSubstr("400: the body is no JSON"));
  EXPECT_EQ(ask("PUT", "/v1/services/2001:2::99/weights", "{}").status, 404U);
  peer_.token = "open";
  EXPECT_EQ(order(2, {{kCsci2.str(), 1}}).status, 403U);
  EXPECT_EQ(ask("GET", "/v1/services").status, 200U);
  peer_.token = "guess";
  EXPECT_EQ(order(2, {{kCsci2.str(), 1}}).status, 401U);
  EXPECT_TRUE(slots_become({{1, 64}}));
  EXPECT_EQ(events("refused").size(), 7U);
  peer_.token = "";
  EXPECT_EQ(order(2, {{kCsci2.str(), 1}}).status, 401U);
  EXPECT_TRUE(slots_become({{1, 64}}));
  EXPECT_EQ(events("refused").size(), 8U);
}

TEST_F(OrderedIngress, SuffersNoClientWithoutEnd) {
  router_->announce(1, kCsci1, 80);
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("metric_received").size() == 1; }));
  ASSERT_EQ(order(1, {{kCsci1.str(), 1}}).status, 200U);
  ASSERT_TRUE(slots_become({{1, 64}}));
  const support::Server server{peer_.address, kRest, peer_.tls, "secret", "PUT", "/v1/services/2001:2::100/weights"};
  for (const bool chunked : {false, true}) {
    const auto flood = asking_->call([&] { return support::send_gigabyte(server, chunked); });
    EXPECT_EQ(flood.status, 413);
    EXPECT_LT(flood.sent, std::size_t{64} * 1024 * 1024);
  }
  EXPECT_EQ(order(2, {{kCsci1.str(), 1}}).status, 200U);
  constexpr std::size_t kConnections = 10;
  auto slow = asking_->call([&] { return std::make_unique<support::SlowLoris>(server, kConnections); });
  std::size_t alive = kConnections;
  for (int i = 0; alive > 0 && i < 40; ++i) {
    alive = asking_->call([&] { return slow->say_more(); });
    EXPECT_EQ(ask("GET", "/v1/health").status, 200U);
    std::this_thread::sleep_for(500ms);
  }
  EXPECT_EQ(alive, 0U);
  const auto refused = [&](int status) {
    return std::ranges::count_if(events("refused"), [&](const json& event) { return event["status"] == status; });
  };
  EXPECT_EQ(refused(413), 2);
  EXPECT_TRUE(support::wait_for(5s, [&] { return refused(408) == static_cast<std::ptrdiff_t>(kConnections); }));
  EXPECT_TRUE(slots_become({{1, 64}}));
}

}  // namespace
}  // namespace cats::roles
