#include "http/server.h"

#include <atomic>
#include <fcntl.h>

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
using testing::HasSubstr;

class HttpServer : public testing::Test {
 protected:
  void SetUp() override {
    ServerConfig config;
    config.max_header = 1024;
    config.max_body = 100;
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
}

TEST_F(HttpServer, LimitsHeaderAndBody) {
  RawHttp header(port_);
  header.send("GET / HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n");
  EXPECT_EQ(status_of(header.receive()), 431);

  RawHttp body(port_);
  body.send("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'));
  EXPECT_EQ(status_of(body.receive()), 413);

  RawHttp fits(port_);
  fits.send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x'));
  EXPECT_EQ(status_of(fits.receive()), 200);
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
