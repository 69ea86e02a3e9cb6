#include "cpsel/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::cpsel {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const InstanceId kA{IpAddress::of("2001:2::a"), 0};
const InstanceId kB{IpAddress::of("2001:2::b"), 0};
const InstanceId kC{IpAddress::of("2001:2::c"), 0};

Instant at(Duration t) { return Instant(100s + t); }

Report report(double utilisation, std::uint32_t sequence, std::optional<Instant> window_end = {}) {
  return {{{"cpu_utilisation", utilisation}}, sequence, window_end, 1, ""};
}

class SelectorTest : public testing::Test {
 protected:
  void use(const std::string& algorithm, std::optional<Duration> age_limit = 3s) {
    selector_.add_service({"2001:2::100", "cpu_utilisation", age_limit, {}}, *find_algorithm(algorithm),
                          std::move(*make_algorithm(algorithm, {})));
  }
  void three(double a, double b, double c) {
    selector_.received(0, kA, report(a, 1), at(0s));
    selector_.received(0, kB, report(b, 1), at(0s));
    last_ = *selector_.received(0, kC, report(c, 1), at(0s));
  }

  Selector selector_{1};
  Decision last_;
};

TEST_F(SelectorTest, GlobalMinTakesTheLeastLoaded) {
  use("global-min");
  three(50, 20, 70);
  EXPECT_THAT(last_.weights, ElementsAre(0, 1, 0));
  EXPECT_EQ(last_.algorithm, "global-min");
  EXPECT_EQ(last_.service_name, "2001:2::100");
  EXPECT_DOUBLE_EQ(*last_.inputs[1].load, 0.2);
  EXPECT_THAT(selector_.received(0, kA, report(10, 2), at(1s))->weights, ElementsAre(1, 0, 0));
}

TEST_F(SelectorTest, TiesGoToTheLowestCsciId) {
  use("global-min");
  three(50, 20, 20);
  EXPECT_THAT(last_.weights, ElementsAre(0, 1, 0));
}

TEST_F(SelectorTest, RoundRobinIgnoresLoad) {
  use("round-robin");
  three(1, 99, 50);
  EXPECT_THAT(last_.weights, ElementsAre(1.0 / 3, 1.0 / 3, 1.0 / 3));
}

TEST_F(SelectorTest, EcmpLeavesItToTheKernel) {
  use("ecmp");
  three(1, 2, 3);
  EXPECT_TRUE(last_.kernel_multipath);
  EXPECT_THAT(last_.weights, ElementsAre(0, 0, 0));
}

TEST_F(SelectorTest, WithdrawnIsGone) {
  use("global-min");
  three(50, 20, 70);
  const auto decision = selector_.withdrawn(0, kB, at(1s));
  ASSERT_TRUE(decision);
  EXPECT_THAT(decision->weights, ElementsAre(1, 0));
  EXPECT_EQ(decision->inputs.size(), 2u);
  EXPECT_FALSE(selector_.withdrawn(0, kB, at(1s)));
  selector_.withdrawn(0, kA, at(2s));
  EXPECT_THAT(selector_.withdrawn(0, kC, at(2s))->weights, ElementsAre());
}

TEST_F(SelectorTest, StaleGetsNothingUntilItReportsAgain) {
  use("global-min");
  three(50, 20, 70);
  selector_.received(0, kA, report(50, 2), at(2s));
  selector_.received(0, kC, report(70, 2), at(2s));
  EXPECT_TRUE(selector_.tick(at(3s)).empty());
  ASSERT_EQ(selector_.next_tick(), at(3s + 1ns));
  const auto decisions = selector_.tick(at(3s + 1ns));
  ASSERT_EQ(decisions.size(), 1u);
  EXPECT_THAT(decisions[0].weights, ElementsAre(1, 0, 0));
  EXPECT_FALSE(decisions[0].inputs[1].eligible);
  EXPECT_EQ(decisions[0].inputs[1].age, 3s + 1ns);
  EXPECT_TRUE(selector_.tick(at(3s + 2ns)).empty());
  EXPECT_EQ(selector_.next_tick(), at(5s + 1ns));
  EXPECT_THAT(selector_.received(0, kB, report(20, 2), at(4s))->weights, ElementsAre(0, 1, 0));
}

