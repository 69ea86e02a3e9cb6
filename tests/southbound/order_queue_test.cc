// Which order comes next, and what becomes of it, with a router that answers as it is told to.
#include "emulator/roles/order_queue.h"

#include <deque>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::roles {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const IpAddress kFirst = IpAddress::of("2001:2:0:c5::1");
const IpAddress kSecond = IpAddress::of("2001:2:0:c5::2");
const OrderOutcome kSilent{.failure = "no answer"};
const OrderOutcome kRestarted{.failure = "no answer", .refused = false, .unknown = true};
const OrderOutcome kRefused{.failure = "no tunnel", .refused = true};
const OrderOutcome kRefusedByAgent{.failure = "no tunnel", .refused = true, .unknown = true};

struct Router {
  std::deque<OrderOutcome> answers = {};  // then all is done
  OrderKept kept = OrderKept::yes;
  std::map<IpAddress, std::string> lost = {};  // told once each
  std::vector<std::uint64_t> carried = {};     // decisions
  std::vector<std::uint64_t> looked = {};
  bool closed = false;
};

class FakeCarrier final : public OrderCarrier {
 public:
  explicit FakeCarrier(Router& router) : router_(router) {}

  asio::awaitable<OrderOutcome> carry_out(SteeringOrder order) override {
    router_.carried.push_back(order.decision);
    OrderOutcome outcome;
    if (!router_.answers.empty()) {
      outcome = router_.answers.front();
      router_.answers.pop_front();
    }
    co_return outcome;
  }
  asio::awaitable<Expected<OrderKept>> look(SteeringOrder order) override {
    router_.looked.push_back(order.decision);
    const auto gone = router_.lost.extract(order.service);
    if (!gone.empty()) co_return fail("{}", gone.mapped());
    co_return router_.kept;
  }
  void close() override { router_.closed = true; }

 private:
  Router& router_;
};

class OrderQueueTest : public testing::Test {
 protected:
  struct Failure {
    std::uint64_t decision = 0;
    std::string why;
    bool tried_again = false;

    bool operator==(const Failure&) const = default;
  };

  void SetUp() override {
    Southbound::Callbacks callbacks;
    callbacks.in_force = [this](const SteeringOrder& order, Instant) { in_force_.push_back(order.decision); };
    callbacks.failed = [this](const SteeringOrder& order, const std::string& why, bool again) {
      failures_.push_back({order.decision, why, again});
    };
    queue_ = order_queue(io_.get_executor(), std::make_unique<FakeCarrier>(router_), std::move(callbacks));
  }

  void TearDown() override {
    queue_.reset();
    io_.poll();
  }

  void order(std::uint64_t decision, const IpAddress& service = kFirst) { queue_->steer({decision, service, {}, {}}); }

  asio::io_context io_;
  Router router_;
  std::unique_ptr<Southbound> queue_;
  std::vector<std::uint64_t> in_force_;
  std::vector<Failure> failures_;
};

TEST_F(OrderQueueTest, TheLatestOrderOfEachServiceIsCarriedOut) {
  order(1);
  order(2, kSecond);
  order(3);
  io_.run_for(100ms);
  EXPECT_THAT(router_.carried, ElementsAre(3, 2));
  EXPECT_THAT(in_force_, ElementsAre(3, 2));
  EXPECT_THAT(failures_, IsEmpty());
}

// Pauses of 500 ms after each failure.
TEST_F(OrderQueueTest, WhatFailsIsTriedAgainAndKeepsNoOtherWaiting) {
  router_.answers = {kSilent, {}, kSilent};
  order(1);
  order(2, kSecond);
  io_.run_for(800ms);
  EXPECT_THAT(router_.carried, ElementsAre(1, 2, 1));
  EXPECT_THAT(in_force_, ElementsAre(2));
  io_.run_for(500ms);
  EXPECT_THAT(in_force_, ElementsAre(2, 1));
  EXPECT_THAT(failures_, ElementsAre(Failure{1, "no answer", true}, Failure{1, "no answer", true}));
}

