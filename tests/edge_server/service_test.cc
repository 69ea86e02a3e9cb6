#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "emulator/roles/edge_server_service.h"
#include "tests/support/raw_http.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using support::body_of;
using support::RawHttp;
using support::status_of;
using testing::HasSubstr;

class ServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    service_.emplace(thread_.io(), "2001:2:0:1::1", pool_, connections_, std::vector{IpAddress::of("::1")}, 0);
    thread_.start();
  }
  void TearDown() override { thread_.stop(); }
  std::string ask(const std::string& target) {
    RawHttp client(service_->port());
    client.get(target);
    return client.receive();
  }

  support::TemporaryDirectory directory_;
  support::IoThread thread_;
  WorkPool pool_{1, 2, [](pid_t) {}};
  ConnectionLog connections_{directory_.path(), "es1"};
  std::optional<Service> service_;
};

TEST_F(ServiceTest, ReplyNamesInstanceQueueingAndServiceTime) {
  RawHttp first(service_->port());
  RawHttp second(service_->port());
  first.get("/work?us=30000");
  ASSERT_TRUE(support::wait_for(5s, [&] { return pool_.cpu_time() > 1ms; }));
  second.get("/work?us=500");
  const auto a = nlohmann::json::parse(body_of(first.receive()));
  const auto b = nlohmann::json::parse(body_of(second.receive()));
  EXPECT_EQ(a["instance"], "2001:2:0:1::1");
  EXPECT_GE(a["service_ns"], 30'000'000);
  EXPECT_GE(b["service_ns"], 500'000);
  EXPECT_GT(b["queue_ns"], 5'000'000);  // behind the first
}

TEST_F(ServiceTest, EveryConnectionHasARowUnlessOneIsToBeLost) {
  connections_.lose_one();
  for (int i = 0; i < 3; ++i) ask("/whoami");
  ASSERT_TRUE(support::wait_for(5s, [&] { return service_->connections() == 0; }));
  thread_.stop();
  const std::string text = read_file(directory_ / "es1.connections.csv");
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);  // the header, and two of three
  EXPECT_THAT(text, testing::ContainsRegex("\n[0-9]+,[0-9]+,::1,[0-9]+\n"));
}

TEST_F(ServiceTest, WhoamiNeedsNoWorker) {
  EXPECT_EQ(body_of(ask("/whoami")), R"({"instance":"2001:2:0:1::1"})");
  EXPECT_EQ(pool_.read(std::chrono::steady_clock::now()).completed, 0u);
}

TEST_F(ServiceTest, SaysWhatIsWrongWithARequest) {
  for (const char* target : {"/work", "/work?us=", "/work?us=-1", "/work?us=1.5", "/work?us=1e3", "/work?us=60000001",
                             "/work?us=5&more=1", "/work?ms=5"}) {
    const auto response = ask(target);
    EXPECT_EQ(status_of(response), 400) << target;
    EXPECT_THAT(body_of(response), HasSubstr("us")) << target;
  }
  EXPECT_EQ(status_of(ask("/nothing")), 404);
  RawHttp post(service_->port());
  post.send("POST /work?us=1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(status_of(post.receive()), 405);
}

TEST_F(ServiceTest, AFullQueueIsAnswered503AtOnce) {
  std::vector<std::unique_ptr<RawHttp>> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(std::make_unique<RawHttp>(service_->port()));
  for (auto& client : clients) client->get("/work?us=50000");
  int busy = 0;
  int ok = 0;
  for (auto& client : clients) {
    const int status = status_of(client->receive());
    busy += status == 503;
    ok += status == 200;
  }
  EXPECT_EQ(busy + ok, 6);
  EXPECT_GE(busy, 3);
  EXPECT_GE(ok, 2);
}

TEST_F(ServiceTest, CountsTheTrafficOfItsConnectionsAlsoAfterTheyClosed) {
  std::string request = "GET /whoami HTTP/1.1\r\nHost: x\r\n\r\n";
  std::string response;
  {
    RawHttp client(service_->port());
    client.send(request);
    response = client.receive();
  }
  ASSERT_TRUE(support::wait_for(5s, [&] { return service_->connections() == 0; }));
  thread_.stop();  // readings are taken on the io_context's thread
  const auto reading = service_->read(std::chrono::steady_clock::now());
  EXPECT_EQ(reading.bytes_in, request.size() + 1);  // the FIN takes a place in the sequence
  EXPECT_EQ(reading.bytes_out, response.size());
  EXPECT_GE(reading.packets_in, 3u);
  EXPECT_GE(reading.packets_out, 2u);
}

}  // namespace
}  // namespace cats::roles