TEST_F(SelectorTest, AllStaleSteersNothing) {
  use("round-robin");
  three(1, 2, 3);
  EXPECT_THAT(selector_.tick(at(4s)).at(0).weights, ElementsAre(0, 0, 0));
  EXPECT_FALSE(selector_.next_tick());
}

TEST_F(SelectorTest, AgeCountsFromTheEndOfTheSamplingWindow) {
  use("global-min");
  const auto decision = selector_.received(0, kA, report(1, 1, at(-1s)), at(0s));
  EXPECT_EQ(decision->inputs[0].age, 1s);
  EXPECT_EQ(selector_.next_tick(), at(2s + 1ns));
  // A clock that runs ahead does not keep an instance fresh.
  selector_.received(0, kA, report(1, 2, at(60s)), at(1s));
  EXPECT_EQ(selector_.next_tick(), at(4s + 1ns));
}

TEST_F(SelectorTest, WithoutAnAgeLimitNothingAges) {
  use("global-min", std::nullopt);
  three(50, 20, 70);
  EXPECT_FALSE(selector_.next_tick());
  EXPECT_TRUE(selector_.tick(at(1000s)).empty());
}

TEST_F(SelectorTest, TheSameReportAgainDecidesNothing) {
  use("global-min");
  three(50, 20, 70);
  EXPECT_FALSE(selector_.received(0, kA, report(50, 1), at(1s)));
  EXPECT_TRUE(selector_.received(0, kA, report(50, 2), at(1s)));
}

TEST_F(SelectorTest, WithoutTheMetricOnlyMetricBlindAlgorithmsSteer) {
  use("global-min");
  selector_.received(0, kA, report(90, 1), at(0s));
  const auto decision = selector_.received(0, kB, {}, at(0s));
  EXPECT_THAT(decision->weights, ElementsAre(1, 0));
  EXPECT_FALSE(decision->inputs[1].load);
  const auto blind =
      selector_.set_algorithm(0, *find_algorithm("round-robin"), std::move(*make_algorithm("round-robin", {})), at(1s));
  EXPECT_THAT(blind.weights, ElementsAre(0.5, 0.5));
  EXPECT_EQ(blind.algorithm, "round-robin");
}

TEST_F(SelectorTest, OneNextHopWithTwoPathsIsTwoInstances) {
  use("global-min");
  selector_.received(0, {kA.csci, 1}, report(90, 1), at(0s));
  const auto decision = selector_.received(0, {kA.csci, 2}, report(10, 1), at(0s));
  EXPECT_THAT(decision->weights, ElementsAre(0, 1));
  EXPECT_EQ(decision->inputs[1].instance.str(), "2001:2::a#2");
}

TEST_F(SelectorTest, ServicesShareTheSequenceOfIdsAndNothingElse) {
  use("global-min");
  selector_.add_service({"198.18.0.1", "queue_length", std::nullopt, {{kA, 4.0}}}, *find_algorithm("global-min"),
                        std::move(*make_algorithm("global-min", {})));
  EXPECT_EQ(selector_.received(0, kA, report(1, 1), at(0s))->id, 1u);
  const auto decision = selector_.received(1, kA, {{{"queue_length", 6}}, 1, {}, 0, ""}, at(0s));
  EXPECT_EQ(decision->id, 2u);
  EXPECT_EQ(decision->inputs.size(), 1u);
  EXPECT_DOUBLE_EQ(*decision->inputs[0].load, 1.5);
}

