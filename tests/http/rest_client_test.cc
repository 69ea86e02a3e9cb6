#include "http/rest_client.h"

#include <mutex>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/server.h"
#include "http/tokens.h"
#include "tests/support/raw_http.h"
#include "tests/support/wait_until.h"

namespace cats::http {
namespace {

using namespace std::chrono_literals;
using support::RawHttp;
using support::status_of;
namespace asio = boost::asio;
using testing::ElementsAre;
using testing::HasSubstr;

const IpAddress kHere = IpAddress::of("::1");

class Rest : public testing::Test {
 protected:
  void TearDown() override {
    thread_.stop();
    source_.reset();
    server_.reset();
  }

  // Echoes what it was asked; /feed is the feed.
  void serve(ServerConfig config = {}, std::uint16_t port = 0) {
    server_ = std::make_unique<Server>(
        thread_.io(),
        [this](const Request& request, const Reply& reply) {
          if (request.path == "/feed") return reply({.feed = feed_});
          nlohmann::json body = {
              {"method", request.method}, {"body", request.body}, {"bearer", request.bearer.value_or("none")}};
          reply({200, body.dump()});
        },
        std::move(config));
    port_ = server_->listen(kHere, port);
  }
  void serve_encrypted() {
    ServerConfig config;
    config.tls = server_context(authority_.issue("server", {kHere}));
    serve(std::move(config));
  }

  Outcome ask(RestClient& client, const std::string& body = "", const std::string& method = "GET") {
    return asio::co_spawn(thread_.io(), client.request(method, "/x", body, 5s), asio::use_future).get();
  }
  Outcome ask(const Endpoint& endpoint) {
    RestClient client(thread_.io().get_executor(), endpoint);
    return ask(client);
  }

  // On the thread of the io_context.
  template <class What>
  void there(What what) {
    asio::post(thread_.io(), asio::use_future(std::move(what))).get();
  }
  std::vector<std::string> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  bool saw(std::size_t events) {
    return support::wait_for(10s, [&] { return seen().size() >= events; });
  }
  void follow(const Endpoint& endpoint) {
    source_ = std::make_unique<EventSource>(thread_.io().get_executor(), endpoint, "/feed",
                                            EventSource::Handlers{[this](const StreamEvent& event) {
                                              const std::lock_guard lock(mutex_);
                                              seen_.push_back(event.name + ":" + event.data);
                                            }},
                                            20ms);
    source_->start();
  }

  Authority authority_{"a run"};
  support::IoThread thread_;
  std::shared_ptr<EventFeed> feed_ = std::make_shared<EventFeed>("a", 100, [] { return "state"; });
  std::unique_ptr<Server> server_;
  std::unique_ptr<EventSource> source_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> seen_;
};

TEST_F(Rest, AsksWithBodyAndToken) {
  serve();
  thread_.start();
  RestClient client(thread_.io().get_executor(), {.address = kHere, .port = port_, .token = "secret"});
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = ask(client, "{}", "PUT");
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.status, 200U);
    EXPECT_EQ(nlohmann::json::parse(outcome.body),
              nlohmann::json({{"method", "PUT"}, {"body", "{}"}, {"bearer", "secret"}}));
  }
  there([&] { EXPECT_EQ(server_->connections(), 1U); });
}

TEST_F(Rest, AConnectionThatWasClosedMeanwhileIsOpenedAgain) {
  ServerConfig config;
  config.idle_timeout = 50ms;
  serve(std::move(config));
  thread_.start();
  RestClient client(thread_.io().get_executor(), {.address = kHere, .port = port_});
  EXPECT_EQ(ask(client).status, 200U);
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(ask(client).status, 200U);
}

TEST_F(Rest, NamesWhomItCannotReach) {
  serve();
  thread_.start();
  there([&] { server_->close(); });
  EXPECT_THAT(ask({.address = kHere, .port = port_}).error, HasSubstr(fmt::format("http://[::1]:{}", port_)));
}

