#include <atomic>
#include <fstream>
#include <functional>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "emulator/control/client.h"
#include "emulator/control/server.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace cats::control {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

Instant soon(Duration d = 2s) { return MonotonicClock().now() + d; }

// An agent that runs its io_context on a thread.
class ControlTest : public testing::Test {
 protected:
  void start() {
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    work_.reset();
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Client client() { return Client("r1", path_, soon()); }
  static std::string error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const MeasurementError& error) {
      return error.what();
    }
    return "no error";
  }

  support::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "control";
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<Server> server_ = std::make_unique<Server>(io_, path_);
  std::thread thread_;
};

// Sends octets as they are and returns what comes back until the other side closes or one line is there.
class RawConnection {
 public:
  explicit RawConnection(const std::filesystem::path& path)
      : socket_(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    check(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), "connect");
  }
  void send(const std::string& text) const {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t n = ::send(socket_.get(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (n <= 0) return;
      done += static_cast<std::size_t>(n);
    }
  }
  json line() {
    while (buffer_.find('\n') == std::string::npos) {
      char chunk[4096];
      const ssize_t n = ::recv(socket_.get(), chunk, sizeof(chunk), 0);
      if (n <= 0) return nullptr;
      buffer_.append(chunk, static_cast<std::size_t>(n));
    }
    const json reply = json::parse(buffer_.substr(0, buffer_.find('\n')));
    buffer_.erase(0, buffer_.find('\n') + 1);
    return reply;
  }

 private:
  Fd socket_;
  std::string buffer_;
};

TEST_F(ControlTest, RoundTrip) {
  server_->on("add", [](const json& request, const Reply& reply) {
    reply.ok({{"sum", argument<int>(request, "a") + argument<int>(request, "b")}});
  });
  start();
  Client c = client();
  EXPECT_EQ(c.call({{"do", "add"}, {"a", 2}, {"b", 3}}), json({{"sum", 5}}));
  EXPECT_EQ(c.call({{"do", "add"}, {"a", 2}, {"b", -3}}), json({{"sum", -1}}));
}

TEST_F(ControlTest, ErrorsNameNodeCommandAndReason) {
  server_->on("add", [](const json& request, const Reply& reply) { reply.ok({{"a", argument<int>(request, "a")}}); });
  server_->on("refuse", [](const json&, const Reply& reply) { reply.fail("not today"); });
  start();
  Client c = client();
  EXPECT_EQ(error_of([&] { c.call({{"do", "refuse"}}); }), "r1: refuse: not today");
  EXPECT_EQ(error_of([&] { c.call({{"do", "add"}}); }), "r1: add: \"a\" is missing");
  EXPECT_EQ(error_of([&] { c.call({{"do", "add"}, {"a", "x"}}); }), "r1: add: \"a\": \"x\" is not allowed");
  EXPECT_THAT(error_of([&] { c.call({{"do", "ad"}}); }), HasSubstr("there are add, refuse"));
  EXPECT_EQ(c.call({{"do", "add"}, {"a", 1}}), json({{"a", 1}}));  // the connection is still good
}

TEST_F(ControlTest, AReplyMayComeLaterAndKeepsItsPlace) {
  boost::asio::steady_timer timer(io_);
  server_->on("later", [&](const json&, const Reply& reply) {
    timer.expires_after(30ms);
    timer.async_wait([reply](boost::system::error_code) { reply.ok({{"n", 1}}); });
  });
  server_->on("now", [](const json&, const Reply& reply) { reply.ok({{"n", 2}}); });
  start();
  RawConnection raw(path_);
  raw.send("{\"do\":\"later\"}\n{\"do\":\"now\"}\n");
  EXPECT_EQ(raw.line()["n"], 1);
  EXPECT_EQ(raw.line()["n"], 2);
}

TEST_F(ControlTest, AHandlerThatForgetsToAnswerIsNamed) {
  server_->on("forget", [](const json&, const Reply&) {});
  start();
  Client c = client();
  EXPECT_EQ(error_of([&] { c.call({{"do", "forget"}}); }), "r1: forget: the agent gave no answer");
}