TEST_F(OrderQueueTest, ALaterOrderTakesThePlaceOfOneThatFailedAtOnce) {
  router_.answers = {kSilent};
  order(1);
  io_.run_for(100ms);
  order(2);
  io_.run_for(100ms);
  EXPECT_THAT(router_.carried, ElementsAre(1, 2));
  EXPECT_THAT(in_force_, ElementsAre(2));
}

TEST_F(OrderQueueTest, ARefusedOrderIsNotTriedAgainAndWhatWasIsLookedAfter) {
  order(1);
  io_.run_for(100ms);
  router_.answers = {kRefused};
  order(2);
  io_.run_for(1300ms);
  EXPECT_THAT(router_.carried, ElementsAre(1, 2));
  EXPECT_THAT(failures_, ElementsAre(Failure{2, "no tunnel", false}));
  EXPECT_THAT(router_.looked, ElementsAre(1));
}

TEST_F(OrderQueueTest, ARefusedOrderDoesNotEndTheRepetitionOfWhatIsInForce) {
  router_.kept = OrderKept::ordering_shows;
  order(1);
  io_.run_for(100ms);
  router_.answers = {kRefusedByAgent};
  order(2);
  io_.run_for(1300ms);
  EXPECT_THAT(router_.carried, ElementsAre(1, 2, 1));
  EXPECT_THAT(failures_, ElementsAre(Failure{2, "no tunnel", false}));
  EXPECT_THAT(in_force_, ElementsAre(1));
}

TEST_F(OrderQueueTest, ARouterThatRefusesWhatItHadIsAskedUntilItTakesItAgain) {
  router_.kept = OrderKept::ordering_shows;
  router_.answers = {{}, kRefusedByAgent};
  order(1);
  io_.run_for(1800ms);
  EXPECT_THAT(router_.carried, ElementsAre(1, 1, 1));
  EXPECT_THAT(failures_, ElementsAre(Failure{1, "no tunnel", true}));
  EXPECT_THAT(in_force_, ElementsAre(1, 1));
}

TEST_F(OrderQueueTest, WhatIsLostIsToldAndOrderedAgain) {
  order(1);
  order(2, kSecond);
  io_.run_for(100ms);
  router_.lost[kSecond] = "the interface is down";
  io_.run_for(1200ms);
  EXPECT_THAT(router_.carried, ElementsAre(1, 2, 2));
  EXPECT_THAT(failures_, ElementsAre(Failure{2, "the interface is down", true}));
  EXPECT_THAT(in_force_, ElementsAre(1, 2, 2));
}

TEST_F(OrderQueueTest, WhatOnlyOrderingShowsIsOrderedEverySecondAndToldOnce) {
  router_.kept = OrderKept::ordering_shows;
  order(1);
  order(2, kSecond);
  io_.run_for(2500ms);
  EXPECT_THAT(router_.carried, ElementsAre(1, 2, 1, 2, 1, 2));
  EXPECT_THAT(in_force_, ElementsAre(1, 2));
}

TEST_F(OrderQueueTest, ARouterThatMayHaveLostItIsToldAgainWhenItIsBack) {
  router_.kept = OrderKept::ordering_shows;
  router_.answers = {{}, kRestarted};
  order(1);
  io_.run_for(1800ms);
  EXPECT_THAT(router_.carried, ElementsAre(1, 1, 1));
  EXPECT_THAT(in_force_, ElementsAre(1, 1));
  EXPECT_THAT(failures_, ElementsAre(Failure{1, "no answer", true}));
}

TEST_F(OrderQueueTest, WhoDestroysItHearsNoMore) {
  router_.answers = {kSilent, kSilent};
  order(1);
  io_.run_for(100ms);
  queue_.reset();
  EXPECT_TRUE(router_.closed);
  io_.run_for(2s);
  EXPECT_THAT(router_.carried, SizeIs(1));
  EXPECT_TRUE(io_.stopped());
}

}  // namespace
}  // namespace cats::roles