TEST_F(Rest, EncryptsAndKnowsWhomItSpeaksTo) {
  serve_encrypted();
  thread_.start();
  EXPECT_EQ(ask({.address = kHere, .port = port_, .tls = client_context(authority_.certificate())}).status, 200U);
  const Authority other("another run");
  EXPECT_THAT(ask({.address = kHere, .port = port_, .tls = client_context(other.certificate())}).error,
              HasSubstr("TLS: certificate verify failed"));
  EXPECT_NE(ask({.address = kHere, .port = port_}).error, "");
}

TEST_F(Rest, ACertificateOfAnotherAddressIsRefused) {
  ServerConfig config;
  config.tls = server_context(authority_.issue("server", {IpAddress::of("2001:2::1")}));
  serve(std::move(config));
  thread_.start();
  EXPECT_THAT(ask({.address = kHere, .port = port_, .tls = client_context(authority_.certificate())}).error,
              HasSubstr("TLS: certificate verify failed"));
}

TEST_F(Rest, BadPemIsRefused) {
  EXPECT_THROW(server_context({"nonsense", "nonsense"}), UsageError);
  EXPECT_THROW(server_context({authority_.certificate(), "nonsense"}), UsageError);
  EXPECT_THROW(client_context("nonsense"), UsageError);
}

TEST_F(Rest, WhoAsksTooOftenIsToldToWait) {
  ServerConfig config;
  config.requests_per_second = 0.001;
  config.burst = 2;
  serve(std::move(config));
  thread_.start();
  RawHttp client(port_);
  for (const int status : {200, 200, 429}) {
    client.get("/x");
    const auto response = client.receive();
    EXPECT_EQ(status_of(response), status);
    if (status == 429) {
      EXPECT_THAT(response, HasSubstr("Retry-After: 1"));
      EXPECT_THAT(response, HasSubstr("application/problem+json"));
    }
  }
}

TEST_F(Rest, TooManyConnectionsAreRefused) {
  ServerConfig config;
  config.max_connections_of_a_peer = 1;
  serve(std::move(config));
  thread_.start();
  RawHttp first(port_);
  first.get("/x");
  EXPECT_EQ(status_of(first.receive()), 200);
  RawHttp second(port_);
  EXPECT_EQ(status_of(second.receive()), 429);
  first.get("/x");
  EXPECT_EQ(status_of(first.receive()), 200);
}

TEST_F(Rest, AClientThatDripsOctetsIsCutOffAndOthersAreServed) {
  ServerConfig config;
  config.request_timeout = 200ms;
  serve(std::move(config));
  thread_.start();
  RawHttp slow(port_);
  slow.send("GET /x HTTP/1.1\r\n");
  EXPECT_EQ(ask({.address = kHere, .port = port_}).status, 200U);
  EXPECT_TRUE(slow.closed());
}

TEST_F(Rest, FollowsAFeed) {
  serve_encrypted();
  thread_.start();
  there([&] { follow({.address = kHere, .port = port_, .tls = client_context(authority_.certificate())}); });
  ASSERT_TRUE(saw(1));
  there([&] { feed_->publish("update", "1"); });
  there([&] { feed_->publish("update", "2"); });
  ASSERT_TRUE(saw(3));
  EXPECT_THAT(seen(), ElementsAre("snapshot:state", "update:1", "update:2"));
}

TEST_F(Rest, ResumesAFeedWithoutGapOrRepetition) {
  serve();
  thread_.start();
  there([&] { follow({.address = kHere, .port = port_}); });
  ASSERT_TRUE(saw(1));
  there([&] { feed_->publish("update", "1"); });
  ASSERT_TRUE(saw(2));
  // Gone, and back with the same feed, which went on meanwhile.
  there([&] { server_.reset(); });
  there([&] { feed_->publish("update", "2"); });
  there([&] { serve({}, port_); });
  there([&] { feed_->publish("update", "3"); });
  ASSERT_TRUE(saw(4));
  EXPECT_THAT(seen(), ElementsAre("snapshot:state", "update:1", "update:2", "update:3"));
  // Back as another incarnation: the snapshot again.
  there([&] {
    server_.reset();
    feed_ = std::make_shared<EventFeed>("b", 100, [] { return "anew"; });
    serve({}, port_);
  });
  ASSERT_TRUE(saw(5));
  EXPECT_EQ(seen().back(), "snapshot:anew");
}

}  // namespace
}  // namespace cats::http