TEST_F(ControlTest, BadLinesGetAnErrorAndTheConnectionGoesOn) {
  server_->on("ping", [](const json&, const Reply& reply) { reply.ok(); });
  start();
  RawConnection raw(path_);
  for (const char* bad : {"", "{", "[1]", "{\"do\": 3}", "{}", "\xff\xfe", "{\"do\": \"\xff\"}"}) {
    raw.send(std::string(bad) + "\n");
    EXPECT_EQ(raw.line()["ok"], false) << bad;
  }
  raw.send("{\"do\": \"ping\"}\n");
  EXPECT_EQ(raw.line(), json({{"ok", true}}));
}

TEST_F(ControlTest, ALineTooLongIsRefusedAndTheConnectionClosed) {
  start();
  RawConnection raw(path_);
  raw.send(std::string(kMaxLine + 1, 'x'));
  EXPECT_THAT(raw.line()["error"].get<std::string>(), HasSubstr("octets"));
  EXPECT_EQ(raw.line(), nullptr);
}

TEST_F(ControlTest, NoReplyInTimeIsAnError) {
  std::vector<Reply> kept;
  server_->on("wait", [&](const json&, const Reply& reply) { kept.push_back(reply); });
  start();
  Client c = client();
  EXPECT_EQ(error_of([&] { c.call({{"do", "wait"}}, 50ms); }), "r1: wait: no reply in time");
  TearDown();
}

TEST_F(ControlTest, AnAgentThatDiesIsAnError) {
  server_->on("die", [&](const json&, const Reply&) {
    server_->close();
    throw std::runtime_error("dying");
  });
  start();
  Client c = client();
  EXPECT_EQ(error_of([&] { c.call({{"do", "die"}}); }), "r1: die: dying");
  EXPECT_THAT(error_of([&] { c.call({{"do", "die"}}); }), HasSubstr("r1: die: "));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ControlTest, AClientThatGoesAwayHurtsNobody) {
  std::vector<Reply> kept;
  std::atomic<bool> asked = false;
  server_->on("wait", [&](const json&, const Reply& reply) {
    kept.push_back(reply);
    asked = true;
  });
  server_->on("release", [&](const json&, const Reply& reply) {
    for (const Reply& one : kept) one.ok();
    reply.ok();
  });
  start();
  {
    RawConnection raw(path_);
    raw.send("{\"do\": \"wait\"}\n");
    ASSERT_TRUE(support::wait_for(2s, [&] { return asked.load(); }));
  }
  Client c = client();
  c.call({{"do", "release"}});
  c.call({{"do", "release"}});
}

TEST(Client, WaitsForAnAgentThatIsStarting) {
  const support::TemporaryDirectory directory;
  const auto path = directory / "control";
  boost::asio::io_context io;
  std::unique_ptr<Server> server;
  std::thread late([&] {
    std::this_thread::sleep_for(50ms);
    server = std::make_unique<Server>(io, path);
    server->on("ping", [](const json&, const Reply& reply) { reply.ok(); });
    io.run_for(2s);
  });
  Client c("r1", path, soon(5s));
  EXPECT_EQ(c.call({{"do", "ping"}}), json::object());
  io.stop();
  late.join();
}

TEST(Client, SaysWhoDoesNotListen) {
  const support::TemporaryDirectory directory;
  try {
    Client("r1", directory / "nobody", MonotonicClock().now());
    FAIL();
  } catch (const MeasurementError& error) {
    EXPECT_THAT(error.what(), HasSubstr("r1: connect to "));
    EXPECT_THAT(error.what(), HasSubstr("No such file"));
  }
}

TEST(Server, RefusesAPathThatNoSocketCanHave) {
  boost::asio::io_context io;
  EXPECT_THROW(Server(io, "/tmp/" + std::string(120, 'x')), UsageError);
  EXPECT_THROW(Server(io, "/nonexistent/control"), SystemError);
}

TEST(Server, TakesThePlaceOfADeadOne) {
  const support::TemporaryDirectory directory;
  boost::asio::io_context io;
  std::ofstream(directory / "control") << "left behind";
  const Server server(io, directory / "control");
  EXPECT_TRUE(std::filesystem::is_socket(directory / "control"));
}

TEST(Resident, IsThisProcess) {
  EXPECT_GT(resident_bytes(), 1u << 20);
  EXPECT_LT(resident_bytes(), 1u << 30);
}

}  // namespace
}  // namespace cats::control
