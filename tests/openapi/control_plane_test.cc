// Manager and controller as processes, as their documents in docs/openapi have them.
#include "tests/manager/control_plane.h"

#include <memory>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/metric_report_json.h"
#include "emulator/roles/controller.h"
#include "emulator/roles/manager.h"
#include "http/server.h"
#include "tests/edge_server/role_process.h"
#include "tests/openapi/check_interface.h"
#include "tests/support/needs.h"
#include "tests/support/wait_until.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

const std::string kFirst = "2001:2:0:1001::2";
const std::string kSecond = "2001:2:0:1002::2";
const std::string kService = "2001:2:0:c5::1";
constexpr std::uint16_t kNobody = 1;  // a port that no one listens on

// What an ingress' agent answers (docs/openapi/ingress.yaml).
std::string ingress_answer(const std::string& path) {
  if (path == "/v1/topology") return link_state({2, 9}).dump();  // r3 is missing; of 9 the inventory has nothing
  if (path == "/v1/sessions")
    return R"([{"tuple": {"source": "2001:2:0:1003::2", "sport": 40000, "destination": "2001:2:0:c5::1", "dport": 8080,
                          "protocol": "tcp"}, "mark": 1, "instance": "2001:2:0:1001::2"}])";
  return R"([{"cs_id": "2001:2:0:c5::1", "algorithm": "ecmp", "parameters": {}, "failure": null, "decision": 7,
              "instances": [{"csci": "2001:2:0:1001::2", "path": 3, "seq": null, "values": {}, "sid": "",
                             "sid_learnt": "configuration", "mark": 1, "eligible": true, "weight": 1}]}])";
}

class Documented : public ControlPlane {
 protected:
  void SetUp() override { CATS_NEEDS_PROGRAM("python3"); }
  void TearDown() override {
    controller_.reset();
    manager_.reset();
    there([&] { stand_in_.reset(); });
    thread_.stop();
  }

  std::uint16_t start_manager() {
    const json config = {{"node", "esm"},
                         {"events", (directory_ / "esm.jsonl").string()},
                         {"control", (directory_ / "esm.control").string()},
                         {"rest", server(0)},
                         {"interval_ns", 20'000'000},
                         {"epoch_ns", 0},
                         {"instances",
                          {{{"node", "es1"}, {"csci", kFirst}, {"cs_id", kService}},
                           {{"node", "es2"}, {"csci", kSecond}, {"cs_id", kService}}}}};
    manager_.emplace("manager", config);
    return manager_->call({{"do", "status"}}).at("port").get<std::uint16_t>();
  }
  std::uint16_t start_controller(std::uint16_t manager, std::uint16_t ingress) {
    const json service = {{"cs_id", kService},
                          {"age_limit_ns", nullptr},
                          {"steer_by", "norm_fi"},
                          {"algorithm", "global-min"},
                          {"library", nullptr},
                          {"parameters", json::object()},
                          {"instances",
                           {{{"csci", kFirst}, {"node", "es1"}, {"capacity", 1}},
                            {{"csci", kSecond}, {"node", "es2"}, {"capacity", 1}}}}};
    const json config = {
        {"node", "sdn"},
        {"events", (directory_ / "sdn.jsonl").string()},
        {"control", (directory_ / "sdn.control").string()},
        {"seed", 1},
        {"rest", server(0)},
        {"manager", peer(manager, "sdn")},
        {"routers",
         {{{"node", "r1"}, {"rest", peer(ingress, "sdn")}}, {{"node", "r2"}, {"rest", peer(kNobody, "sdn")}}}},
        {"agents",
         {{{"node", "r1"}, {"rest", peer(ingress, "sdn")}}, {{"node", "r2"}, {"rest", peer(kNobody, "sdn")}}}},
        {"inventory", inventory()},
        {"services", json::array({service})}};
    controller_.emplace("controller", config);
    return controller_->call({{"do", "status"}}).at("port").get<std::uint16_t>();
  }
  // A server of the test's own.
  std::uint16_t stand_in(http::Handler handler) {
    std::uint16_t port = 0;
    there([&] {
      http::ServerConfig config;
      config.tls = http::server_context({read_file(directory_ / "certificate.pem"), read_file(directory_ / "key.pem")});
      stand_in_ = std::make_unique<http::Server>(thread_.io(), std::move(handler), std::move(config));
      port = stand_in_->listen(kHere, 0);
    });
    return port;
  }
  json get(std::uint16_t port, const std::string& target) { return json::parse(ask(port, "me", "GET", target).body); }
  support::CommandResult check(const std::string& document, const std::filesystem::path& plan, std::uint16_t port) {
    return support::run(check_interface(document, plan, kHere, port, directory_.path()));
  }

  std::optional<RoleProcess> manager_, controller_;
  std::unique_ptr<http::Server> stand_in_;
};

TEST_F(Documented, Manager) {
  const auto result = check("edge-server-manager", "edge-server-manager.plan.yaml", start_manager());
  EXPECT_EQ(result.status, 0) << result.output;
}

TEST_F(Documented, Controller) {
  const std::uint16_t manager = start_manager();
  const std::uint16_t ingress = stand_in([](const http::Request& request, const http::Reply& reply) {
    if (request.method != "PUT") return reply({.body = ingress_answer(request.path)});
    const json done = {{"decision", json::parse(request.body).at("decision")}, {"acked_unix_ns", 1}};
    reply({.body = done.dump()});
  });
  const std::uint16_t port = start_controller(manager, ingress);
  const collectors::MetricReport report{{{"norm_fi", 7}}, collectors::Stamp{1, MonotonicClock().now()}, {}};
  const auto published = ask(manager, "es1", "PUT", "/v1/instances/" + kFirst + "/metrics",
                             collectors::to_json(report, collectors::WallClock::of_this_machine()).dump());
  ASSERT_EQ(published.status, 204U) << published.why();
  // One router has it in force, the other does not answer; of the other instance nothing is known.
  ASSERT_TRUE(support::wait_for(10s, [&] {
    const json selections = get(port, "/v1/selections");
    return !selections.empty() && selections[0].at("in_force") == json({"r1"});
  }));
  ASSERT_TRUE(support::wait_for(10s, [&] { return !get(port, "/v1/routers")[1].at("failure").is_null(); }));
  ASSERT_TRUE(support::wait_for(10s, [&] { return get(port, "/v1/topology").at("links").size() == 2; }));
  const auto result = check("controller", "controller.plan.yaml", port);
  EXPECT_EQ(result.status, 0) << result.output;
}

TEST_F(Documented, AMemberThatIsNotDocumentedIsNoticed) {
  const std::uint16_t port = stand_in(
      [](const http::Request&, const http::Reply& reply) { reply({.body = R"({"status": "up", "colour": "red"})"}); });
  write_file(directory_ / "plan.yaml", "only: [[getHealth, 200]]\n");
  const auto result = check("ingress", directory_ / "plan.yaml", port);
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.output, HasSubstr("'colour' was unexpected"));
}

}  // namespace
}  // namespace cats::roles
