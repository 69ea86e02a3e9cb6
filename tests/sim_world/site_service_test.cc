// What the counters of a service say between two readings, and what its connections are counted as.
#include "sim/world/site_service.h"

#include <gtest/gtest.h>

#include "sim/engine.h"
#include "sim/scheduler.h"

namespace cats::sim {
namespace {

using namespace std::chrono_literals;

class SiteServiceTest : public testing::Test {
 protected:
  static FlowTuple flow(std::uint16_t port) {
    return {IpAddress::of("2001:db8::1"), IpAddress::of("2001:2:0:c5::1"), 6, port, 8080};
  }
  void ask(Duration at, std::uint16_t port, Duration work) {
    engine_.call_at(Instant(at), [this, port, work] {
      if (!service_.is_open(flow(port))) service_.accept(flow(port));
      service_.request(flow(port), work, [this](const SiteReply& reply) { replies_.push_back(reply); });
    });
  }
  collectors::ServiceReading read_at(Duration at) {
    engine_.run_until(Instant(at));
    return service_.read();
  }

  Engine engine_;
  VirtualScheduler scheduler_{engine_};
  SiteService service_{scheduler_,
                       {.node = "es1",
                        .csci = IpAddress::of("2001:2:0:1005::2"),
                        .cpu = {.workers = 1, .queue_limit = 2, .quota_cores = 1},
                        .samples = {}}};
  std::vector<SiteReply> replies_;
};

TEST_F(SiteServiceTest, ExtremesAreThoseSinceTheLastReading) {
  ask(10ms, 1, 10ms);
  ask(12ms, 2, 20ms);
  auto reading = read_at(25ms);
  EXPECT_EQ(reading.completed, 1u);
  EXPECT_EQ(reading.delay_sum, 10ms);
  EXPECT_EQ(reading.queue_min, 0u);
  EXPECT_EQ(reading.queue_max, 2u);
  EXPECT_EQ(reading.queue_length, 1u);
  EXPECT_EQ(reading.oldest_age, 13ms);
  EXPECT_DOUBLE_EQ(reading.queue_length_seconds, 0.010 + 0.013);
  reading = read_at(50ms);
  EXPECT_EQ(reading.completed, 2u);
  EXPECT_EQ(reading.queue_min, 0u);
  EXPECT_EQ(reading.queue_max, 1u);
  EXPECT_EQ(reading.delay_min, 28ms);
  EXPECT_EQ(reading.delay_max, 28ms);
  EXPECT_EQ(reading.last_delay, 28ms);
  EXPECT_EQ(reading.delay_sum, 38ms);
  EXPECT_EQ(reading.oldest_age, 0ms);
  reading = read_at(60ms);
  EXPECT_EQ(reading.queue_max, 0u);
  EXPECT_EQ(reading.delay_max, 0ms);
  EXPECT_EQ(reading.last_delay, 28ms);
}

TEST_F(SiteServiceTest, ARequestWithoutWorkIsTheShortest) {
  ask(10ms, 1, 5ms);
  ask(20ms, 1, 0ms);
  ask(30ms, 1, 5ms);
  const auto reading = read_at(50ms);
  EXPECT_EQ(reading.completed, 3u);
  EXPECT_EQ(reading.delay_min, 0ms);
  EXPECT_EQ(reading.delay_max, 5ms);
}

// The octets of a request and a reply as the emulator's service had them.
TEST_F(SiteServiceTest, CountsTheSegmentsAndOctetsOfItsConnections) {
  ask(1ms, 1, 500us);
  auto reading = read_at(2ms);
  ASSERT_EQ(replies_.size(), 1u);
  const std::string request = "GET /work?us=500 HTTP/1.1\r\nHost: [2001:2:0:c5::1]\r\n\r\n";
  const std::string body = R"({"instance":"2001:2:0:1005::2","queue_ns":0,"service_ns":500000})";
  const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n";
  EXPECT_EQ(reading.bytes_in, request.size());
  EXPECT_EQ(reading.bytes_out, head.size() + body.size());
  EXPECT_EQ(reading.packets_in, 4u);  // SYN, ACK, request, ACK
  EXPECT_EQ(reading.packets_out, 1u);
  service_.close(flow(1));
  reading = service_.read();
  EXPECT_EQ(reading.bytes_in, request.size() + 1);
  EXPECT_EQ(reading.packets_in, 5u);
  EXPECT_EQ(reading.packets_out, 2u);
}

TEST_F(SiteServiceTest, ARefusalIsNoRequestThatWasCompleted) {
  for (std::uint16_t port = 1; port <= 4; ++port) ask(1ms, port, 5ms);
  const auto reading = read_at(2ms);
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_EQ(replies_[0].status, 503u);
  EXPECT_EQ(reading.completed, 0u);
  EXPECT_EQ(reading.queue_length, 3u);
  const std::string body =
      "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"the queue is full\"}\n";
  const std::string head =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n";
  EXPECT_EQ(reading.bytes_out, head.size() + body.size());
}

TEST_F(SiteServiceTest, WhatDiesLeavesNothing) {
  ask(1ms, 1, 5ms);
  ask(1ms, 2, 5ms);
  read_at(2ms);
  service_.die();
  const auto reading = read_at(50ms);
  EXPECT_TRUE(replies_.empty());
  EXPECT_EQ(reading.queue_length, 0u);
  EXPECT_EQ(reading.queue_max, 0u);
  EXPECT_EQ(reading.oldest_age, 0ms);
  EXPECT_EQ(service_.connections(), 0u);
  EXPECT_EQ(service_.cpu().usage(), 1ms);
  EXPECT_FALSE(service_.is_open(flow(1)));
}

}  // namespace
}  // namespace cats::sim