// Flows count from the end of the window that the last report covers, not from its receipt.
TEST_F(SelectorTest, FlowsAreCountedFromTheSamplingWindow) {
  class Reader final : public Algorithm {
   public:
    explicit Reader(std::vector<double>& seen) : seen_(seen) {}
    Choice choose(const Snapshot& snapshot) override {
      const Candidate& one = snapshot.candidates[0];
      seen_ = {one.flows_since_report.value(), one.flows_before_report.value(), snapshot.arrivals.value()};
      return {false, {1}};
    }

   private:
    std::vector<double>& seen_;
  };
  std::vector<double> seen;
  AlgorithmInfo info = *find_algorithm("global-min-local");
  selector_.add_service({"s", "cpu_utilisation", {}, {}}, info, std::make_unique<Reader>(seen));
  selector_.flows_sent(0, kA, 3, at(-1s));
  selector_.received(0, kA, report(1, 1, at(-500ms)), at(0s));
  EXPECT_THAT(seen, ElementsAre(0, 0, 3));
  selector_.flows_sent(0, kA, 5, at(200ms));
  selector_.flows_sent(0, kA, 9, at(600ms));
  selector_.received(0, kA, report(1, 2, at(500ms)), at(700ms));
  EXPECT_THAT(seen, ElementsAre(4, 2, 6));
  selector_.received(0, kA, report(1, 3, at(1500ms)), at(1600ms));
  EXPECT_THAT(seen, ElementsAre(0, 4, 0));
  // What was counted before a withdrawal is not sent again.
  selector_.withdrawn(0, kA, at(2s));
  selector_.flows_sent(0, kA, 10, at(3s));
  selector_.received(0, kA, report(1, 4, at(2500ms)), at(3s));
  EXPECT_THAT(seen, ElementsAre(1, 0, 1));
}

TEST_F(SelectorTest, RefreshDecidesWhenWeightsMove) {
  use("global-min-local", std::nullopt);
  selector_.received(0, kA, report(30, 1), at(0s));
  EXPECT_EQ(selector_.received(0, kB, report(20, 1), at(0s))->id, 2u);
  EXPECT_FALSE(selector_.refresh(0, at(20ms)));
  selector_.flows_sent(0, kB, 10, at(40ms));
  EXPECT_THAT(selector_.received(0, kB, report(20, 2), at(100ms))->weights, ElementsAre(0, 1));
  selector_.flows_sent(0, kB, 30, at(120ms));
  const auto decision = selector_.refresh(0, at(120ms));
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->id, 4u);
  EXPECT_THAT(decision->weights, ElementsAre(1, 0));
  EXPECT_FALSE(selector_.refresh(0, at(140ms)));
}

TEST_F(SelectorTest, DecisionsCarryTheNote) {
  use("metadata-cost");
  EXPECT_EQ(selector_.received(0, kA, report(30, 1), at(0s))->note, "reference 2001:2::a");
}

// What an algorithm is told: the time since its last decision and what each instance got then.
class Recorder final : public Algorithm {
 public:
  explicit Recorder(std::vector<Duration>& dts, std::vector<double>& last) : dts_(dts), last_(last) {}
  Choice choose(const Snapshot& snapshot) override {
    dts_.push_back(snapshot.dt);
    last_.push_back(snapshot.candidates[0].last_weight);
    return {false, {1}};
  }

 private:
  std::vector<Duration>& dts_;
  std::vector<double>& last_;
};

TEST(Selector, TellsTheAlgorithmTimeAndLastWeight) {
  std::vector<Duration> dts;
  std::vector<double> last;
  Selector selector(1);
  selector.add_service({"s", "cpu_utilisation", {}, {}}, *find_algorithm("global-min"),
                       std::make_unique<Recorder>(dts, last));
  selector.received(0, kA, report(1, 1), at(0s));
  selector.received(0, kA, report(1, 2), at(250ms));
  EXPECT_THAT(dts, ElementsAre(0s, 250ms));
  EXPECT_THAT(last, ElementsAre(0, 1));
}

}  // namespace
}  // namespace cats::cpsel
