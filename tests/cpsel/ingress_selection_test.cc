// What an ingress decides by itself, on a controller's orders, and between the two.
#include "cpsel/ingress_selection.h"

#include <algorithm>
#include <optional>

#include "cpsel/decision_json.h"
#include "tests/cpsel/selection_fixture.h"

namespace cats::cpsel::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Marks = std::vector<std::uint32_t>;

const IpAddress kService = IpAddress::of("2001:2::100");
const InstanceId kA{IpAddress::of("2001:2::a"), 0};
const InstanceId kB{IpAddress::of("2001:2::b"), 0};

class IngressSelectionTest : public SelectionTest {
 protected:
  struct Submitted {
    std::uint64_t decision = 0;
    Marks marks;
    std::function<void()> in_force;
  };

  void begin(IngressCps cps, ChosenAlgorithm algorithm, std::optional<Duration> age_limit = std::nullopt) {
    IngressSelection::Config config;
    config.cps = cps;
    config.slots = 4;
    config.services.push_back({kService, "cpu_utilisation", age_limit, std::move(algorithm), {}});
    IngressSelection::Wiring wiring;
    wiring.make = make;
    wiring.tunnel = [](std::size_t, const InstanceId& instance) -> std::optional<IngressSelection::Tunnel> {
      return IngressSelection::Tunnel{instance == kA ? 1U : 2U, false};
    };
    wiring.submit = [this](std::size_t, std::uint64_t decision, Marks marks, std::function<void()> in_force) {
      submitted_.push_back({decision, std::move(marks), std::move(in_force)});
    };
    wiring.read_flows = [this](std::size_t, const std::function<void(const IngressSelection::Flows&)>& counted) {
      ++readings_;
      counted(flows_);
    };
    selection_.emplace(scheduler_, log_, std::move(config), std::move(wiring));
    selection_->start();
  }
  void hear(const InstanceId& instance, double utilisation, std::uint32_t sequence = 1) {
    selection_->received(0, instance, report(utilisation, sequence), engine_.now());
  }
  void order(std::uint64_t decision, double a, double b, OrderedWeights::Sample of_a = {}) {
    OrderedWeights order{decision, kService, {{kA.csci, a}, {kB.csci, b}}, {}};
    if (of_a.sequence != 0) order.samples[kA.csci] = of_a;
    selection_->order(0, std::move(order), engine_.now(),
                      [this](std::uint64_t which, Instant acked) { acked_.emplace_back(which, acked - kBegins); });
  }
  // As the flow table does when it has committed what it was given.
  void commit() {
    const std::vector<Submitted> all = std::exchange(submitted_, {});
    for (const Submitted& one : all)
      if (one.in_force) one.in_force();
  }
  Marks last_marks() const { return submitted_.back().marks; }

  std::vector<Submitted> submitted_;
  std::vector<std::pair<std::uint64_t, Duration>> acked_;
  IngressSelection::Flows flows_;
  int readings_ = 0;
  std::optional<IngressSelection> selection_;
};

TEST_F(IngressSelectionTest, TellsTheFlowTableWhatItChooses) {
  begin(IngressCps::ingress, {"global-min"});
  hear(kA, 50);
  EXPECT_THAT(last_marks(), ElementsAre(1, 1, 1, 1));
  hear(kB, 20);
  EXPECT_THAT(last_marks(), ElementsAre(2, 2, 2, 2));
  hear(kB, 20);  // nothing new
  const auto decisions = events("decision");
  ASSERT_THAT(decisions, SizeIs(2));
  EXPECT_EQ(decisions[1].at("id"), submitted_[1].decision);
  EXPECT_EQ(decisions[1].at("weights").at(kB.str()), 1.0);
  EXPECT_GT(submitted_[1].decision, submitted_[0].decision);
  EXPECT_GT(submitted_[0].decision, id_before(kBegins));
  selection_->withdrawn(0, kB, engine_.now());
  EXPECT_THAT(last_marks(), ElementsAre(1, 1, 1, 1));
}

TEST_F(IngressSelectionTest, WeightsBecomeSlotsInTurnAndNoWeightsNone) {
  begin(IngressCps::ingress, {"round-robin"}, 2s);
  hear(kA, 50);
  hear(kB, 20);
  EXPECT_THAT(last_marks(), ElementsAre(1, 2, 1, 2));
  run(1900ms);
  hear(kA, 50, 2);
  run(2100ms);
  EXPECT_THAT(last_marks(), ElementsAre(1, 1, 1, 1));
  EXPECT_FALSE(events("decision").back().at("inputs")[1].at("eligible").get<bool>());
  run(4s);
  EXPECT_THAT(last_marks(), ElementsAre(0, 0, 0, 0));
  EXPECT_EQ(events("decision").back().at("t_ns"), to_ns(kBegins + 3900ms + 1ns));
}

