// What a controller decides, and what it knows of the flows of all ingresses.
#include "cpsel/controller_selection.h"

#include <optional>

#include "cpsel/router_flow_counts.h"
#include "tests/cpsel/selection_fixture.h"

namespace cats::cpsel::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

const IpAddress kService = IpAddress::of("2001:2::100");
const IpAddress kA = IpAddress::of("2001:2::a");
const IpAddress kB = IpAddress::of("2001:2::b");

class ControllerSelectionTest : public SelectionTest {
 protected:
  void begin(ChosenAlgorithm algorithm, bool candidates = false) {
    ControllerSelection::Config config;
    config.candidates = candidates;
    config.services.push_back(
        {kService, 2s, "cpu_utilisation", std::move(algorithm), {{kA, "es1", 1}, {kB, "es2", 1}}});
    ControllerSelection::Wiring wiring;
    wiring.make = make;
    wiring.decided = [this](const Decision& decision, const std::string& text) {
      EXPECT_EQ(json::parse(text).at("id"), decision.id);
      decided_.push_back(decision);
    };
    wiring.read_flows = [this](std::size_t, const FlowCountReader::Counted& counted) {
      ++readings_;
      counted({{{kA, 0}, 3}});
    };
    selection_.emplace(scheduler_, log_, std::move(config), std::move(wiring));
    selection_->start();
  }
  void hear(const IpAddress& csci, double utilisation, std::uint32_t sequence) {
    selection_->selector().learn(0, {csci, 0}, report(utilisation, sequence), engine_.now());
  }

  std::vector<Decision> decided_;
  int readings_ = 0;
  std::optional<ControllerSelection> selection_;
};

TEST_F(ControllerSelectionTest, DecidesOnceAboutReportsThatCameTogether) {
  begin({"global-min"});
  hear(kA, 50, 1);
  hear(kB, 20, 1);
  selection_->decide({0}, engine_.now());
  ASSERT_THAT(decided_, SizeIs(1));
  EXPECT_THAT(decided_[0].weights, ElementsAre(0, 1));
  EXPECT_THAT(events("decision"), SizeIs(1));
  run(1s);
  hear(kA, 10, 2);
  selection_->decide({0}, engine_.now());
  run(10s);  // B grows too old, then A
  ASSERT_THAT(decided_, SizeIs(4));
  EXPECT_THAT(decided_[2].weights, ElementsAre(1, 0));
  EXPECT_EQ(decided_[2].when, kBegins + 2s + 1ns);
  EXPECT_THAT(decided_[3].weights, ElementsAre(0, 0));
}

TEST_F(ControllerSelectionTest, LogsCandidatesWhereIngressesDecide) {
  begin({"global-min"}, true);
  hear(kA, 50, 1);
  selection_->decide({0}, engine_.now());
  EXPECT_THAT(events("candidate"), SizeIs(1));
  EXPECT_THAT(events("decision"), IsEmpty());
}

TEST_F(ControllerSelectionTest, TakesAnotherAlgorithm) {
  begin({"global-min"});
  hear(kA, 50, 1);
  hear(kB, 20, 1);
  const std::uint64_t id = selection_->choose(0, {"round-robin"});
  ASSERT_THAT(decided_, SizeIs(1));
  EXPECT_EQ(decided_[0].id, id);
  EXPECT_THAT(decided_[0].weights, ElementsAre(0.5, 0.5));
  EXPECT_EQ(selection_->algorithms()[0].at("algorithm"), "round-robin");
  EXPECT_THROW(selection_->choose(0, {"nobody"}), UsageError);
  EXPECT_EQ(selection_->algorithms()[0].at("algorithm"), "round-robin");
  EXPECT_EQ(readings_, 0);
  selection_->choose(0, {"global-min-local", {{"refresh_ms", 100}}});
  run(1050ms);
  EXPECT_EQ(readings_, 10);
}

TEST_F(ControllerSelectionTest, SaysWhatItKnows) {
  begin({"global-min"});
  hear(kB, 20, 4);
  selection_->decide({0}, engine_.now());
  run(500ms);
  const json metrics = selection_->metrics();
  ASSERT_THAT(metrics, SizeIs(2));
  EXPECT_TRUE(metrics[0].at("values").is_null());
  EXPECT_EQ(metrics[1].at("node"), "es2");
  EXPECT_EQ(metrics[1].at("sequence"), 4);
  EXPECT_EQ(metrics[1].at("age_ns"), 500'000'000);
  OrderBook book(log_);
  book.add("r1");
  book.acknowledged(0, kService, decided_[0].id, engine_.now());
  const json selections = selection_->selections(book);
  EXPECT_EQ(selections[0].at("id"), decided_[0].id);
  EXPECT_EQ(selections[0].at("in_force"), json({"r1"}));
  EXPECT_EQ(selection_->find(kService), 0U);
  EXPECT_FALSE(selection_->find(kA));
}

class RouterFlowCountsTest : public testing::Test {
 protected:
  RouterFlowCounts counts_{{"r1", "r2"},
                           1,
                           [this](std::size_t router, std::size_t, RouterFlowCounts::Answered answered) {
                             asked_.emplace_back(router, std::move(answered));
                           },
                           [this](const std::string& router, std::size_t, const std::string& why) {
                             states_.push_back(router + ": " + why);
                           }};
  void read() {
    counts_.read(0, [this](const FlowCounts& counts) { told_.push_back(counts); });
  }
  void say(std::size_t which, const Expected<RouterFlowCounts::Said>& said) { asked_.at(which).second(said); }

  std::vector<std::pair<std::size_t, RouterFlowCounts::Answered>> asked_;
  std::vector<std::string> states_;
  std::vector<FlowCounts> told_;
};

TEST_F(RouterFlowCountsTest, AreAddedUpWhenAllHaveAnswered) {
  read();
  ASSERT_THAT(asked_, SizeIs(2));
  say(0, RouterFlowCounts::Said{{kA, 3}});
  EXPECT_THAT(told_, IsEmpty());
  say(1, RouterFlowCounts::Said{{kA, 4}, {kB, 5}});
  ASSERT_THAT(told_, SizeIs(1));
  EXPECT_THAT(told_[0], ElementsAre(Pair(InstanceId{kA, 0}, 7), Pair(InstanceId{kB, 0}, 5)));
}

TEST_F(RouterFlowCountsTest, OfAnAgentThatIsGoneStayAndOfTheNextOneAreAdded) {
  const auto round = [this](const Expected<RouterFlowCounts::Said>& first) {
    asked_.clear();
    read();
    say(0, first);
    say(1, RouterFlowCounts::Said{{kA, 4}});
    return told_.back().at({kA, 0});
  };
  EXPECT_EQ(round(RouterFlowCounts::Said{{kA, 3}}), 7);
  EXPECT_EQ(round(fail("refused")), 7);
  EXPECT_EQ(round(fail("refused")), 7);
  EXPECT_EQ(round(RouterFlowCounts::Said{{kA, 1}}), 8);  // anew
  EXPECT_THAT(states_, ElementsAre("r1: refused", "r1: "));
}

TEST_F(RouterFlowCountsTest, NothingIsToldAfterTheEnd) {
  read();
  counts_.stop();
  say(0, RouterFlowCounts::Said{});
  say(1, fail("refused"));
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_THAT(states_, IsEmpty());
}

}  // namespace
}  // namespace cats::cpsel::test
