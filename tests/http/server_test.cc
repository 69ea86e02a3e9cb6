#include "http/server.h"

#include <atomic>
#include <fcntl.h>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/raw_http.h"
#include "tests/support/wait_until.h"

namespace cats::http {
namespace {

using support::body_of;
using support::RawHttp;
using support::status_of;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class HttpServer : public testing::Test {
 protected:
  void SetUp() override {
    ServerConfig config;
    config.max_header = 1024;
    config.max_body = 100;
    config.request_timeout = std::chrono::seconds(1);
    config.on_refused = [this](const IpAddress& peer, unsigned status, const std::string& why) {
      const std::lock_guard lock(mutex_);
      refused_.push_back(fmt::format("{} {} {}", peer, status, why));
    };
    config.on_closing = [this](int fd) {
      ++closed_;
      fd_was_open_ = ::fcntl(fd, F_GETFD) >= 0;
    };
    server_ = std::make_unique<Server>(
        thread_.io(),
        [](const Request& request, const Reply& reply) {
          // From another thread, as workers do.
          std::thread([request, reply] {
            nlohmann::json body = {{"method", request.method}, {"path", request.path}, {"query", request.query}};
            reply({200, body.dump()});
          }).detach();
        },
        config);
    port_ = server_->listen(IpAddress::of("::1"), 0);
    thread_.start();
  }
  void TearDown() override {
    thread_.stop();
    server_.reset();
  }

  std::vector<std::string> refused() {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

  std::mutex mutex_;
  std::vector<std::string> refused_;
  std::atomic<int> closed_ = 0;
  std::atomic<bool> fd_was_open_ = false;
  support::IoThread thread_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

TEST_F(HttpServer, KeepsAConnectionAndAnswersInOrder) {
  RawHttp client(port_);
  client.get("/work?us=500");
  client.get("/a%20b?x=1&y=%32");
  const auto first = client.receive();
  const auto second = client.receive();
  EXPECT_EQ(status_of(first), 200);
  EXPECT_EQ(nlohmann::json::parse(body_of(first)),
            nlohmann::json::parse(R"({"method":"GET","path":"/work","query":{"us":"500"}})"));
  EXPECT_EQ(nlohmann::json::parse(body_of(second)),
            nlohmann::json::parse(R"({"method":"GET","path":"/a b","query":{"x":"1","y":"2"}})"));
}

TEST_F(HttpServer, RefusesWhatIsNoHttp) {
  RawHttp client(port_);
  client.send("\x16\x03\x01 nonsense\r\n\r\n");
  const auto response = client.receive();
  EXPECT_EQ(status_of(response), 400);
  EXPECT_THAT(body_of(response), HasSubstr("not a HTTP request"));
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpServer, RefusesAMalformedTarget) {
  for (const char* target : {"work", "/%zz", "/%4", "/a?x=1&x=2"}) {
    RawHttp client(port_);
    client.get(target);
    EXPECT_EQ(status_of(client.receive()), 400) << target;
  }
  EXPECT_THAT(refused(), Contains("::1 400 malformed target: work"));
  EXPECT_EQ(refused().size(), 4U);
}

TEST_F(HttpServer, LimitsHeaderAndBody) {
  RawHttp header(port_);
  header.send("GET / HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n");
  EXPECT_EQ(status_of(header.receive()), 431);

  RawHttp body(port_);
  body.send("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'));
  EXPECT_EQ(status_of(body.receive()), 413);

  RawHttp promised(port_);  // nothing of it has come yet
  promised.send("POST / HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n");
  EXPECT_EQ(status_of(promised.receive()), 413);

  RawHttp chunked(port_);
  chunked.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; ++i) chunked.send("28\r\n" + std::string(40, 'x') + "\r\n");
  EXPECT_EQ(status_of(chunked.receive()), 413);

  RawHttp fits(port_);
  fits.send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x'));
  EXPECT_EQ(status_of(fits.receive()), 200);
  EXPECT_THAT(refused(), ElementsAre("::1 431 the header is too long", "::1 413 the body is too long",
                                     "::1 413 the body is too long", "::1 413 the body is too long"));
}

TEST_F(HttpServer, ClosesRequestsThatDoNotEndAndServesOthers) {
  std::vector<std::unique_ptr<RawHttp>> slow;
  for (int i = 0; i < 3; ++i) slow.push_back(std::make_unique<RawHttp>(port_));
  const auto begin = std::chrono::steady_clock::now();
  for (const char octet : std::string("GET /"))
    for (const auto& client : slow) client->send(std::string(1, octet));
  RawHttp other(port_);
  other.get("/");
  EXPECT_EQ(status_of(other.receive()), 200);
  for (const auto& client : slow) EXPECT_TRUE(client->closed());
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, std::chrono::milliseconds(900));
  EXPECT_LT(took, std::chrono::seconds(5));
  EXPECT_TRUE(support::wait_for(std::chrono::seconds(5), [this] { return refused().size() == 3; }));
  const std::string why = "::1 408 no whole request within 1 s";
  EXPECT_THAT(refused(), ElementsAre(why, why, why));
}

TEST_F(HttpServer, AWaitingConnectionIsNoSlowRequest) {
  RawHttp client(port_);
  client.get("/");
  EXPECT_EQ(status_of(client.receive()), 200);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  client.get("/");
  EXPECT_EQ(status_of(client.receive()), 200);
  EXPECT_THAT(refused(), IsEmpty());
}

TEST_F(HttpServer, WhatItAnswersIsUtf8) {
  RawHttp client(port_);
  client.send("GET /%41\xff%zz HTTP/1.1\r\n\r\n");
  const std::string response = client.receive();
  EXPECT_EQ(status_of(response), 400);
  EXPECT_FALSE(nlohmann::json::parse(body_of(response), nullptr, false).is_discarded());
  EXPECT_EQ(refused().size(), 1U);
  EXPECT_FALSE(nlohmann::json::parse(problem(404, "\xff").body, nullptr, false).is_discarded());
}

TEST_F(HttpServer, TellsBeforeASocketCloses) {
  { RawHttp client(port_); }
  EXPECT_TRUE(support::wait_for(std::chrono::seconds(5), [this] { return closed_ == 1; }));
  EXPECT_TRUE(fd_was_open_);
}

TEST_F(HttpServer, NamesTheAddressItCannotListenOn) {
  try {
    server_->listen(IpAddress::of("2001:2::99"), 80);
    FAIL();
  } catch (const SystemError& error) {
    EXPECT_THAT(error.what(), HasSubstr("listen on 2001:2::99 port 80"));
  }
}

}  // namespace
}  // namespace cats::http