TEST_F(IngressSelectionTest, AnotherAlgorithmIsAnsweredOnceItIsInTheFlowTable) {
  begin(IngressCps::ingress, {"global-min"});
  hear(kA, 50);
  hear(kB, 20);
  std::vector<std::uint64_t> told;
  selection_->select(0, {"round-robin"}, [&](std::uint64_t decision) { told.push_back(decision); });
  EXPECT_THAT(last_marks(), ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(told, IsEmpty());
  const std::uint64_t decision = submitted_.back().decision;
  commit();
  EXPECT_THAT(told, ElementsAre(decision));
  EXPECT_THROW(selection_->select(0, {"best-of-all"}, [](std::uint64_t) {}), UsageError);
  EXPECT_EQ(selection_->status().at("services")[0].at("algorithm"), "round-robin");
}

TEST_F(IngressSelectionTest, CarriesOutOrdersAsFarAsThereAreRoutes) {
  begin(IngressCps::controller, {"ecmp"});
  hear(kA, 50);
  hear(kB, 20);
  EXPECT_THAT(submitted_, IsEmpty());
  order(7, 0.25, 0.75);
  EXPECT_EQ(submitted_.back().decision, 7U);
  EXPECT_EQ(std::ranges::count(last_marks(), 2U), 3);
  EXPECT_THAT(acked_, IsEmpty());
  run(3ms);
  commit();
  EXPECT_THAT(acked_, ElementsAre(std::pair<std::uint64_t, Duration>(7, 3ms)));
  run(1s);
  order(7, 0.25, 0.75);  // nothing that the flow table had to be told, in force since then
  EXPECT_THAT(submitted_, IsEmpty());
  EXPECT_THAT(acked_,
              ElementsAre(std::pair<std::uint64_t, Duration>(7, 3ms), std::pair<std::uint64_t, Duration>(7, 3ms)));
  EXPECT_THAT(events("order_received"), SizeIs(1));
  selection_->withdrawn(0, kB, engine_.now());
  EXPECT_THAT(last_marks(), ElementsAre(1, 1, 1, 1));
  EXPECT_EQ(submitted_.back().decision, 7U);
  EXPECT_THAT(events("decision"), IsEmpty());
}

TEST_F(IngressSelectionTest, AnOrderThatALaterOneOvertookIsNotInForce) {
  begin(IngressCps::controller, {"ecmp"});
  hear(kA, 50);
  order(7, 1, 0);
  const auto first = submitted_.back().in_force;
  order(8, 1, 0);
  first();
  order(8, 1, 0);  // not known to be in force yet: given to the flow table again
  EXPECT_THAT(submitted_, SizeIs(3));
  commit();
  order(8, 1, 0);
  EXPECT_THAT(submitted_, IsEmpty());
}

TEST_F(IngressSelectionTest, RefinesCandidatesWhileTheControllerIsHeard) {
  begin(IngressCps::split, {"global-min"});
  hear(kA, 50);
  hear(kB, 0);
  EXPECT_EQ(events("decision").back().at("note"), "no controller");
  EXPECT_THAT(last_marks(), ElementsAre(2, 2, 2, 2));
  order(7, 0.75, 0.25, {12, kBegins - 10ms});
  const json refined = events("decision").back();
  EXPECT_EQ(refined.at("note"), "candidate 7");
  EXPECT_DOUBLE_EQ(refined.at("weights").at(kA.str()), 0.6);  // 0.75 · 0.5 against 0.25 · 1
  EXPECT_EQ(refined.at("inputs")[0].at("seq"), 12);
  EXPECT_EQ(refined.at("inputs")[0].at("age_ns"), 10'000'000);
  EXPECT_EQ(refined.at("inputs")[1].at("seq"), 1);
  ASSERT_THAT(events("controller_state"), SizeIs(1));
  EXPECT_EQ(selection_->status().at("controller"), "up");
  commit();
  for (int second = 1; second <= 4; ++second) {  // the same again: it is there
    run(std::chrono::seconds(second));
    order(7, 0.75, 0.25, {12, kBegins - 10ms});
  }
  EXPECT_THAT(events("controller_state"), SizeIs(1));
  run(6999ms);
  EXPECT_THAT(events("controller_state"), SizeIs(1));
  run(7s);
  const json lost = events("controller_state").back();
  EXPECT_FALSE(lost.at("up").get<bool>());
  EXPECT_EQ(lost.at("why"), "no order for 3 s");
  EXPECT_EQ(lost.at("t_ns"), to_ns(kBegins + 7s));
  EXPECT_EQ(events("decision").back().at("note"), "no controller");
  EXPECT_THAT(last_marks(), ElementsAre(2, 2, 2, 2));
  EXPECT_EQ(selection_->status().at("controller"), "down");
}

TEST_F(IngressSelectionTest, FlowCountsMoveWeightsBetweenReports) {
  begin(IngressCps::ingress, {"global-min-local", {{"refresh_ms", 20}}});
  hear(kA, 0);
  hear(kB, 20);
  EXPECT_THAT(last_marks(), ElementsAre(1, 1, 1, 1));
  flows_ = {{1, 10}};
  run(100ms);
  EXPECT_EQ(readings_, 5);
  hear(kA, 40, 2);  // ten flows made a load of 0.4
  EXPECT_THAT(last_marks(), ElementsAre(2, 2, 2, 2));
  flows_ = {{1, 10}, {2, 4}};
  run(200ms);
  EXPECT_THAT(last_marks(), ElementsAre(2, 2, 2, 2));
  const std::size_t before = submitted_.size();
  flows_ = {{1, 10}, {2, 6}};
  run(300ms);
  ASSERT_EQ(submitted_.size(), before + 1);
  EXPECT_THAT(last_marks(), ElementsAre(1, 1, 1, 1));
  const FlowCounts counts = selection_->by_instance(0, {{0, 3}, {2, 6}});
  EXPECT_THAT(counts, ElementsAre(testing::Pair(kB, 6)));
  selection_->select(0, {"global-min"}, [](std::uint64_t) {});
  const int read = readings_;
  run(1s);
  EXPECT_EQ(readings_, read);
}

TEST_F(IngressSelectionTest, FaultsTakeThePlaceOfTheAlgorithm) {
  begin(IngressCps::ingress, {"global-min"});
  hear(kA, 50);
  hear(kB, 20);
  EXPECT_FALSE(selection_->start_fault("bad-hash", {{"kind", "bad-hash"}}));
  EXPECT_THROW(selection_->start_fault("slow-cps", {{"updates", 1}}), UsageError);
  EXPECT_TRUE(selection_->start_fault("stuck-cps", {}));
  hear(kA, 10, 2);
  EXPECT_THAT(last_marks(), ElementsAre(2, 2, 2, 2));
  EXPECT_EQ(selection_->status().at("fault"), "stuck-cps");
  selection_->stop_fault();
  EXPECT_THAT(last_marks(), ElementsAre(1, 1, 1, 1));
  EXPECT_TRUE(selection_->start_fault("blind-cps", {{"period_s", 0.5}}));
  run(600ms);
  EXPECT_THAT(last_marks(), ElementsAre(2, 2, 2, 2));
  run(1100ms);
  EXPECT_THAT(last_marks(), ElementsAre(1, 1, 1, 1));
  selection_->log_fault({{"do", "fault"}, {"kind", "blind-cps"}, {"period_s", 0.5}});
  const json fault = events("fault").back();
  EXPECT_EQ(fault.at("kind"), "blind-cps");
  EXPECT_EQ(fault.at("period_s"), 0.5);
  EXPECT_FALSE(fault.contains("do"));
}

TEST_F(IngressSelectionTest, NothingHappensByItselfOnceItIsStopped) {
  begin(IngressCps::split, {"global-min"}, 2s);
  hear(kA, 50);
  order(7, 1, 0);
  selection_->stop();
  const std::size_t before = events().size();
  run(10s);
  EXPECT_EQ(events().size(), before);
}

TEST_F(IngressSelectionTest, NamesTheServicesThatThereAre) {
  begin(IngressCps::ingress, {"global-min"});
  EXPECT_EQ(selection_->service_argument({{"service", "2001:2:0::100"}}), 0U);
  try {
    selection_->service_argument({{"service", "2001:2::101"}});
    ADD_FAILURE() << "taken";
  } catch (const UsageError& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("there are 2001:2::100"));
  }
}

}  // namespace
}  // namespace cats::cpsel::test
