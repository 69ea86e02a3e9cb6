// What a host makes of a network and of sites that fail it.
#include "tests/sim_world/host_fixture.h"

namespace cats::sim::test {
namespace {

TEST_F(HostTest, ATimeoutBreaksTheSessionAndALateReplyIsIgnored) {
  auto description = load();
  description.timeout = 100ms;
  description.persistent = load::PersistentLoad{1, 100ms, load::Arrivals::constant};
  think_ = 150ms;
  run(description);
  EXPECT_EQ(statuses(), (std::vector<std::string>{"timeout", "unsent", "unsent", "unsent"}));
  const Row first = requests().at(0);
  EXPECT_EQ(number(first, "done_ns") - number(first, "sent_ns"), 100'000'000);
  EXPECT_EQ(first.at("instance"), "");
  ASSERT_EQ(sessions().size(), 1u);
  EXPECT_EQ(sessions()[0].at("outcome"), "broken");
  EXPECT_EQ(sessions()[0].at("closed_ns"), first.at("done_ns"));
  EXPECT_EQ(closed_.size(), 1u);
  EXPECT_EQ(number(loads().at(0), "offered"), 4);
  EXPECT_EQ(number(loads().at(0), "sent"), 1);
  EXPECT_EQ(number(loads().at(0), "answered"), 0);
}

TEST_F(HostTest, AResetEndsTheRequestThatWaits) {
  auto description = load();
  description.persistent = load::PersistentLoad{1, 100ms, load::Arrivals::constant};
  think_ = 10s;
  accept(description);
  run_for(100ms + 100ms);
  ASSERT_EQ(requests_.size(), 1u);
  const Instant broken = engine_.now();
  host_->reset(requests_[0].tuple);
  run_for(5s);
  EXPECT_EQ(statuses(), (std::vector<std::string>{"reset", "unsent", "unsent", "unsent"}));
  EXPECT_EQ(number(requests()[0], "done_ns"), to_ns(broken));
  EXPECT_NE(requests()[0].at("sent_ns"), "");
  EXPECT_EQ(sessions().at(0).at("outcome"), "broken");
  EXPECT_EQ(closed_, opened_);
}

TEST_F(HostTest, AnIdleSessionFindsItsResetWhenItNextNeedsTheConnection) {
  auto description = load();
  description.persistent = load::PersistentLoad{1, 100ms, load::Arrivals::constant};
  accept(description);
  run_for(100ms + 150ms);
  ASSERT_FALSE(requests_.empty());
  const std::size_t answered = requests_.size();
  host_->reset(requests_[0].tuple);
  EXPECT_EQ(statuses(), std::vector<std::string>(answered, "ok"));
  run_for(5s);
  std::vector<std::string> expected(answered, "ok");
  expected.emplace_back("reset");
  expected.resize(4, "unsent");
  EXPECT_EQ(statuses(), expected);
  const Row reset = requests().at(answered);
  EXPECT_EQ(reset.at("sent_ns"), reset.at("scheduled_ns"));
  EXPECT_EQ(reset.at("done_ns"), reset.at("sent_ns"));
  EXPECT_EQ(requests_.size(), answered);  // nothing was asked of the network
  EXPECT_EQ(number(loads().at(0), "sent"), static_cast<std::int64_t>(answered) + 1);
  EXPECT_EQ(sessions().at(0).at("outcome"), "broken");
}

TEST_F(HostTest, ASessionThatNeedsNothingMoreIsFoundBrokenAtItsEnd) {
  auto description = load();
  description.persistent = load::PersistentLoad{1, 300ms, load::Arrivals::constant};
  accept(description);
  run_for(100ms + 390ms);
  ASSERT_FALSE(requests_.empty());
  host_->reset(requests_[0].tuple);
  run_for(5s);
  EXPECT_EQ(statuses(), std::vector<std::string>(requests_.size(), "ok"));
  EXPECT_EQ(sessions().at(0).at("outcome"), "broken");
  EXPECT_EQ(number(sessions()[0], "closed_ns"), to_ns(description.end()) - 1);
}

TEST_F(HostTest, RefusedConnections) {
  for (const bool at_once : {false, true}) {
    refuses_ = true;
    refuses_at_once_ = at_once;
    auto description = load();
    description.trial = at_once ? "at-once" : "later";
    description.persistent = load::PersistentLoad{1, 200ms, load::Arrivals::constant};
    run(description);
    const Row session = sessions().back();
    EXPECT_EQ(session.at("trial"), description.trial);
    EXPECT_EQ(session.at("outcome"), "refused");
    EXPECT_EQ(session.at("connected_ns"), "");
    const auto all = requests();
    const Row& first = all.at(all.size() - 2);
    EXPECT_EQ(first.at("status"), "connect_failed");
    EXPECT_EQ(number(first, "done_ns") - number(first, "scheduled_ns"), at_once ? 0 : 400'000);
    EXPECT_EQ(all.back().at("status"), "unsent");
    EXPECT_EQ(number(loads().back(), "sent"), 0);
  }
  EXPECT_EQ(closed_, opened_);
  EXPECT_EQ(opened_.size(), 2u);
}

TEST_F(HostTest, AConnectionWithoutAnAnswerFailsAtTheTimeout) {
  answers_connects_ = false;
  auto description = load();
  description.timeout = 1s;
  description.persistent = load::PersistentLoad{1, 400ms, load::Arrivals::constant};
  run(description);
  const Row row = requests().at(0);
  EXPECT_EQ(row.at("status"), "connect_failed");
  EXPECT_EQ(number(row, "done_ns") - number(row, "scheduled_ns"), 1'000'000'000);
  EXPECT_EQ(sessions().at(0).at("outcome"), "refused");
  EXPECT_EQ(closed_, opened_);
}

TEST_F(HostTest, AReplyWithoutSuccessKeepsTheSession) {
  status_ = 503;
  auto description = load();
  description.persistent = load::PersistentLoad{1, 200ms, load::Arrivals::constant};
  run(description);
  EXPECT_EQ(statuses(), (std::vector<std::string>{"http_503", "http_503"}));
  EXPECT_EQ(requests().at(0).at("queue_ns"), "");
  EXPECT_EQ(sessions().at(0).at("outcome"), "closed");
  EXPECT_EQ(number(loads().at(0), "sent"), 2);
  EXPECT_EQ(number(loads().at(0), "answered"), 0);
}

TEST_F(HostTest, APortThatIsInUseIsNotUsedTwice) {
  auto description = load();
  description.persistent = load::PersistentLoad{2, 400ms, load::Arrivals::constant};
  description.source_ports = load::SourcePorts{21000, 1};
  run(description);
  std::multiset<std::string> outcomes;
  for (const Row& row : sessions()) outcomes.insert(row.at("outcome"));
  EXPECT_EQ(outcomes, (std::multiset<std::string>{"closed", "refused"}));
  EXPECT_EQ(opened_.size(), 1u);
}

}  // namespace
}  // namespace cats::sim::test
