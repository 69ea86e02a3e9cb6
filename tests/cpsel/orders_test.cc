// How a controller's orders get to ingresses, and what it knows of them.
#include <utility>

#include "cpsel/order_book.h"
#include "cpsel/order_sender.h"
#include "cpsel/ordered_weights.h"
#include "tests/cpsel/selection_fixture.h"

namespace cats::cpsel::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const IpAddress kService = IpAddress::of("2001:2::100");
const IpAddress kOther = IpAddress::of("2001:2::101");

class OrdersTest : public SelectionTest {
 protected:
  using Sender = OrderSender<OrderedWeights>;
  using Sent = std::pair<Duration, std::uint64_t>;

  OrdersTest()
      : sender_(
            std::in_place, scheduler_,
            [this](const OrderedWeights& order, Sender::Done done) {
              sent_.emplace_back(engine_.now() - kBegins, order.decision);
              done_.push_back(std::move(done));
            },
            Sender::Callbacks{
                .in_force = [this](const OrderedWeights& order, Instant) { in_force_.push_back(order.decision); },
                .failed = [this](const OrderedWeights&, const std::string& why,
                                 bool again) { failed_.push_back(why + (again ? ", again" : "")); }}) {}

  void steer(std::uint64_t decision, const IpAddress& service = kService) {
    sender_->steer({decision, service, {}, {}});
  }
  void answer(const OrderOutcome& outcome = {}) {
    const Sender::Done done = done_.back();
    done(outcome);
  }

  std::vector<Sent> sent_;
  std::vector<Sender::Done> done_;
  std::vector<std::uint64_t> in_force_;
  std::vector<std::string> failed_;
  std::optional<Sender> sender_;
};

TEST_F(OrdersTest, TheLatestCountsAndOneIsUnderWay) {
  steer(1);
  steer(2);  // before anything could be sent
  run(0ms);
  EXPECT_THAT(sent_, ElementsAre(Sent(0ms, 2)));
  steer(3);
  steer(4);
  run(5ms);
  EXPECT_THAT(sent_, SizeIs(1));
  answer();
  run(6ms);
  EXPECT_THAT(sent_, ElementsAre(Sent(0ms, 2), Sent(5ms, 4)));
  answer();
  EXPECT_THAT(in_force_, ElementsAre(2, 4));
}

TEST_F(OrdersTest, AreRepeatedEverySecondAndToldOnce) {
  steer(1);
  steer(2, kOther);
  run(0ms);
  answer();
  run(0ms);
  answer();
  run(10ms);
  EXPECT_THAT(sent_, ElementsAre(Sent(0ms, 1), Sent(0ms, 2)));
  run(1s);
  answer();
  run(1s);
  answer();
  EXPECT_THAT(sent_, ElementsAre(Sent(0ms, 1), Sent(0ms, 2), Sent(1s, 1), Sent(1s, 2)));
  EXPECT_THAT(in_force_, ElementsAre(1, 2));
  steer(3);  // does not wait for the next repetition
  run(1100ms);
  EXPECT_EQ(sent_.back(), Sent(1s, 3));
}

TEST_F(OrdersTest, AreTriedAgainWhenNobodyAnsweredAndNotWhenRefused) {
  steer(1);
  run(0ms);
  answer({"no answer", false, true});
  run(499ms);
  EXPECT_THAT(sent_, SizeIs(1));
  run(500ms);
  EXPECT_EQ(sent_.back(), Sent(500ms, 1));
  answer({"409: no", true, true});
  run(5s);
  EXPECT_THAT(sent_, SizeIs(2));
  EXPECT_THAT(failed_, ElementsAre("no answer, again", "409: no"));
  EXPECT_THAT(in_force_, IsEmpty());
}

TEST_F(OrdersTest, WhatFailedGivesWayToALaterOrder) {
  steer(1);
  run(0ms);
  steer(2);
  answer({"no answer", false, true});
  run(1s);
  EXPECT_THAT(sent_, ElementsAre(Sent(0ms, 1), Sent(500ms, 2)));
}

TEST_F(OrdersTest, AnAnswerToOneThatIsGoneIsNotHeard) {
  steer(1);
  run(0ms);
  sender_.reset();
  answer();
  EXPECT_THAT(in_force_, IsEmpty());
}

TEST_F(OrdersTest, HoldWeightsAndTheSamplesTheyRestOn) {
  Decision decision;
  decision.id = 7;
  decision.weights = {0.25, 0.75};
  decision.inputs.push_back({{kOther, 0}, 12, 10ms, 0.5, kBegins, true});
  decision.inputs.push_back({{kService, 0}, {}, 10ms, {}, {}, true});
  const OrderedWeights order = ordered_weights(decision, kService);
  EXPECT_EQ(order.decision, 7U);
  EXPECT_THAT(order.weights, ElementsAre(std::pair(kService, 0.75), std::pair(kOther, 0.25)));
  ASSERT_THAT(order.samples, SizeIs(1));
  EXPECT_EQ(order.samples.at(kOther).sequence, 12U);
  EXPECT_EQ(order.samples.at(kOther).window_end, kBegins);
}

TEST_F(OrdersTest, TheBookSaysWhenADecisionIsEverywhere) {
  OrderBook book(log_);
  book.add("r1");
  book.add("r2");
  std::vector<int> told;
  book.when_everywhere(kService, 5, [&] { told.push_back(5); });
  book.acknowledged(0, kService, 5, kBegins);
  book.acknowledged(1, kOther, 6, kBegins);
  EXPECT_THAT(told, IsEmpty());
  EXPECT_THAT(book.having(kService, 5), ElementsAre("r1"));
  book.failed(1, 5, "no answer", true);
  book.failed(1, 5, "no answer", true);
  EXPECT_EQ(book.json()[1].at("failure"), "no answer");
  book.acknowledged(1, kService, 6, kBegins + 3ms);  // a later one is good as well
  EXPECT_THAT(told, ElementsAre(5));
  EXPECT_TRUE(book.json()[1].at("failure").is_null());
  book.when_everywhere(kService, 5, [&] { told.push_back(50); });
  EXPECT_THAT(told, ElementsAre(5, 50));
  EXPECT_THAT(events("order_failed"), SizeIs(1));
  const json last = events("order_acknowledged").back();
  EXPECT_EQ(last.at("router"), "r2");
  EXPECT_EQ(last.at("decision"), 6);
  EXPECT_EQ(last.at("t_ns"), to_ns(kBegins + 3ms));
}

}  // namespace
}  // namespace cats::cpsel::test
