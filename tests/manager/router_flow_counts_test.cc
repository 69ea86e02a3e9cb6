// What the agents of two ingresses, which are the test's own servers, say of their flow tables.
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/roles/controller_flows.h"
#include "http/server.h"
#include "tests/manager/control_plane.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const IpAddress kService = IpAddress::of("2001:2:0:c5::1");
const cpsel::InstanceId kFirst{IpAddress::of("2001:2:0:1001::2"), 0};
const cpsel::InstanceId kSecond{IpAddress::of("2001:2:0:1002::2"), 0};

class RouterFlows : public ControlPlane {
 protected:
  struct Ingress {
    std::unique_ptr<http::Server> server = {};
    std::uint16_t port = 0;
    std::string body = {};  // on the thread of the io_context
  };

  RouterFlows() {
    for (Ingress& ingress : ingresses_) serve(ingress);
    there([this] {
      std::vector<RouterAgents::Router> routers;
      for (std::size_t i = 0; i < ingresses_.size(); ++i)
        routers.push_back({fmt::format("r{}", i + 1), endpoint(ingresses_[i].port, "sdn")});
      counts_ = std::make_unique<RouterFlowCounts>(
          thread_.io().get_executor(), routers, std::vector{kService},
          [this](const std::string& router, std::size_t service, const std::string& why) {
            states_.push_back(fmt::format("{} {} {}", router, service, why));
          });
    });
  }
  void TearDown() override {
    there([this] {
      counts_.reset();
      for (Ingress& ingress : ingresses_) ingress.server.reset();
    });
    thread_.stop();
  }

  void serve(Ingress& ingress) {
    there([&] {
      http::ServerConfig config;
      config.tls = http::server_context({read_file(directory_ / "certificate.pem"), read_file(directory_ / "key.pem")});
      ingress.server = std::make_unique<http::Server>(
          thread_.io(),
          [&ingress](const http::Request& request, const http::Reply& reply) {
            if (request.path == "/v1/services/" + kService.str() + "/flows")
              reply({200, ingress.body});
            else
              reply(http::problem(404, request.path));
          },
          std::move(config));
      ingress.port = ingress.server->listen(kHere, ingress.port);
    });
  }
  void say(std::size_t ingress, int first, int second) {
    const nlohmann::json body = {{"flows", {{kFirst.str(), first}, {kSecond.str(), second}}}};
    there([&] { ingresses_[ingress].body = body.dump(); });
  }
  cpsel::FlowCounts read() {
    auto told = std::make_shared<std::promise<cpsel::FlowCounts>>();
    there([&] { counts_->read(0, [told](const cpsel::FlowCounts& counts) { told->set_value(counts); }); });
    return told->get_future().get();
  }
  std::vector<std::string> states() {
    std::vector<std::string> copy;
    there([&] { copy = states_; });
    return copy;
  }

  std::array<Ingress, 2> ingresses_;
  std::unique_ptr<RouterFlowCounts> counts_;
  std::vector<std::string> states_;
};

TEST_F(RouterFlows, AreAddedUp) {
  say(0, 3, 0);
  say(1, 4, 5);
  EXPECT_THAT(read(), ElementsAre(Pair(kFirst, 7), Pair(kSecond, 5)));
  say(1, 6, 5);
  EXPECT_THAT(read(), ElementsAre(Pair(kFirst, 9), Pair(kSecond, 5)));
  EXPECT_THAT(states(), ElementsAre());
}

TEST_F(RouterFlows, OfAnAgentThatIsGoneStayAndOfTheNextOneAreAdded) {
  say(0, 3, 0);
  say(1, 4, 5);
  read();
  there([this] { ingresses_[1].server.reset(); });
  say(0, 4, 0);
  EXPECT_THAT(read(), ElementsAre(Pair(kFirst, 8), Pair(kSecond, 5)));
  read();
  ASSERT_EQ(states().size(), 1U);
  EXPECT_THAT(states()[0], HasSubstr("r2 0 https://[::1]"));
  serve(ingresses_[1]);
  say(1, 1, 0);
  EXPECT_THAT(read(), ElementsAre(Pair(kFirst, 9), Pair(kSecond, 5)));
  EXPECT_EQ(states().back(), "r2 0 ");
}

TEST_F(RouterFlows, AreNotBelievedWhenTheyAreNone) {
  say(0, 3, 0);
  say(1, 4, 5);
  read();
  for (const char* body : {"", "[]", R"({"flows": []})", R"({"flows": {"2001:2:0:1001::2": -1}})",
                           R"({"flows": {"2001:2:0:1001::2": 1.5}})", R"({"flows": {"nobody": 1}})"}) {
    there([&] { ingresses_[1].body = body; });
    EXPECT_THAT(read(), ElementsAre(Pair(kFirst, 7), Pair(kSecond, 5))) << body;
    EXPECT_THAT(states().back(), testing::StartsWith("r2 0 ")) << body;
    EXPECT_NE(states().back(), "r2 0 ") << body;
  }
}

TEST_F(RouterFlows, WhoAsksAgainTakesThePlaceOfWhoWaits) {
  say(0, 3, 0);
  say(1, 4, 5);
  auto told = std::make_shared<std::promise<cpsel::FlowCounts>>();
  bool first_told = false;
  there([&] {
    counts_->read(0, [&](const cpsel::FlowCounts&) { first_told = true; });
    counts_->read(0, [told](const cpsel::FlowCounts& counts) { told->set_value(counts); });
  });
  EXPECT_THAT(told->get_future().get(), ElementsAre(Pair(kFirst, 7), Pair(kSecond, 5)));
  there([&] { EXPECT_FALSE(first_told); });
}

}  // namespace
}  // namespace cats::roles
